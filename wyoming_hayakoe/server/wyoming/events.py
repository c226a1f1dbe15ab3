"""Wyoming events on a stream, with a bound on all that a client can send or leave unread.

The wyoming package reads events of any size and waits for ever to send one; a server on a network must do neither. An
event is a line of JSON (type, data, data_length, payload_length), then as many bytes of JSON and of payload.
"""

import asyncio
import json
import socket
from collections.abc import Container
from typing import Any, TypeVar

from wyoming.event import Event
from wyoming.version import __version__ as protocol_version

from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.server.disconnect import is_disconnected

HEADER_LIMIT = 64 * 1024
DATA_LIMIT = 1024 * 1024
_SKIP_SIZE = 64 * 1024
_BRACKET_LIMIT = 50_000
_JSON_NAMES: dict[type, str] = {str: "a string", dict: "an object"}

T = TypeVar("T")
D = TypeVar("D")


async def read_event(reader: asyncio.StreamReader, known: Container[str]) -> Event | None:
    """Return the next event without its payload, which a TTS server does not use; None at the end of the stream.

    The data of an event whose type is not among ``known`` is skipped. ``reader`` must have been made with
    ``limit=HEADER_LIMIT``.

    Raises:
        RequestError: ``bad-event``: the event is too large or malformed.
    """
    try:
        header = _parse(await reader.readuntil(b"\n"), "event header")
        kind = expect(header.get("type"), str, "event type")
        data = expect_or(header.get("data"), dict, "event data", {})
        length = _length(header, "data_length", DATA_LIMIT)
        if kind not in known:
            await _skip(reader, length)
        elif length:
            data = data | _parse(await reader.readexactly(length), "event data")
        await _skip(reader, _length(header, "payload_length", None))
    except asyncio.LimitOverrunError:
        raise RequestError("bad-event", f"event header is longer than {HEADER_LIMIT} bytes") from None
    except asyncio.IncompleteReadError:
        return None
    return Event(type=kind, data=data)


def expect(value: object, kind: type[T], what: str) -> T:
    """Return ``value`` if it is of ``kind``.

    Raises:
        RequestError: ``bad-event``; the text has ``what`` and the expected type.
    """
    if not isinstance(value, kind):
        raise RequestError("bad-event", f"{what} is not {_JSON_NAMES[kind]}")
    return value


def encode_event(event: Event) -> bytes:
    """Return ``event`` as bytes of the protocol; lone surrogates, which UTF-8 lacks, become question marks."""
    header: dict[str, Any] = {"type": event.type, "version": protocol_version}
    data = _dump(event.data) if event.data else b""
    if data:
        header["data_length"] = len(data)
    if event.payload:
        header["payload_length"] = len(event.payload)
    return b"".join((_dump(header), b"\n", data, event.payload or b""))


class Outbox:
    """The sending side of one connection, with back-pressure: it sends as fast as the client reads."""

    def __init__(self, writer: asyncio.StreamWriter, stall_timeout: float) -> None:
        """Send through ``writer``; give up after ``stall_timeout`` seconds in which the client read nothing."""
        self._writer = writer
        self._stall_timeout = stall_timeout

    @property
    def is_wanted(self) -> bool:
        """Whether the client is still there, as the kernel reports it now."""
        return not is_disconnected(self._writer)

    def probe(self) -> None:
        """Make the kernel find out whether a client whose input has ended is still there.

        A space is sent, which JSON allows before the header of the next event: a TCP client that has left answers it
        with a reset. Events that are being sent have the same effect.
        """
        is_tcp = self._writer.get_extra_info("socket").family != socket.AF_UNIX
        if is_tcp and not self._writer.transport.get_write_buffer_size():
            self._writer.write(b" ")

    async def send(self, event: Event) -> None:
        """Send ``event``, and wait while the write buffer is over its limit.

        Raises:
            ConnectionError: the client has left, or read nothing for the stall timeout.
        """
        self._writer.write(encode_event(event))
        while True:
            waiting = self._writer.transport.get_write_buffer_size()
            try:
                async with asyncio.timeout(self._stall_timeout):
                    return await self._writer.drain()
            except TimeoutError:
                if self._writer.transport.get_write_buffer_size() >= waiting:
                    raise ConnectionAbortedError(f"read nothing of its answer for {self._stall_timeout:g} s") from None


def expect_or(value: object, kind: type[T], what: str, default: D) -> T | D:
    """Return ``value`` if it is of ``kind``, ``default`` if it is null or absent.

    Raises:
        RequestError: as :func:`expect`.
    """
    return default if value is None else expect(value, kind, what)


async def _skip(reader: asyncio.StreamReader, length: int) -> None:
    while length > 0:
        skipped = await reader.read(min(length, _SKIP_SIZE))
        if not skipped:
            raise asyncio.IncompleteReadError(b"", length)
        length -= len(skipped)


def _parse(text: bytes, what: str) -> dict[str, Any]:
    # A megabyte of nothing but brackets would take a tenth of a second and fifty times its size.
    if text.count(b"[") + text.count(b"{") > _BRACKET_LIMIT:
        raise RequestError("bad-event", f"{what} has more than {_BRACKET_LIMIT} brackets")
    try:
        value = json.loads(text)
    # Deep nesting overflows the parser's stack before any limit of ours.
    except (ValueError, RecursionError):
        raise RequestError("bad-event", f"{what} is not JSON") from None
    return expect(value, dict, what)


def _length(header: dict[str, Any], key: str, limit: int | None) -> int:
    value = header.get(key)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise RequestError("bad-event", f"event header: {key!r} is not a whole number from 0")
    if limit is not None and value > limit:
        raise RequestError("bad-event", f"event header: {key!r} is over {limit} bytes")
    return value


def _dump(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
