"""The statistics of a whole sentence inside the generator, predicted before any of its sound is computed.

The generator normalises its values by their mean and deviation over the whole sentence, 8,448 channels of them. With
these given, it runs on windows; but to measure them, the whole sentence has to be computed. A mean over time is near to
a sum of what each point of time adds, so that it is predicted well by means over time of what the generator takes: the
latent, the same where the source sounds, and how often each pitch occurs. These are a ten-thousandth of the work.

The prediction is linear (ridge regression) and of low rank (reduced-rank regression: Izenman 1975, "Reduced-rank
regression for the multivariate linear model"): the features are mapped to some 48 coordinates, which have a standard
deviation of 1 in the sentences that were fitted, and these to the statistics. Where a sentence is far from those in its
coordinates, the prediction is not to be trusted, and the sentence is to be computed whole.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.kokoro.fitted import FOLDER, Arrays, arrays
from wyoming_hayakoe.engine.kokoro.norms import STATISTICS
from wyoming_hayakoe.errors import HayakoeError

Floats = npt.NDArray[np.float32]

LATENT_CHANNELS = 512

_SOUNDING = 10.0
"""Hz from which Kokoro's source draws sines; below, it is silent. The model's unvoiced pitch lies around it."""

_VOICED = 55.0
"""Hz from which the pitch is one of a voice."""

_PITCHES = np.array(
    [0, 2, 5, 8, 9, 10, 11, 12, 14, 17, 20, 25, 32, 42, 56, *np.geomspace(70, 650, 30)], dtype=np.float64
)
"""Hz between which the pitch of each point is divided up: finest where the source begins, and six for an octave."""

_MOMENTS = 9

FEATURES = 3 * LATENT_CHANNELS + len(_PITCHES) + _MOMENTS
"""Length of :func:`features`."""

_LARGEST_LOGARITHM = 40.0


def features(latent: Floats, f0: Floats, energy: Floats) -> Floats:
    """Return what the statistics of a sentence are predicted from.

    Args:
        latent: what the blocks make, [1, 512, P].
        f0: pitch in Hz, [1, P].
        energy: [1, P].

    Returns:
        [FEATURES]: means over time.
    """
    values, pitch, points = latent[0], f0.ravel(), f0.size
    sounds = (pitch > _SOUNDING).astype(np.float32)
    return np.concatenate(
        [
            values.mean(axis=1),
            np.einsum("cp,cp->c", values, values) / points,
            np.einsum("cp,p->c", values, sounds) / points,
            _pitch_shares(pitch),
            _moments(pitch, energy.ravel()),
        ]
    ).astype(np.float32)


def _pitch_shares(pitch: Floats) -> npt.NDArray[np.float64]:
    """Return the share of the points at each of the pitches; one between two of them counts for both in part."""
    inside = pitch.astype(np.float64).clip(_PITCHES[0], _PITCHES[-1])
    low = (np.searchsorted(_PITCHES, inside, side="right") - 1).clip(0, len(_PITCHES) - 2)
    upper = (inside - _PITCHES[low]) / (_PITCHES[low + 1] - _PITCHES[low])
    shares = np.bincount(low, 1 - upper, len(_PITCHES)) + np.bincount(low + 1, upper, len(_PITCHES))
    return shares / len(pitch)


def _moments(pitch: Floats, energy: Floats) -> npt.NDArray[np.float64]:
    """Return length, voicing, and moments of pitch and energy, in units that make them about 1."""
    sounds, voiced = pitch > _SOUNDING, pitch > _VOICED
    scaled = pitch.astype(np.float64) / 200
    return np.array(
        [
            np.log(len(pitch)),
            sounds.mean(),
            voiced.mean(),
            (scaled * sounds).mean(),
            (scaled * voiced).mean(),
            (np.square(scaled) * voiced).mean(),
            np.log(np.maximum(pitch, 40)).mean(dtype=np.float64),
            energy.mean(dtype=np.float64),
            np.square(energy).mean(dtype=np.float64),
        ]
    )


@dataclass(frozen=True, slots=True)
class Prediction:
    """Statistics of one sentence."""

    means: Floats
    """[1, 8448, 1]: the mean over time of each channel before each norm."""

    squares: Floats
    """[1, 8448, 1]: the mean of the squares."""

    oddness: float
    """How far the sentence is from those that were fitted: the mean square of its coordinates, which is 1 for these."""


class Predictor:
    """Predicts the statistics of one voice's sentences. Safe to use from several threads."""

    def __init__(self, fitted: Arrays, origin: Path) -> None:
        """Take what was fitted for a voice.

        Args:
            fitted: the arrays of its file.
            origin: the file, which errors name.

        Raises:
            HayakoeError: an array is missing or of another shape.
        """
        try:
            ranks = fitted["features/steps"].shape[0]
            self._centre = _shaped(fitted["features/centre"], FEATURES)
            weights = _shaped(fitted["features/weights"], FEATURES, ranks) * fitted["features/steps"]
            self._weights = weights * _shaped(fitted["features/scales"], FEATURES)[:, None]
            self._basis = _shaped(fitted["statistics/basis"], ranks, 2, STATISTICS) * fitted["statistics/steps"]
            self._means, self._logarithms = _shaped(fitted["statistics/centre"], 2, STATISTICS)
            self._most_odd = float(fitted["most odd"])
            self._shortest = int(fitted["shortest"])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise HayakoeError(f"{origin}: is of another version: install wyoming-hayakoe again") from error
        self._deviations = np.exp(self._logarithms / 2)

    @classmethod
    def of_voice(cls, voice: str, folder: Path = FOLDER) -> Self | None:
        """Return the predictor of a voice; None where none was fitted.

        Args:
            voice: Kokoro's name of the voice, such as ``jf_alpha``.
            folder: the folder of the files.

        Raises:
            HayakoeError: the voice's file cannot be read.
        """
        found = arrays(voice, folder)
        return None if found is None else cls(found, folder / f"{voice}.npz")

    def predict(self, latent: Floats, f0: Floats, energy: Floats, style: Floats) -> tuple[Floats, Floats] | None:
        """Return the means and the squares [1, 8448, 1] of a whole sentence; None where it has to be computed whole.

        That is a sentence shorter than any that was fitted, or an odd one.

        Args:
            latent: what the blocks make, [1, 512, P].
            f0: pitch in Hz with which it was made, [1, P].
            energy: [1, P].
            style: [1, 256]. What depends on it is known from the latent; it was measured to add nothing.
        """
        if f0.size < self._shortest:
            return None
        found = self.prediction(features(latent, f0, energy))
        # What is no number is odd, too.
        return (found.means, found.squares) if found.oddness <= self._most_odd else None

    def prediction(self, described: Floats) -> Prediction:
        """Return the statistics of a sentence, however odd it is.

        Args:
            described: its :func:`features`.
        """
        # Products by BLAS would use all cores, and let them spin for 60 ms afterwards.
        coordinates = np.einsum("f,fr->r", described - self._centre, self._weights)
        means, logarithms = np.einsum("r,rsc->sc", coordinates, self._basis)
        means = means * self._deviations + self._means
        variances = np.exp(np.minimum(logarithms + self._logarithms, _LARGEST_LOGARITHM))
        shape = (1, STATISTICS, 1)
        return Prediction(
            means.astype(np.float32).reshape(shape),
            (variances + np.square(means)).astype(np.float32).reshape(shape),
            float(np.square(coordinates).mean()),
        )


def _shaped(values: npt.NDArray[np.generic], *shape: int) -> Floats:
    """Return ``values`` as floats.

    Raises:
        ValueError: they have another shape.
    """
    if values.shape != shape:
        raise ValueError(f"{values.shape} instead of {shape}")
    return values.astype(np.float32)
