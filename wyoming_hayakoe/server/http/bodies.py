"""Bodies of requests: JSON within bounds of size, time, depth and memory.

A body waits in the room that all clients share, see :mod:`wyoming_hayakoe.server.waiting_text`: a small one until it is
parsed, a large one, which becomes many objects, until its answer has ended.
"""

import asyncio
import gc
import json
import math
import re
from itertools import islice
from json.decoder import JSONArray, JSONDecoder, JSONObject  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.server.http.caller import caller_of
from wyoming_hayakoe.server.http.services import context_of
from wyoming_hayakoe.server.settings import TEXT_LIMIT

BODY_LIMIT = 4 * 2**20
"""Bytes of a request's body, unless its route allows more."""

# Bytes that are parsed at once, which takes at most 1 ms on a fast machine. The parser in C lets nobody else run.
_QUICK = 64 * 1024
# Bytes of a body that gives its room back before its answer: as long as the longest text.
_BRIEF = 256 * 1024
# A body may have so many values, and one more in each so many bytes: an object takes 64 bytes, and three in the body.
# Kana with its lengths and pitch, as VOICEVOX's clients send it, has one in 12.
_VALUES = 1000
_BYTES_FOR_VALUE = 10
_LONGEST_NUMBER = 40
_STRING_OR_VALUE = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[,\[{]', re.DOTALL)

_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


async def json_body(request: Request, *, limit: int = BODY_LIMIT) -> Any:
    """Return the value of a JSON body; lone surrogates in its texts, which are no text, become question marks.

    Raises:
        HTTPException: 413: it has more than ``limit`` bytes; 400: it is no JSON, or has too many values.
        RequestError: ``timeout``: it does not come; ``busy``: other clients' bodies leave no room for it.
        ConnectionResetError: the client has left.
    """
    context = context_of(request.app)
    body = await _read(request, limit, context.settings.stall_timeout)
    if len(body) > _QUICK:
        async with context.patient_turn:
            value = await asyncio.to_thread(_parse_patiently, body)
    else:
        async with context.turn:
            value = _parse(body, _QUICK_DECODER)
            # The next in turn waits for the next round of the event loop.
            await asyncio.sleep(0)
    if len(body) <= _BRIEF:
        caller_of(request).room.close()
    return value


def check_length(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return ``text``.

    Raises:
        RequestError: ``text-too-long``: it has more than ``limit`` characters.
    """
    if len(text) > limit:
        raise RequestError("text-too-long", f"a text has at most {limit} characters: send it in parts")
    return text


async def _read(request: Request, limit: int, patience: float) -> bytearray:
    """Return the body, which must come within ``patience`` seconds, and have few enough values for their memory."""
    too_large = HTTPException(413, f"the body has more than {limit} bytes: send less")
    declared = request.headers.get("content-length")
    if declared is not None and int(declared) > limit:
        raise too_large
    room, body, values = caller_of(request).room, bytearray(), 0
    if declared is not None:
        await room.reserve(int(declared))
    try:
        async with asyncio.timeout(patience):
            async for part in request.stream():
                if len(body) + len(part) > limit:
                    raise too_large
                body += part
                values += sum(map(part.count, (b",", b"[", b"{")))
                await room.reserve(len(body))
    except TimeoutError:
        raise RequestError("timeout", f"the body did not come within {patience:g} s") from None
    except ClientDisconnect:
        raise ConnectionResetError("the client left before the end of its request") from None
    most = _VALUES + len(body) // _BYTES_FOR_VALUE
    # Commas may be those of a text, as in a table of numbers.
    if values > most and await asyncio.to_thread(_has_more_values, body, most):
        raise HTTPException(400, "the body has too many values for its size")
    return body


def _has_more_values(body: bytearray, most: int) -> bool:
    """Return whether a body has more than ``most`` values; between any two of them other threads may run."""
    values = (found for found in _STRING_OR_VALUE.finditer(body) if found[0][:1] != b'"')
    return next(islice(values, most, None), None) is not None


def _parse_patiently(body: bytearray) -> Any:
    """Parse without garbage collections, of which each stops everything for 0.1 s where there are many values."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _parse(body, _PatientDecoder())
    finally:
        if was_enabled:
            gc.enable()


def _parse(body: bytes | bytearray, decoder: JSONDecoder) -> Any:
    try:
        text = body.decode("utf-8-sig")
        value = decoder.decode(text)
    # Deep nesting overflows the parser's stack before any limit of ours.
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not JSON") from None
    return _without_surrogates(value) if _ESCAPED_SURROGATE.search(text) else value


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case list():
            return [_without_surrogates(item) for item in value]
        case dict():
            return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def _finite(text: str) -> float:
    if len(text) > _LONGEST_NUMBER or not math.isfinite(number := float(text)):
        raise ValueError("no number of a finite size")
    return number


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("no number of a finite size")
    return int(text)


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


class _PatientDecoder(JSONDecoder):
    """The parser in Python, thirty times as slow as the one in C; between any two values other threads may run."""

    def __init__(self) -> None:
        super().__init__(parse_float=_finite, parse_int=_whole, parse_constant=_refused)
        self.parse_object = JSONObject
        self.parse_array = JSONArray
        self.scan_once = py_make_scanner(self)


_QUICK_DECODER = json.JSONDecoder(parse_float=_finite, parse_int=_whole, parse_constant=_refused)
