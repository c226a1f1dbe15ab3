"""The distance of a waveform from another that should sound the same, and the gate that decides whether it does.

The gate rests on what can be heard: the noise-to-mask ratio of :mod:`wyoming_hayakoe.engine.prepare.ear`, and the level
in pauses. Signal-to-noise ratio and log-spectral distance are figures for the report: ``docs/int8.md`` says why.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.prepare.ear import frame_size, noise_to_mask
from wyoming_hayakoe.voice import Waveform

BANDS = (0, 500, 1000, 2000, 4000, 8000, 16000)
"""Limits of the bands in hertz: octaves, and one band below the first formant of speech."""

MOST_NOISE = -12.0
"""Noise-to-mask ratio in dB, mean over frames, that the gate allows."""

MOST_NOISE_95 = -6.0
"""Noise-to-mask ratio in dB, 95th percentile of the frames, that the gate allows."""

MOST_OVER_MASK = 0.2
"""Share of the frames in which noise may be over the mask: what is lost of a sound shows here, and not in the mean."""

SILENT = -60.0
"""Level in dBFS under which a frame of 25 ms of the reference is silent."""

MOST_RISE = 3.0
"""Decibels by which the level in pauses may rise, while it stays under :data:`MOST_SILENCE`."""

MOST_SILENCE = -65.0
"""Level in dBFS that a pause may rise to: 30 dB of sound pressure at the level of speech, as in a quiet room."""

MOST_RISE_OF_HUM = 1.0
"""Decibels by which the level in pauses may rise where the reference's is near or over :data:`MOST_SILENCE`."""

INAUDIBLE = -80.0
"""Level in dBFS that every pause may rise to: 15 dB of sound pressure, under the noise of the quietest rooms."""

_FRAME_SECONDS = 0.025
_MOST_DECIBELS = 120.0
# Power so far below the loudest frame's mean is inaudible, and its logarithm is arbitrary.
_FLOOR_DECIBELS = 60.0
# The level of speech in dBFS at which it is judged, 72 dB of sound pressure, and the gate of ITU-R BS.1770 for it:
# frames 10 dB below the mean of all do not count.
_SPEECH_LEVEL = -23.0
_BELOW_MEAN = 0.1
# The level of the rounding to 16 bits.
_LEAST_LEVEL = -100.0


@dataclass(frozen=True, slots=True)
class Quality:
    """The distance of a waveform from its reference, both at the level of speech, -23 dBFS."""

    noise_to_mask: float
    """Noise over what the reference masks, in dB from -120: mean over frames."""

    noise_to_mask_95: float
    """The same: 95th percentile of the frames."""

    over_mask: float
    """Share of the frames, 0 to 1, in which the noise of a band is over the mask by 1.5 dB or more."""

    silence: float | None
    """Mean level in dBFS, at least -100, in pauses: where the reference is silent. None if it has no pause."""

    reference_silence: float | None
    """The reference's own level there."""

    distance: float
    """Log-spectral distance over all of :data:`BANDS`, in dB: 0 for equal waveforms."""

    bands: dict[str, float]
    """The same for each band, by names such as ``0-500 Hz``."""

    snr: float
    """Power of the reference over that of the difference, in dB, from -120 to 120."""


def refusal(quality: Quality) -> str | None:
    """Return the figures that are over the gate's limits, with these, in one line; None where there is none."""
    figures = [
        ("noise to mask", quality.noise_to_mask, "dB", MOST_NOISE),
        ("noise to mask of 95 % of the frames", quality.noise_to_mask_95, "dB", MOST_NOISE_95),
        ("share of frames over the mask", 100 * quality.over_mask, "%", 100 * MOST_OVER_MASK),
    ]
    if quality.silence is not None and quality.reference_silence is not None:
        figures.append(("level in pauses", quality.silence, "dBFS", _most_silence(quality.reference_silence)))
    failures = [
        f"{name} {value:.2f} {unit} instead of at most {most:.2f}"
        for name, value, unit, most in figures
        if value > most
    ]
    return ", ".join(failures) or None


def cost(quality: Quality) -> tuple[float, float]:
    """Return the noise, mean and 95th percentile, as shares of what the gate allows: 1 is the limit.

    Powers of noise add up: the cost of two changes together is about the sum of their costs.
    """
    return (
        10 ** ((quality.noise_to_mask - MOST_NOISE) / 10),
        10 ** ((quality.noise_to_mask_95 - MOST_NOISE_95) / 10),
    )


def compare(reference: Waveform, other: Waveform, sample_rate: int) -> Quality:
    """Return the distance of ``other`` from ``reference``, both mono and of one length; offsets are ignored.

    One gain for both brings the reference to the level of speech, since the level decides what is audible.

    Raises:
        ValueError: the lengths differ, or are shorter than a frame of 43 ms, or a value is no finite number.
    """
    if reference.shape != other.shape or reference.ndim != 1:
        raise ValueError(f"waveforms of shapes {reference.shape} and {other.shape} cannot be compared")
    if len(reference) < frame_size(sample_rate):
        raise ValueError(f"{len(reference)} samples are less than a frame of {frame_size(sample_rate)}")
    if not (np.isfinite(reference).all() and np.isfinite(other).all()):
        raise ValueError("waveforms with values that are no finite numbers cannot be compared")
    gain = _gain(reference, sample_rate)
    reference, other = (np.multiply(samples, gain, dtype=np.float32) for samples in (reference, other))
    heard = noise_to_mask(reference, other, sample_rate)
    silence, reference_silence = _silence(reference, other, sample_rate)
    distance, bands = _distances(reference, other, sample_rate)
    return Quality(
        noise_to_mask=heard.mean,
        noise_to_mask_95=heard.high,
        over_mask=heard.over,
        silence=silence,
        reference_silence=reference_silence,
        distance=distance,
        bands=bands,
        snr=_ratio(reference, other),
    )


def _gain(reference: Waveform, sample_rate: int) -> float:
    """Return the factor that brings ``reference`` to the level of speech, 1 for silence."""
    power = _powers(reference, sample_rate)
    if not power.any():
        return 1.0
    spoken = power[power >= _BELOW_MEAN * power.mean()].mean()
    return float(10 ** (_SPEECH_LEVEL / 20) / np.sqrt(spoken))


def _silence(reference: Waveform, other: Waveform, sample_rate: int) -> tuple[float | None, float | None]:
    """Return the mean levels in dBFS of ``other`` and ``reference`` in pauses, None where there is none.

    A frame is in a pause where the reference is silent in it and in both its neighbours: as speech fades, it masks.
    """
    before, after = (
        10 * np.log10(np.maximum(_powers(samples, sample_rate), 10 ** (_LEAST_LEVEL / 10)))
        for samples in (reference, other)
    )
    silent = np.pad(before < SILENT, 1, constant_values=True)
    pause = silent[:-2] & silent[1:-1] & silent[2:]
    return (float(after[pause].mean()), float(before[pause].mean())) if pause.any() else (None, None)


def _most_silence(reference: float) -> float:
    """Return the level in dBFS that the gate allows in pauses in which the reference has the level ``reference``."""
    return max(min(reference + MOST_RISE, MOST_SILENCE), reference + MOST_RISE_OF_HUM, INAUDIBLE)


def _powers(samples: Waveform, sample_rate: int) -> npt.NDArray[np.float64]:
    """Return the power of each whole frame of 25 ms, without its offset."""
    size = round(_FRAME_SECONDS * sample_rate)
    count = len(samples) // size
    powers: npt.NDArray[np.float64] = samples[: count * size].reshape(count, size).var(axis=1, dtype=np.float64)
    return powers


def _distances(reference: Waveform, other: Waveform, sample_rate: int) -> tuple[float, dict[str, float]]:
    """Return the log-spectral distance in dB of two waveforms, and that of each band.

    It is the root mean square, over frequencies, of the difference of two power spectra in decibels (Gray and Markel
    1976, "Distance measures for speech processing"), and its mean over frames.
    """
    size = round(_FRAME_SECONDS * sample_rate)
    expected, found = (_spectra(samples - samples.mean(), size) for samples in (reference, other))
    floor = expected.mean(axis=1).max() * 10 ** (-_FLOOR_DECIBELS / 10) + np.finfo(np.float64).tiny
    squares = np.square(10 * np.log10((expected + floor) / (found + floor)))
    hertz = np.fft.rfftfreq(size, 1 / sample_rate)
    bands = {
        f"{low}-{high} Hz": _distance(squares[:, inside])
        for low, high in itertools.pairwise(BANDS)
        if (inside := (hertz >= low) & (hertz < high)).any()
    }
    return _distance(squares[:, hertz < BANDS[-1]]), bands


def _distance(squares: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(squares.mean(axis=1)).mean())


def _ratio(reference: Waveform, other: Waveform) -> float:
    """Return the signal-to-noise ratio in dB."""
    signal = float(np.var(reference, dtype=np.float64))
    noise = float(np.var(np.subtract(other, reference, dtype=np.float64)))
    if noise <= signal * 10 ** (-_MOST_DECIBELS / 10):
        return _MOST_DECIBELS
    return max(-_MOST_DECIBELS, 10 * math.log10(signal / noise)) if signal else -_MOST_DECIBELS


def _spectra(samples: Waveform, size: int) -> npt.NDArray[np.float64]:
    """Return the power spectra [frames, frequencies] of frames that overlap by half, under a Hann window."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[:: size // 2]
    spectra: npt.NDArray[np.float64] = np.square(np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)))
    return spectra
