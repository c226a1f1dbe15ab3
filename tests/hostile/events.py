"""Bytes that a Wyoming server may be sent: good events, and those that no honest client sends."""

import json
import random
from collections.abc import Callable, Mapping

SECRET = "朝顔の種"
"""Part of every text that is said here: no log may hold it."""

# As a log might hold it: as it was said, as JSON, as it is read.
TRACES = (SECRET, json.dumps(SECRET)[1:-1], "アサガオ")

_LAUGH = "😀\n"
UNREAD_TEXT = SECRET + _LAUGH * 24_990
"""As long as a text may be, in sentences of one character."""

LONG_TEXT = f"{SECRET}を庭にまきました。芽が出るまで、毎日水をやります。" * 200


def event(kind: object, data: object = None, *, payload: bytes = b"", **header: object) -> bytes:
    """Return an event as clients send it; ``header`` adds to its header, or replaces what is there."""
    return raw_event(kind, b"" if data is None else json.dumps(data).encode(), payload, **header)


def utf8_event(kind: str, payload: bytes = b"", **data: object) -> bytes:
    """Return an event whose text is UTF-8 and not escaped; lone surrogates are encoded as if UTF-8 had them."""
    return raw_event(kind, json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass"), payload)


def raw_event(kind: object, body: bytes, payload: bytes = b"", **header: object) -> bytes:
    """Return an event with these bytes as its data."""
    lengths = {"data_length": len(body)} if body else {}
    lengths |= {"payload_length": len(payload)} if payload else {}
    return json.dumps({"type": kind} | lengths | header).encode() + b"\n" + body + payload


def synthesize(text: object, voice: str | None = None, **data: object) -> bytes:
    return event("synthesize", {"text": text} | ({"voice": {"name": voice}} if voice else {}) | data)


def ssml(text: str) -> bytes:
    return synthesize(text, text_format="ssml")


SSML: tuple[bytes, ...] = (
    ssml("<" * 49_000),
    ssml(f"<speak>{SECRET}" + "<" * 49_000),
    ssml("<a" * 24_000),
    ssml("<!--" * 12_000),
    ssml(f"&#{'1' * 4301};"),
    ssml(f"&#x{'f' * 4301};"),
    ssml("&" * 49_000),
    ssml("&#" * 24_000),
)

DEEP: tuple[bytes, ...] = (
    b"[" * 60_000 + b"\n",
    b'{"type":' * 8_000 + b"\n",
    event("synthesize", data_length=200_000) + b'{"a":' * 40_000,
    event("ping", data_length=100_000) + b"[" * 100_000,
    event("describe", data_length=40_000) + b'{"a":' + b"[" * 19_000 + b"]" * 19_000 + b"}" + b" " * 1994,
)

NUMBERS: tuple[bytes, ...] = (
    b'{"type":"ping","data":{"text":' + b"9" * 5_000 + b"}}\n",
    b'{"type":"ping","data_length":' + b"9" * 5_000 + b"}\n",
    b'{"type":"ping","payload_length":' + b"9" * 300 + b"}\n",
    b'{"type":"ping","data_length":1e999}\n',
    b'{"type":"ping","data_length":-1}\n',
    b'{"type":"ping","payload_length":true}\n',
    b'{"type":"synthesize","data":{"text":NaN}}\n',
)

ENCODINGS: tuple[bytes, ...] = (
    b"\xff\xfe\x00\n",
    b'{"type":"\xe3\x81"}\n',
    b'{"type":"synthesize","data":{"text":"\xed\xa0\x80"}}\n',
    synthesize("\ud800"),
    synthesize(f"\x00\x01{SECRET}\udfff\u202e\ufeff"),
    synthesize("はい", voice="\ud800\x00"),
    b'{"type":"synthesize","data":{"text":"\\ud83d"}}\n',
    b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)

KINDS = (
    "describe",
    "ping",
    "select-program",
    "synthesize",
    "synthesize-start",
    "synthesize-chunk",
    "synthesize-stop",
    "transcribe",
    "audio-start",
    "audio-chunk",
    "error",
    "info",
    "",
    "\ud800",
    None,
    7,
    [],
    {},
)

_VALUES: tuple[object, ...] = (
    None,
    True,
    -1,
    2**70,
    float("nan"),
    "",
    "はい。",
    SECRET,
    "**え？**",
    "\ud800",
    "\x00",
    "<break time='9s'/>",
    "。" * 300,
    "あ" * 300,
    [],
    ["はい"],
    {},
    {"text": "はい"},
    {"name": "mei"},
    {"name": "nobody"},
    {"name": []},
    {"name": "rand-jp", "speaker": "\udfff", "language": "ja"},
)
_KEYS = ("text", "voice", "text_format", "name", "data", "type", "\ud800", "")


def malformed(chance: random.Random) -> bytes:
    """Return one event, or less than one, of any kind."""
    make: Callable[[random.Random], bytes] = chance.choice(
        (_values, _values, _values, _header, _mangled, _noise, _known)
    )
    return make(chance)


def _data(chance: random.Random) -> Mapping[str, object]:
    return {chance.choice(_KEYS): chance.choice(_VALUES) for _ in range(chance.randrange(4))}


def _values(chance: random.Random) -> bytes:
    return event(chance.choice(KINDS), chance.choice((_data(chance), chance.choice(_VALUES))))


def _header(chance: random.Random) -> bytes:
    wrong = chance.choice((-1, 0, 1, 20, 2**21, 2**62, 1.5, True, "7", None, [], {}))
    lengths = {chance.choice(("data_length", "payload_length")): wrong}
    return event(chance.choice(KINDS), _data(chance), payload=chance.randbytes(chance.randrange(9)), **lengths)


def _mangled(chance: random.Random) -> bytes:
    """Return an event with a piece cut out, repeated or replaced by noise."""
    whole = _values(chance)
    at = chance.randrange(len(whole))
    piece = chance.choice((b"", whole[at:], chance.randbytes(4), b"\n", b'"', b"\\u"))
    return whole[:at] + piece + whole[at + chance.randrange(5) :]


def _noise(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(1, 200)) + b"\n" * chance.randrange(2)


def _known(chance: random.Random) -> bytes:
    return chance.choice((*DEEP, *NUMBERS, *ENCODINGS, SSML[4], SSML[5]))
