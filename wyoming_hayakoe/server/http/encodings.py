"""Formats in which sound leaves: PCM as it is, or encoded by PyAV or soundfile, where one of them is installed.

Encoders take windows and give what is complete, so that a listener hears the beginning while the rest is computed.
"""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, Protocol

import numpy as np

from wyoming_hayakoe.audio import wav_header

Format = Literal["wav", "pcm", "mp3", "flac", "opus", "aac"]

PCM_RATE = 24_000
"""Samples per second of bare PCM, which has no header to say them."""

_OPUS_RATE = 48_000
# What MPEG-1 and MPEG-2 layer III know, and AAC too.
_MPEG_RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


class Encoder(Protocol):
    """Encodes one sound. For one thread at a time."""

    def feed(self, pcm: bytes) -> bytes:
        """Return what is complete after a further window of mono 16-bit PCM."""

    def finish(self) -> bytes:
        """Return the rest."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """One format on this machine."""

    media_type: str

    rate: Callable[[int], int]
    """Returns, for the rate of a voice, that of the PCM to be encoded."""

    open: Callable[[int], Encoder]
    """Returns an encoder for PCM of a rate."""


def encoding(name: Format) -> Encoding | None:
    """Return a format; None where nothing that is installed encodes it."""
    if name == "wav":
        return Encoding("audio/wav", lambda rate: rate, lambda rate: _Plain(wav_header(rate)))
    if name == "pcm":
        return Encoding("audio/pcm", lambda _: PCM_RATE, lambda _: _Plain(b""))
    media_type, rate_of = _TYPES[name], _RATES.get(name, lambda rate: rate)
    if _is_installed("av"):
        return Encoding(media_type, rate_of, lambda rate: _PyAV(name, rate))
    if name in _SOUNDFILE and _is_installed("soundfile"):
        return Encoding(media_type, rate_of, lambda rate: _SoundFile(name, rate))
    return None


def _mpeg_rate(rate: int) -> int:
    return next((known for known in _MPEG_RATES if known >= rate), _MPEG_RATES[-1])


_TYPES: Mapping[str, str] = {"mp3": "audio/mpeg", "flac": "audio/flac", "opus": "audio/ogg", "aac": "audio/aac"}
_RATES: Mapping[str, Callable[[int], int]] = {"mp3": _mpeg_rate, "aac": _mpeg_rate, "opus": lambda _: _OPUS_RATE}

_PYAV: Mapping[str, tuple[str, str]] = {
    "mp3": ("mp3", "libmp3lame"),
    "flac": ("flac", "flac"),
    "opus": ("ogg", "libopus"),
    "aac": ("adts", "aac"),
}
"""Container and codec of FFmpeg."""

_SOUNDFILE: Mapping[str, tuple[str, str]] = {
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "flac": ("FLAC", "PCM_16"),
    "opus": ("OGG", "OPUS"),
}
"""Format and subtype of libsndfile."""


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


class _Plain:
    """PCM behind a header."""

    def __init__(self, header: bytes) -> None:
        self._header = header

    def feed(self, pcm: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + pcm

    def finish(self) -> bytes:
        return self.feed(b"")


class _Sink:
    """A file to encoders, whose bytes are taken as they come: what has been taken cannot be changed any more."""

    def __init__(self) -> None:
        self._begin = 0
        self._bytes = bytearray()
        self._place = 0

    def write(self, data: Any) -> int:
        data = bytes(data)
        # libsndfile writes the length into the header of FLAC at the end; a stream of unknown length is valid as well.
        fresh = data[max(0, self._begin - self._place) :]
        start = max(0, self._place - self._begin)
        self._bytes[start : start + len(fresh)] = fresh
        self._place += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        origin = {0: 0, 1: self._place, 2: self._begin + len(self._bytes)}[whence]
        self._place = origin + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def read(self, _size: int = -1) -> bytes:
        return b""

    def taken(self) -> bytes:
        """Return the bytes that were written since the last call."""
        data = bytes(self._bytes)
        self._begin += len(data)
        self._bytes.clear()
        return data


class _Unseekable:
    """What of a sink FFmpeg sees: it writes a container that needs no going back."""

    def __init__(self, sink: _Sink) -> None:
        self.write = sink.write


class _PyAV:
    def __init__(self, name: str, rate: int) -> None:
        import av

        container, codec = _PYAV[name]
        self._frame: Any = av.AudioFrame
        self._sink = _Sink()
        self._container: Any = av.open(_Unseekable(self._sink), "w", format=container)
        self._stream: Any = self._container.add_stream(codec, rate=rate, layout="mono")
        self._rate = rate
        self._samples = 0

    def feed(self, pcm: bytes) -> bytes:
        frame = self._frame.from_ndarray(np.frombuffer(pcm, dtype="<i2")[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._samples, Fraction(1, self._rate)
        self._samples += frame.samples
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
        return self._sink.taken()

    def finish(self) -> bytes:
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self._container.close()
        return self._sink.taken()


class _SoundFile:
    def __init__(self, name: str, rate: int) -> None:
        import soundfile

        form, subtype = _SOUNDFILE[name]
        self._sink = _Sink()
        self._file: Any = soundfile.SoundFile(
            self._sink, "w", samplerate=rate, channels=1, format=form, subtype=subtype
        )

    def feed(self, pcm: bytes) -> bytes:
        self._file.write(np.frombuffer(pcm, dtype="<i2"))
        return self._sink.taken()

    def finish(self) -> bytes:
        self._file.close()
        return self._sink.taken()
