"""The distance of a waveform from another that should be the same.

Signal-to-noise ratio compares samples; log-spectral distance compares what is audible, band by band: the
root mean square, over frequencies, of the difference of two power spectra in decibels (Gray and Markel 1976, "Distance
measures for speech processing"), and its mean over frames.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.voice import Waveform

BANDS = (0, 500, 1000, 2000, 4000, 8000, 16000)
"""Limits of the bands in hertz: octaves, and one band below the first formant of speech."""

_FRAME_SECONDS = 0.025
_MOST_DECIBELS = 120.0
# Power so far below the loudest frame's mean is inaudible, and its logarithm is arbitrary.
_FLOOR_DECIBELS = 60.0


@dataclass(frozen=True, slots=True)
class Quality:
    """The distance of a waveform from its reference."""

    snr: float
    """Power of the reference over that of the difference, in dB, from -120 to 120."""

    distance: float
    """Log-spectral distance over all of :data:`BANDS`, in dB: 0 for equal waveforms."""

    bands: dict[str, float]
    """The same for each band, by names such as ``0-500 Hz``."""


def compare(reference: Waveform, other: Waveform, sample_rate: int) -> Quality:
    """Return the distance of ``other`` from ``reference``, both mono and of one length; offsets are ignored.

    Raises:
        ValueError: the lengths differ, or are shorter than a frame of 25 ms.
    """
    if reference.shape != other.shape or reference.ndim != 1:
        raise ValueError(f"waveforms of shapes {reference.shape} and {other.shape} cannot be compared")
    size = round(_FRAME_SECONDS * sample_rate)
    if len(reference) < size:
        raise ValueError(f"{len(reference)} samples are less than a frame of {size}")
    expected, found = (_power(samples - samples.mean(), size) for samples in (reference, other))
    floor = expected.mean(axis=1).max() * 10 ** (-_FLOOR_DECIBELS / 10) + np.finfo(np.float64).tiny
    squares = np.square(10 * np.log10((expected + floor) / (found + floor)))
    hertz = np.fft.rfftfreq(size, 1 / sample_rate)
    bands = {
        f"{low}-{high} Hz": _distance(squares[:, inside])
        for low, high in itertools.pairwise(BANDS)
        if (inside := (hertz >= low) & (hertz < high)).any()
    }
    return Quality(_ratio(reference, other), _distance(squares[:, hertz < BANDS[-1]]), bands)


def _ratio(reference: Waveform, other: Waveform) -> float:
    """Return the signal-to-noise ratio in dB."""
    signal = float(np.var(reference, dtype=np.float64))
    noise = float(np.var(np.subtract(other, reference, dtype=np.float64)))
    if noise <= signal * 10 ** (-_MOST_DECIBELS / 10):
        return _MOST_DECIBELS
    return max(-_MOST_DECIBELS, 10 * math.log10(signal / noise)) if signal else -_MOST_DECIBELS


def _distance(squares: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(squares.mean(axis=1)).mean())


def _power(samples: Waveform, size: int) -> npt.NDArray[np.float64]:
    """Return the power spectra [frames, frequencies] of frames that overlap by half, under a Hann window."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[:: size // 2]
    spectra: npt.NDArray[np.float64] = np.square(np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)))
    return spectra
