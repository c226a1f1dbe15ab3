"""Loudness: one gain for each voice, so that the level jumps neither between sentences nor between windows."""

import json
import logging
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.disk import read_start, write_record
from wyoming_hayakoe.voice import Waveform

_LOGGER = logging.getLogger(__name__)

TARGET_LUFS = -19.0
"""Loudness at which every voice speaks: that of mei, whose level is not measured but made by its own engine."""

_MOST_DECIBELS = 24.0
# Levels at which the limiter begins, and that it never reaches.
_KNEE = 0.7
_CEILING = 0.98

# ITU-R BS.1770-4 gives its two filters for 48 kHz. These are the analogue filters behind them, as libebur128 derives
# them, for any rate: a shelf that models the head, and a high pass.
_SHELF_HERTZ, _SHELF_DECIBELS, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_PASS_HERTZ, _PASS_Q = 38.13547087602444, 0.5003270373238773
_OFFSET = -0.691
_BLOCK_SECONDS, _STEP_SECONDS = 0.4, 0.1
_SILENCE_LUFS, _BELOW_MEAN = -70.0, -10.0

# Of the file that keeps a gain.
_LARGEST = 1000


def loudness(samples: Waveform, sample_rate: int) -> float:
    """Return the integrated loudness in LUFS after ITU-R BS.1770-4, of one channel; -inf for silence."""
    block, step = round(_BLOCK_SECONDS * sample_rate), round(_STEP_SECONDS * sample_rate)
    weighted = _weighted(np.asarray(samples, dtype=np.float64), sample_rate)
    # Sound shorter than a block is padded to one with silence.
    weighted = np.pad(weighted, (0, max(0, block - len(weighted))))
    sums = np.concatenate([[0.0], np.cumsum(np.square(weighted))])
    starts = np.arange(0, len(weighted) - block + 1, step)
    power = (sums[starts + block] - sums[starts]) / block
    audible = power[_lufs(power) > _SILENCE_LUFS]
    if not len(audible):
        return -math.inf
    audible = audible[_lufs(audible) > _lufs(audible.mean()) + _BELOW_MEAN]
    return float(_lufs(audible.mean()))


def gain_for(samples: Waveform, sample_rate: int, target: float = TARGET_LUFS) -> float:
    """Return the factor that brings ``samples`` to ``target`` LUFS, between -24 and 24 dB; 1 for silence."""
    measured = loudness(samples, sample_rate)
    if not math.isfinite(measured):
        return 1.0
    return from_decibels(max(-_MOST_DECIBELS, min(_MOST_DECIBELS, target - measured)))


def from_decibels(decibels: float) -> float:
    """Return the factor on the amplitude that is so many decibels."""
    return float(10 ** (decibels / 20))


def soften(samples: Waveform) -> Waveform:
    """Return ``samples`` within full scale: unchanged up to a knee, and ever flatter above it.

    Each sample is bent for itself, so that a window comes out as it does within the whole.
    """
    level = np.abs(samples)
    loud = level > _KNEE
    softened = samples.copy()
    room = _CEILING - _KNEE
    softened[loud] = np.sign(samples[loud]) * (_KNEE + room * np.tanh((level[loud] - _KNEE) / room))
    return softened


class Level:
    """The gain of one voice: measured once on this machine, then kept in a file."""

    def __init__(self, file: Path, measure: Callable[[], float]) -> None:
        """Keep what ``measure`` returns in ``file``; nothing is read or measured yet."""
        self._file = file
        self._measure = measure
        self._gain: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether the gain is in memory."""
        return self._gain is not None

    @property
    def is_kept(self) -> bool:
        """Whether there is a file with the gain."""
        return _kept_gain(self._file) is not None

    def gain(self) -> float:
        """Return the gain, measured if need be."""
        if self._gain is None:
            self._gain = remembered_gain(self._file, self._measure)
        return self._gain

    def applied(self, windows: Iterable[Waveform]) -> Iterator[Waveform]:
        """Yield ``windows`` at the voice's level, within full scale; the gain is known before the first is computed."""
        gain = np.float32(self.gain())
        return (soften(window * gain) for window in windows)


def remembered_gain(file: Path, measure: Callable[[], float]) -> float:
    """Return the gain in ``file``; where there is none, ``measure`` it and write it there."""
    if (kept := _kept_gain(file)) is not None:
        return kept
    gain = measure()
    try:
        write_record(file, json.dumps({"gain": gain, "lufs": TARGET_LUFS}).encode())
    except OSError as error:
        _LOGGER.debug("%s: cannot be kept (%s): the level is measured again next time", file, error.strerror)
    return gain


def _kept_gain(file: Path) -> float | None:
    """Return the gain in ``file``; None where it cannot have been measured, or is for another loudness."""
    try:
        kept = json.loads(read_start(file, _LARGEST))
        gain, is_current = kept["gain"], kept["lufs"] == TARGET_LUFS
        if is_current and isinstance(gain, float) and abs(20 * math.log10(gain)) <= _MOST_DECIBELS + 0.01:
            return gain
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    return None


def _weighted(samples: npt.NDArray[np.float64], sample_rate: int) -> npt.NDArray[np.float64]:
    """Return ``samples`` through both filters; the silence appended keeps their end out of their beginning."""
    size = 1 << (len(samples) + sample_rate // 4).bit_length()
    response = _shelf(sample_rate, size) * _high_pass(sample_rate, size)
    filtered: npt.NDArray[np.float64] = np.fft.irfft(np.fft.rfft(samples, size) * response, size)[: len(samples)]
    return filtered


def _shelf(sample_rate: int, size: int) -> npt.NDArray[np.complex128]:
    k = math.tan(math.pi * _SHELF_HERTZ / sample_rate)
    high = 10 ** (_SHELF_DECIBELS / 20)
    band = high**0.4996667741545416
    above = (high + band * k / _SHELF_Q + k * k, 2 * (k * k - high), high - band * k / _SHELF_Q + k * k)
    return _response(above, k, _SHELF_Q, size)


def _high_pass(sample_rate: int, size: int) -> npt.NDArray[np.complex128]:
    k = math.tan(math.pi * _PASS_HERTZ / sample_rate)
    # As in the standard, the gain at high frequencies is not 1.
    scale = 1 + k / _PASS_Q + k * k
    return _response((scale, -2 * scale, scale), k, _PASS_Q, size)


def _response(above: tuple[float, float, float], k: float, q: float, size: int) -> npt.NDArray[np.complex128]:
    """Return a biquad's response at the frequencies of a real FFT of ``size``."""
    delay = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    below = (1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k)
    numerator = above[0] + above[1] * delay + above[2] * delay**2
    response: npt.NDArray[np.complex128] = numerator / (below[0] + below[1] * delay + below[2] * delay**2)
    return response


def _lufs(power: npt.ArrayLike) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        levels: npt.NDArray[np.float64] = _OFFSET + 10 * np.log10(power)
    return levels
