"""The fit of a voice's predictor: a ridge regression, cut to a low rank, in small integers."""

from typing import Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.kokoro.statistics import FEATURES, LATENT_CHANNELS

Floats = npt.NDArray[np.float32]
_Doubles = npt.NDArray[np.float64]

RANK = 48
RIDGE = 70.0

# Weights of the groups of features: pitches and moments tell more than a channel of the latent.
_PITCHES, _MOMENTS_FROM = 2.0, 9
_MOMENTS = 4.0

# Of what deviates least, the deviation that it is taken to have: a share of the median of all.
_LEAST = 0.05
_LEAST_VARIANCE = 1e-9

# Steps in which the basis is kept, for means in deviations of the channel and for logarithms of variances: what is lost
# by them is a fifth of the error of the prediction.
_STEPS = (0.002, 0.005)
_LEVELS = 127

# A sentence is odd from this many times the oddness of the most odd of a part that was left out.
_ODD = 1.5
_PARTS = 6

# But not from less: sentences of up to 2.8 were measured to be predicted as well as others, those from 5.4 were not.
_LEAST_ODD = 3.0


def fitted(features: Floats, means: Floats, squares: Floats, points: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return the arrays from which :class:`~wyoming_hayakoe.engine.kokoro.statistics.Predictor` predicts.

    Args:
        features: of each sentence [S, FEATURES].
        means: [S, N].
        squares: [S, N].
        points: the lengths of the sentences [S].
    """
    described = features.astype(np.float64)
    centre, scales = described.mean(axis=0), _scales(described)
    inputs = (described - centre) * scales
    targets, middle = _targets(means.astype(np.float64), squares.astype(np.float64))
    into, basis = _coordinates(inputs, targets)
    columns = np.abs(into).max(axis=0) / _LEVELS
    steps = np.repeat(_STEPS, means.shape[1])
    rows = np.maximum(1.0, np.abs(basis / steps).max(axis=1) / _LEVELS)
    return {
        "features/centre": centre.astype(np.float32),
        "features/scales": scales.astype(np.float32),
        "features/steps": columns.astype(np.float32),
        "features/weights": np.rint(into / columns).astype(np.int8),
        "statistics/centre": middle.reshape(2, -1).astype(np.float16),
        "statistics/steps": (rows[:, None] * _STEPS)[:, :, None].astype(np.float32),
        "statistics/basis": np.rint(basis / (rows[:, None] * steps)).astype(np.int8).reshape(len(basis), 2, -1),
        "most odd": np.float32(_most_odd(inputs, targets)),
        "shortest": np.int32(points.min()),
    }


def _coordinates(inputs: _Doubles, targets: _Doubles) -> tuple[_Doubles, _Doubles]:
    """Return the map from features to coordinates with a deviation of 1, and that from these to the targets."""
    weights = _ridge(inputs, targets)
    _, _, directions = np.linalg.svd(inputs @ weights, full_matrices=False)
    basis = directions[: min(RANK, len(inputs) // 2)]
    into = weights @ basis.T
    spread = (inputs @ into).std(axis=0)
    return into / spread, basis * spread[:, None]


def _most_odd(inputs: _Doubles, targets: _Doubles) -> float:
    """Return the oddness from which a sentence is computed whole, by sentences that are left out of a fit."""
    left_out = np.arange(len(inputs)) % _PARTS == 0
    into, _ = _coordinates(inputs[~left_out], targets[~left_out])
    return max(_LEAST_ODD, _ODD * float(np.square(inputs[left_out] @ into).mean(axis=1).max()))


def _scales(described: _Doubles) -> _Doubles:
    """Return the factor on each feature: its weight by its deviation."""
    pitches = FEATURES - 3 * LATENT_CHANNELS - _MOMENTS_FROM
    sizes = [LATENT_CHANNELS] * 3 + [pitches, _MOMENTS_FROM]
    scales = []
    for part, weight in zip(
        np.split(described, np.cumsum(sizes)[:-1], axis=1), (1, 1, 1, _PITCHES, _MOMENTS), strict=True
    ):
        deviation = part.std(axis=0)
        scales.append(weight / np.maximum(deviation, _LEAST * np.median(deviation) + 1e-9))
    return np.concatenate(scales)


def _targets(means: _Doubles, squares: _Doubles) -> tuple[_Doubles, _Doubles]:
    """Return what is predicted [S, 2 N], and the mean and the mean logarithm of the variance of each channel [2 N].

    That are the distances of means from their mean, in deviations, and those of logarithms of variances from theirs.
    """
    logarithms = np.log(np.maximum(squares - np.square(means), _LEAST_VARIANCE))
    # As they are kept.
    mean, logarithm = (each.mean(axis=0).astype(np.float16).astype(np.float64) for each in (means, logarithms))
    return (
        np.concatenate([(means - mean) / np.exp(logarithm / 2), logarithms - logarithm], axis=1),
        np.concatenate([mean, logarithm]),
    )


def _ridge(inputs: _Doubles, targets: _Doubles) -> _Doubles:
    """Return the weights of a ridge regression, in its dual form: there are fewer sentences than features."""
    products = inputs @ inputs.T
    weights: _Doubles = inputs.T @ np.linalg.solve(products + RIDGE * np.eye(len(inputs)), targets)
    return weights
