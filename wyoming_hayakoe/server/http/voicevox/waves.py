"""WAV files in base64, joined to one."""

import base64
import binascii
import io
import wave
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wyoming_hayakoe.audio import to_pcm, wav_header
from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.server.http.fields import FieldError
from wyoming_hayakoe.voice import Waveform

MOST_SOUND = 64 * 2**20
"""Bytes of PCM: eleven minutes at 48 kHz."""

_RATES = range(1000, 192_001)
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class _Wave:
    rate: int
    samples: Waveform
    """Shape [samples, channels]."""


def joined(waves: Sequence[object]) -> bytes:
    """Return WAV files, each in base64, one behind another as one: at the greatest rate, in stereo if one is.

    Raises:
        FieldError: one of them is no such file.
        RequestError: ``text-too-long``: together they are too large.
    """
    if not waves:
        raise FieldError((), "is an empty list")
    found = [_decoded(each, index) for index, each in enumerate(waves)]
    rate = max(each.rate for each in found)
    channels = max(each.samples.shape[1] for each in found)
    if sum(len(each.samples) * rate / each.rate for each in found) * channels * 2 > MOST_SOUND:
        raise RequestError("text-too-long", f"together the sounds have more than {MOST_SOUND >> 20} MiB: join fewer")
    import soxr  # only here

    parts = []
    for each in found:
        samples = each.samples if each.rate == rate else soxr.resample(each.samples, each.rate, rate)
        parts.append(np.repeat(samples, channels, axis=1) if samples.shape[1] < channels else samples)
    pcm = to_pcm(np.concatenate(parts).reshape(-1))
    return wav_header(rate, channels, len(pcm) // (2 * channels)) + pcm


def _decoded(value: object, index: int) -> _Wave:
    if not isinstance(value, str):
        raise FieldError((index,), "is not a text")
    try:
        with wave.open(io.BytesIO(base64.b64decode(value, validate=True))) as reader:
            rate, width, channels = reader.getframerate(), reader.getsampwidth(), reader.getnchannels()
            data = reader.readframes(reader.getnframes())
    except (binascii.Error, ValueError, wave.Error, EOFError, RuntimeError):
        raise FieldError((index,), "is not a WAV file of PCM in base64") from None
    if rate not in _RATES or channels not in {1, 2} or not 1 <= width <= _DEEPEST:
        raise FieldError((index,), f"has {rate} samples per second, {channels} channels, {8 * width} bits")
    block = width * channels
    return _Wave(rate, _floats(data[: len(data) // block * block], width).reshape(-1, channels))


def _floats(data: bytes, width: int) -> Waveform:
    """Return PCM of any width as floats; that of 8 bits has no sign."""
    raw = np.frombuffer(data, np.uint8).reshape(-1, width)
    if width == 1:
        return (raw[:, 0].astype(np.float32) - 128.0) / np.float32(128.0)
    whole = np.zeros((len(raw), 4), np.uint8)
    whole[:, 4 - width :] = raw
    return whole.view("<i4")[:, 0].astype(np.float32) / np.float32(2**31)
