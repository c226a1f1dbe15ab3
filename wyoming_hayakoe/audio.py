"""Audio and its signal processing: levels, silence, 16-bit PCM, resampling, WAV."""

import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.errors import FileError, in_words
from wyoming_hayakoe.voice import PhoneTiming, Waveform

if TYPE_CHECKING:
    from soxr import ResampleStream

# Number of blocks muted on either side of one in which a synthesis filter is unstable.
_RINGING = 6

# Of a sound that is made louder: the level that it never exceeds, and the seconds of the limiter's blocks, in which
# even a low voice has a peak, so that the gain does not follow its single periods.
_CEILING = 0.98
_BLOCK_SECONDS = 0.01

# Share of the peak below which a sample is silent, as in HayaKoe; a voice's noise in a pause is far below it.
_SILENT = 0.02

_UNKNOWN_LENGTH = 0xFFFFFFFF

SAMPLE_WIDTH = 2
"""Bytes of a PCM sample, in the whole program."""


# Compared by identity: comparing two arrays gives an array.
@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """Synthesised speech, or a window of it."""

    sr: int
    """Samples per second."""

    data: npt.NDArray[np.int16]
    """Mono samples, shape [samples]."""

    timings: Sequence[PhoneTiming] | None = None
    """Phones in order, where requested; the gap between the phones of two sentences is their pause."""

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.data) / self.sr

    def pcm_bytes(self) -> bytes:
        """Return the samples as little-endian signed 16-bit PCM without a header."""
        return self.data.astype("<i2", copy=False).tobytes()

    def to_bytes(self) -> bytes:
        """Return a whole WAV file."""
        return write_wav(self.pcm_bytes(), self.sr)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a WAV file.

        Raises:
            FileError: it cannot be written.
        """
        try:
            Path(path).write_bytes(self.to_bytes())
        except OSError as error:
            raise FileError(f"{path}: cannot be written ({in_words(error)}): choose another file") from error


def quantize(samples: Waveform) -> npt.NDArray[np.int16]:
    """Return ``samples`` (between -1 and 1) as 16-bit integers; louder samples are clipped."""
    return (np.clip(samples, -1.0, 1.0) * 32767).round().astype(np.int16)


def to_pcm(samples: Waveform) -> bytes:
    """Return ``samples`` (between -1 and 1) as little-endian signed 16-bit PCM; louder samples are clipped."""
    return quantize(samples).astype("<i2", copy=False).tobytes()


def to_peak(samples: Waveform) -> Waveform:
    """Return ``samples`` with their peak at full scale; silence stays unchanged."""
    return samples / (np.abs(samples).max(initial=0.0) or np.float32(1.0))


def write_wav(pcm: bytes, sample_rate: int) -> bytes:
    """Return a mono WAV file of 16-bit PCM."""
    return wav_header(sample_rate, samples=len(pcm) // SAMPLE_WIDTH) + pcm


def wav_header(sample_rate: int, channels: int = 1, samples: int | None = None) -> bytes:
    """Return the header of a 16-bit WAV file or stream, behind which PCM follows.

    Args:
        sample_rate: samples per second of each channel.
        channels: 1 or 2; PCM has one sample of each in turn.
        samples: length in samples of each channel. None is not known yet, or too many for a WAV file: both length
            fields hold the greatest value, which players take for unknown.
    """
    block = channels * SAMPLE_WIDTH
    pcm_format = struct.pack("<HHIIHH", 1, channels, sample_rate, sample_rate * block, block, 8 * SAMPLE_WIDTH)
    size = _UNKNOWN_LENGTH if samples is None else samples * block
    # Between the first length field and the PCM.
    head = 4 + 8 + len(pcm_format) + 8
    if size + head > _UNKNOWN_LENGTH:
        size = _UNKNOWN_LENGTH
    return b"".join(
        [
            struct.pack("<4sI4s", b"RIFF", min(size + head, _UNKNOWN_LENGTH), b"WAVE"),
            struct.pack("<4sI", b"fmt ", len(pcm_format)),
            pcm_format,
            struct.pack("<4sI", b"data", size),
        ]
    )


def active_rms(samples: npt.NDArray[np.floating], block: int, threshold: float) -> float:
    """Return the root mean square of the blocks of ``samples`` that are louder than ``threshold``, 0 if none is."""
    power = np.square(_blocks(samples, block)).mean(axis=1)
    loud = power[power > threshold**2]
    return float(np.sqrt(loud.mean())) if len(loud) else 0.0


def limit(samples: npt.NDArray[np.floating], ceiling: float, block: int) -> npt.NDArray[np.floating]:
    """Return ``samples`` attenuated only where they exceed ``ceiling``, so that no sample does.

    The gain is one value per block of ``block`` samples, interpolated between blocks; each block takes the least gain
    of its neighbours, so the interpolated gain keeps to the ceiling too. Samples that are not finite, or louder than
    eight times full scale, come from an unstable synthesis filter: they are muted with the blocks around them.
    """
    peaks = np.abs(_blocks(np.nan_to_num(samples, posinf=np.inf, neginf=np.inf, nan=np.inf), block)).max(axis=1)
    beside_unstable = np.convolve(peaks > 8.0, np.ones(2 * _RINGING + 1))[_RINGING : _RINGING + len(peaks)] > 0
    glide = _glide(np.where(beside_unstable, 0.0, ceiling / np.maximum(peaks, ceiling)), block)[: len(samples)]
    limited: npt.NDArray[np.floating] = np.where(glide > 0.0, samples, 0.0) * glide
    return limited


def _glide(gains: npt.NDArray[np.floating], block: int) -> npt.NDArray[np.float64]:
    """Return the gain of each sample, from the gains that its block and the two beside it must not exceed."""
    padded = np.pad(gains, 1, mode="edge")
    least = np.minimum(np.minimum(padded[:-2], padded[1:-1]), padded[2:])
    centres = (np.arange(len(least)) + 0.5) * block
    return np.interp(np.arange(len(least) * block), centres, least)


def amplified(windows: Iterable[Waveform], factor: float, sample_rate: int) -> Iterator[Waveform]:
    """Yield ``windows`` louder by ``factor``, within full scale; how the sound is cut into windows changes nothing.

    Where the factor is more than 1, the end of each window comes with the next one: see :class:`Limiter`.
    """
    if factor == 1.0:
        yield from windows
        return
    louder = (window * np.float32(factor) for window in windows)
    if factor < 1.0:
        yield from louder
        return
    limiter = Limiter(_CEILING, round(_BLOCK_SECONDS * sample_rate))
    for window in louder:
        yield limiter.feed(window)
    yield limiter.finish()


class Limiter:
    """What :func:`limit` does, for a sound that arrives in windows: its gain depends on the two blocks ahead.

    How the samples are cut into windows does not change the result. Nothing is muted.
    """

    _AROUND = 2
    """Blocks on either side of one on which its gain depends."""

    def __init__(self, ceiling: float, block: int) -> None:
        """Attenuate what exceeds ``ceiling``, in blocks of ``block`` samples."""
        self._ceiling = ceiling
        self._block = block
        self._held: Waveform = np.zeros(self._AROUND * block, dtype=np.float32)

    def feed(self, samples: Waveform) -> Waveform:
        """Return what is complete after ``samples``: all but the last two to three blocks."""
        held = np.concatenate([self._held, samples])
        before, whole = self._AROUND * self._block, len(held) - len(held) % self._block
        ready = whole - before
        if ready <= before:
            self._held = held
            return held[:0]
        peaks = np.abs(held[:whole]).reshape(-1, self._block).max(axis=1)
        glide = _glide(self._ceiling / np.maximum(peaks, self._ceiling), self._block)
        self._held = held[ready - before :]
        limited: Waveform = (held[before:ready] * glide[before:ready]).astype(np.float32)
        return limited

    def finish(self) -> Waveform:
        """Return the remaining samples at the end of the sound."""
        before = self._AROUND * self._block
        rest = len(self._held) - before
        return self.feed(np.zeros(before + -rest % self._block, dtype=np.float32))[:rest]


def _blocks(samples: npt.NDArray[np.floating], block: int) -> npt.NDArray[np.floating]:
    """Return ``samples``, padded with zeros, as [blocks, block]; at least one block."""
    count = max(1, -(-len(samples) // block))
    return np.pad(samples, (0, count * block - len(samples))).reshape(count, block)


class TrailingSilence:
    """Measure of the silence at the end of a sound that arrives in windows, none of which is kept.

    A sample under a fiftieth of the peak is silent. A window that raises the peak holds a sample that is audible by the
    new peak, so earlier windows need not be measured again.
    """

    def __init__(self) -> None:
        self._peak = 0.0
        self.samples = 0
        """Number of samples after the last audible one; all samples where none is audible."""

    def feed(self, window: Waveform) -> None:
        """Measure the next window, of any length."""
        level = np.abs(window)
        self._peak = max(self._peak, float(level.max(initial=0.0)))
        audible = np.flatnonzero(level > _SILENT * self._peak)
        if audible.size:
            self.samples = len(window) - 1 - int(audible[-1])
        else:
            self.samples += len(window)


class Resampler:
    """Resampler of a stream of windows; how the samples are cut into windows does not change the result."""

    def __init__(self, source_rate: int, target_rate: int) -> None:
        import soxr  # only some servers resample

        self._stream: ResampleStream = soxr.ResampleStream(source_rate, target_rate, num_channels=1, dtype="float32")

    def feed(self, samples: Waveform) -> Waveform:
        """Return the resampled samples that are complete after ``samples``; there may be none."""
        resampled: Waveform = self._stream.resample_chunk(samples)
        return resampled

    def finish(self) -> Waveform:
        """Return the remaining samples at the end of the stream."""
        resampled: Waveform = self._stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
        return resampled
