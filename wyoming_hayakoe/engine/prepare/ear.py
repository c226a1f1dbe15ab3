"""The ear model: how far the difference of two sounds lies under what the ear masks, in decibels.

The FFT ear model of Recommendation ITU-R BS.1387-1 (PEAQ), basic version, as Kabal writes it out (P. Kabal, "An
Examination and Interpretation of ITU-R BS.1387: Perceptual Evaluation of Audio Quality", McGill University, 2002).
The standard is written for 48 kHz; here the frame keeps its duration at every sample rate, so that nothing is
resampled, and the bands are those that lie under about half the sample rate.

1. The spectra of both sounds, as they arrive behind the middle ear.
2. Noise: the power of the difference of their magnitudes, in bands of a quarter Bark. Phases do not count.
3. Mask: the reference's power in the same bands, spread over frequency and time, less 3 dB or more.
4. Noise over mask, of each band and each frame.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.voice import Waveform

_Array = npt.NDArray[np.float64]

AUDIBLE = 1.5
"""Decibels over the mask from which a band makes its frame one that is over the mask (RelDistFrames)."""

# Of the sound pressure of a sine of full scale and 1019.5 Hz, in decibels.
_FULL_SCALE = 92.0
_FULL_SCALE_HERTZ = 1019.5
_FRAME_SECONDS = 2048 / 48000
_LOWEST, _HIGHEST = 80.0, 18000.0
_BAND_BARK = 0.25
# As a share of the sample rate: the filters of resampling and playing take what is nearer to its half.
_HIGHEST_SHARE = 0.49
# Of two spread excitations at one place, these powers add up.
_ADDITION = 0.4
_LEAST = 1e-12
# Between two values of 16 bits.
_STEP = 2.0**-15
# Frames that are computed together.
_BLOCK = 128


@dataclass(frozen=True, slots=True)
class NoiseToMask:
    """What differs between two sounds over what the first masks, by the powers' ratio in dB, at least -120."""

    mean: float
    """Over all bands and frames (Total NMR of the standard)."""

    high: float
    """95th percentile of the frames, each the mean of its bands: noise where the reference is quiet shows here."""

    over: float
    """Share of the frames in which a band is :data:`AUDIBLE` dB or more over the mask, 0 to 1."""


def frame_size(sample_rate: int) -> int:
    """Return the length in samples of a frame of the ear model, an even number: 2048 at 48 kHz."""
    return 2 * round(_FRAME_SECONDS * sample_rate / 2)


def noise_to_mask(reference: Waveform, other: Waveform, sample_rate: int) -> NoiseToMask:
    """Return how audible the difference of ``other`` from ``reference`` is: both mono, finite and of one length.

    A sine of full scale has 92 dB of sound pressure. Frames overlap by half, and reach over both ends, where the
    first and last value go on. Frames in which neither changes by a step of 16 bits do not count. A constant offset is
    outside what the ear model hears.

    Raises:
        ValueError: the sounds are shorter than a frame, see :func:`frame_size`.
    """
    size = frame_size(sample_rate)
    if len(reference) < size:
        raise ValueError(f"{len(reference)} samples are less than a frame of {size}")
    ear = _ear(sample_rate)
    around = (size // 2, size // 2 + -len(reference) % (size // 2))
    padded = (np.pad(sound, around, mode="edge") for sound in (reference, other))
    framed = [np.lib.stride_tricks.sliding_window_view(sound, size)[:: size // 2] for sound in padded]
    held = np.zeros(len(ear.decay))
    ratios: list[_Array] = []
    for start in range(0, len(framed[0]), _BLOCK):
        expected, found = (frames[start : start + _BLOCK] for frames in framed)
        heard, noise = ear.excite(expected, found)
        mask, held = ear.mask(heard, held)
        swing = np.maximum(np.ptp(expected, axis=1), np.ptp(found, axis=1))
        ratios.append((noise / mask)[:, swing >= _STEP])
    return _summary(np.concatenate(ratios, axis=1))


def _summary(ratios: _Array) -> NoiseToMask:
    """Return the figures of the ratios [bands, frames]."""
    if not ratios.size:
        return NoiseToMask(_decibels(0.0), _decibels(0.0), 0.0)
    frames = ratios.mean(axis=0)
    over = ratios.max(axis=0) >= 10 ** (AUDIBLE / 10)
    return NoiseToMask(_decibels(frames.mean()), _decibels(np.percentile(frames, 95)), float(over.mean()))


def _decibels(ratio: float) -> float:
    return float(10 * np.log10(max(ratio, _LEAST)))


@dataclass(frozen=True)
class _Ear:
    """The ear model's constants for one sample rate. Powers have the unit of the threshold of hearing, 0 dB."""

    window: _Array
    """Hann window [samples], scaled to sound pressure."""

    middle: _Array
    """What outer and middle ear pass of a power [frequencies]."""

    grouping: _Array
    """Share of each frequency in each band [frequencies, bands]."""

    own_noise: _Array
    """Power of the ear's own noise [bands]."""

    centre: _Array
    """Centres of the bands in hertz [bands]."""

    offset: _Array
    """What excitation is over what it masks, a factor of power [bands]."""

    decay: _Array
    """What remains of an excitation after a frame [bands]."""

    evenness: _Array
    """What spreading makes of a power of 1 in every band [bands]."""

    def excite(self, expected: Waveform, found: Waveform) -> tuple[_Array, _Array]:
        """Return the power that two sounds' frames [frames, samples] have, and their noise's, both [bands, frames]."""
        first, second = (np.abs(np.fft.rfft(frames * self.window)) for frames in (expected, found))
        heard, noise = (np.square(each) * self.middle @ self.grouping for each in (first, first - second))
        return heard.T, noise.T

    def mask(self, heard: _Array, held: _Array) -> tuple[_Array, _Array]:
        """Return the powers [bands, frames] that are masked, and what is held of the last frame [bands].

        Args:
            heard: power of the reference in each band and frame.
            held: what this returned for the frames before, zeros for the first.
        """
        excitation = _spread(heard + self.own_noise[:, None], self.centre) / self.evenness[:, None]
        lasting = np.empty_like(excitation)
        for frame, now in enumerate(excitation.T):
            held = self.decay * held + (1 - self.decay) * now
            lasting[:, frame] = held
        return np.maximum(lasting, excitation) / self.offset[:, None], held


@lru_cache(maxsize=4)
def _ear(sample_rate: int) -> _Ear:
    size = frame_size(sample_rate)
    bark, lower, centre, upper = _bands(sample_rate)
    hertz = np.fft.rfftfreq(size, 1 / sample_rate).astype(np.float64)
    half = sample_rate / size / 2
    # Frequency bins are as wide as their distance, and count by what lies in the band.
    inside = np.minimum(upper, hertz[:, None] + half) - np.maximum(lower, hertz[:, None] - half)
    seconds = 0.008 + 100 / centre * (0.030 - 0.008)
    return _Ear(
        window=_window(size, sample_rate),
        middle=_middle_ear(hertz),
        grouping=np.maximum(inside, 0) / (2 * half),
        own_noise=10 ** (0.1456 * (centre / 1000) ** -0.8),
        centre=centre,
        offset=10 ** (np.where(bark <= 12, 3.0, 0.25 * bark) / 10),
        decay=np.exp(-(size // 2) / sample_rate / seconds),
        evenness=_spread(np.ones((len(centre), 1)), centre)[:, 0],
    )


def _bands(sample_rate: int) -> tuple[_Array, _Array, _Array, _Array]:
    """Return the bands' distances from the lowest in Bark, lower limits, centres and upper limits in hertz."""
    lowest, highest = (7 * np.arcsinh(hertz / 650) for hertz in (_LOWEST, _HIGHEST))
    bark = np.arange(0, highest - lowest, _BAND_BARK)
    start = lowest + bark
    stop = np.minimum(start + _BAND_BARK, highest)
    lower, centre, upper = (650 * np.sinh(place / 7) for place in (start, (start + stop) / 2, stop))
    present = upper <= _HIGHEST_SHARE * sample_rate
    return bark[present], lower[present], centre[present], upper[present]


def _window(size: int, sample_rate: int) -> _Array:
    """Return the Hann window, times the factor that gives a sine of full scale its sound pressure."""
    window: _Array = np.hanning(size)
    sine = np.sin(2 * np.pi * _FULL_SCALE_HERTZ / sample_rate * np.arange(size))
    gain = 10 ** (_FULL_SCALE / 20) / float(np.abs(np.fft.rfft(window * sine)).max())
    return window * gain


def _middle_ear(hertz: _Array) -> _Array:
    """Return what outer and middle ear pass of a power at each frequency."""
    kilohertz = np.maximum(hertz, 1.0) / 1000
    resonance = 6.5 * np.exp(-0.6 * np.square(kilohertz - 3.3))
    decibels = -2.184 * kilohertz**-0.8 + resonance - 0.001 * kilohertz**3.6
    passed: _Array = 10 ** (decibels / 10)
    return passed


def _spread(power: _Array, centre: _Array) -> _Array:
    """Return excitation [bands, frames], spread over the bands, not yet divided by that of equal powers.

    It falls by 27 dB per Bark towards low frequencies, and towards high ones the less the louder it is.
    """
    count = len(centre)
    index = np.arange(count)[:, None]
    down = 10 ** (-2.7 * _BAND_BARK)
    up = 10 ** ((-2.4 - 23 / centre[:, None]) * _BAND_BARK) * power ** (0.2 * _BAND_BARK)
    whole = (1 - down ** (index + 1)) / (1 - down) + (1 - up ** (count - index)) / (1 - up) - 1
    part = (power / whole) ** _ADDITION
    total = part.copy()
    fall = down**_ADDITION
    for band in range(count - 2, -1, -1):
        total[band] += fall * total[band + 1]
    # All bands at once, one band further up at each step.
    rise = up**_ADDITION
    for step in range(1, count):
        part = part[:-1] * rise[: count - step]
        total[step:] += part
    spread: _Array = total ** (1 / _ADDITION)
    return spread
