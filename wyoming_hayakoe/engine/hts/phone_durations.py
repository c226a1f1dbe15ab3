"""Durations of phones in frames, exactly as HTS engine API 1.10 computes them from the same file.

At speed 1 each state lasts its mean, rounded, and at least one frame. At another speed the sum of all means is divided
by the speed and rounded; states differ from their means in proportion to their variances, and single frames are then
added or taken where that is least unlikely.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.hts.distributions import DurationModel


def phone_frames(model: DurationModel, labels: Sequence[str], speed: float = 1.0) -> list[int]:
    """Return the number of frames of each label's phone in one call of the engine, at ``speed`` times its pace."""
    states = model.header.states
    chosen = model.leaves_of(labels)
    means, variances = chosen[:, :states].ravel(), chosen[:, states:].ravel()
    frames = _rounded(means) if speed == 1.0 else _stretched(means, variances, _sum(means) / speed)
    return [int(count) for count in frames.reshape(-1, states).sum(axis=1)]


def state_frames(model: DurationModel, labels: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the number of frames of each state of each label's phone at speed 1, [labels, states]."""
    return _rounded(model.leaves_of(labels)[:, : model.header.states])


def _rounded(means: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.maximum(1, np.floor(means + 0.5)).astype(np.int64)


def _stretched(
    means: npt.NDArray[np.float64], variances: npt.NDArray[np.float64], length: float
) -> npt.NDArray[np.int64]:
    """Return frames that sum to ``length``, rounded, or to one a state where that is more."""
    target = max(1, math.floor(length + 0.5))
    if target <= len(means):
        return np.ones(len(means), dtype=np.int64)
    rate = -_sum(np.concatenate([[-target], means])) / _sum(variances)
    frames = _rounded(means + rate * variances)
    while (surplus := int(frames.sum()) - target) != 0:
        step = -1 if surplus > 0 else 1
        unlikeliness = np.abs(rate - (frames + step - means) / variances)
        unlikeliness[frames + step < 1] = math.inf
        frames[np.argmin(unlikeliness)] += step
    return frames


def _sum(values: npt.NDArray[np.float64]) -> float:
    """Return a sum to the last bit as a loop gives it; NumPy adds in pairs."""
    return float(np.add.accumulate(values)[-1])
