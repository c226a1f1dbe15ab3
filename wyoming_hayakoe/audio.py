"""Signal work on finished sound: levels, 16-bit PCM, resampling, WAV."""

import io
import wave
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.voice import Waveform

if TYPE_CHECKING:
    from soxr import ResampleStream

# Blocks to either side of one in which a synthesis filter is unstable.
_RINGING = 6

SAMPLE_WIDTH = 2
"""Bytes of a sample of PCM, here and everywhere in the program."""


def to_pcm(samples: Waveform) -> bytes:
    """Return ``samples`` (between -1 and 1) as little-endian signed 16-bit PCM; what is louder is clipped."""
    return (np.clip(samples, -1.0, 1.0) * 32767).round().astype("<i2").tobytes()


def write_wav(pcm: bytes, sample_rate: int) -> bytes:
    """Return a mono WAV file of 16-bit PCM."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(SAMPLE_WIDTH)
        writer.setframerate(sample_rate)
        writer.writeframes(pcm)
    return file.getvalue()


def active_rms(samples: npt.NDArray[np.floating], block: int, threshold: float) -> float:
    """Return the root mean square of those blocks of ``samples`` that are louder than ``threshold``, 0 if none is."""
    power = np.square(_blocks(samples, block)).mean(axis=1)
    loud = power[power > threshold**2]
    return float(np.sqrt(loud.mean())) if len(loud) else 0.0


def limit(samples: npt.NDArray[np.floating], ceiling: float, block: int) -> npt.NDArray[np.floating]:
    """Return ``samples`` turned down, where and only where they pass ``ceiling``, so that none does.

    The gain is one value for a block of ``block`` samples and glides between blocks; each takes the least of its
    neighbours' gains, so the glide never passes the ceiling either. What is not finite, or louder than eight times full
    scale, is no sound but a synthesis filter gone unstable: that is muted with what leads up to it and rings after it.
    """
    peaks = np.abs(_blocks(np.nan_to_num(samples, posinf=np.inf, neginf=np.inf, nan=np.inf), block)).max(axis=1)
    beside_unstable = np.convolve(peaks > 8.0, np.ones(2 * _RINGING + 1))[_RINGING : _RINGING + len(peaks)] > 0
    gains = np.where(beside_unstable, 0.0, ceiling / np.maximum(peaks, ceiling))
    padded = np.pad(gains, 1, mode="edge")
    least = np.minimum(np.minimum(padded[:-2], padded[1:-1]), padded[2:])
    centres = (np.arange(len(least)) + 0.5) * block
    glide = np.interp(np.arange(len(samples)), centres, least)
    limited: npt.NDArray[np.floating] = np.where(glide > 0.0, samples, 0.0) * glide
    return limited


def _blocks(samples: npt.NDArray[np.floating], block: int) -> npt.NDArray[np.floating]:
    """Return ``samples``, padded with zeros, as [blocks, block]; at least one block."""
    count = max(1, -(-len(samples) // block))
    return np.pad(samples, (0, count * block - len(samples))).reshape(count, block)


class Resampler:
    """Brings a stream of windows to another sample rate; the same samples however they are cut into windows."""

    def __init__(self, source_rate: int, target_rate: int) -> None:
        import soxr  # only some servers resample

        self._stream: ResampleStream = soxr.ResampleStream(source_rate, target_rate, num_channels=1, dtype="float32")

    def feed(self, samples: Waveform) -> Waveform:
        """Return what is ready once ``samples`` have arrived; it may be empty."""
        resampled: Waveform = self._stream.resample_chunk(samples)
        return resampled

    def finish(self) -> Waveform:
        """Return what is left at the end."""
        resampled: Waveform = self._stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
        return resampled
