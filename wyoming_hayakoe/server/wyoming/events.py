"""Wyoming events on a stream, with a bound on all that a client can send or leave unread.

The wyoming package reads events of any size and waits for ever to send one; a server on a network must do neither. An
event is a line of JSON (type, data, data_length, payload_length), then as many bytes of JSON and of payload.
"""

import asyncio
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from wyoming.event import Event
from wyoming.version import __version__ as protocol_version

from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.server.disconnect import is_disconnected
from wyoming_hayakoe.server.waiting_text import Room

HEADER_LIMIT = 64 * 1024
DATA_LIMIT = 640 * 1024
"""Bytes of an event's data: those of the longest text where each character is two \\u escapes, and of the rest."""
# Bytes of an event that is parsed at once, which takes under 0.1 ms.
_SMALL = 4 * 1024
_SKIP_SIZE = 64 * 1024
# Bytes that a client reads within the stall timeout, at least, while more wait for it: a second of speech is 96 KB.
_LEAST_PROGRESS = 16 * 1024
# Strings in data of more than HEADER_LIMIT bytes.
_STRING_LIMIT = 1000
_JSON_NAMES: dict[type, str] = {str: "a string", dict: "an object"}

T = TypeVar("T")
D = TypeVar("D")


class Inbox:
    """The receiving side of one connection, which reads a large event only once there is room for it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        room: Room,
        turn: asyncio.Lock,
        *,
        limits: Mapping[str, int],
        patience: float,
    ) -> None:
        """Receive the events whose types are keys of ``limits``; of all others the data is skipped.

        Args:
            reader: the input, made with ``limit=HEADER_LIMIT``.
            room: where large events are read into.
            turn: held while a large event is parsed, so that the event loop waits for one at a time.
            limits: greatest length of the data of each type of event, in bytes.
            patience: seconds in which the data of an event must follow its header.
        """
        self._reader = reader
        self._room = room
        self._turn = turn
        self._limits = limits
        self._patience = patience

    async def receive(self) -> Event | None:
        """Return the next event without its payload, which a TTS server does not use; None at the end of the stream.

        The room that a large event took stays reserved.

        Raises:
            RequestError: ``bad-event``: the event is too large or malformed; ``timeout``: its data does not come;
                ``busy``: other clients' texts leave no room for it.
            ConnectionError: the connection is lost.
        """
        try:
            with _lost():
                return await self._event()
        except asyncio.LimitOverrunError:
            raise RequestError("bad-event", f"event header is longer than {HEADER_LIMIT} bytes") from None
        except asyncio.IncompleteReadError:
            return None

    async def discard(self) -> None:
        """Read to the end of the stream, and discard what is read.

        Raises:
            ConnectionError: the connection is lost.
        """
        with _lost():
            while await self._reader.read(_SKIP_SIZE):
                pass

    async def _event(self) -> Event:
        header = await self._parsed(await self._reader.readuntil(b"\n"), "event header")
        kind = expect(header.get("type"), str, "event type")
        data = expect_or(header.get("data"), dict, "event data", {})
        length = _length(header, "data_length", self._limits.get(kind, DATA_LIMIT))
        if kind not in self._limits:
            await self._skip(length)
        elif length:
            data = data | await self._data(length)
        await self._skip(_length(header, "payload_length", None))
        return Event(type=kind, data=data)

    async def _data(self, length: int) -> dict[str, Any]:
        if length > _SMALL:
            await self._room.reserve(length)
        try:
            async with asyncio.timeout(self._patience):
                data = await self._reader.readexactly(length)
        except TimeoutError:
            raise RequestError("timeout", f"event data did not come within {self._patience:g} s") from None
        return await self._parsed(data, "event data")

    async def _parsed(self, text: bytes, what: str) -> dict[str, Any]:
        if len(text) <= _SMALL:
            return _parse(text, what)
        await self._room.reserve(len(text))
        async with self._turn:
            value = _parse(text, what)
            # The next in turn waits for the next round of the event loop.
            await asyncio.sleep(0)
        return value

    async def _skip(self, length: int) -> None:
        while length > 0:
            skipped = await self._reader.read(min(length, _SKIP_SIZE))
            if not skipped:
                raise asyncio.IncompleteReadError(b"", length)
            length -= len(skipped)


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
        """Send through ``writer``; give up after ``stall_timeout`` seconds in which the client read next to nothing."""
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
            ConnectionError: the client has left, or read next to nothing for the stall timeout.
        """
        await self.send_encoded(encode_event(event))

    async def send_encoded(self, event: bytes) -> None:
        """Send an encoded event, as :meth:`send` does."""
        self._writer.write(event)
        while True:
            waiting = self._writer.transport.get_write_buffer_size()
            try:
                with _lost():
                    async with asyncio.timeout(self._stall_timeout):
                        return await self._writer.drain()
            except TimeoutError:
                if self._writer.transport.get_write_buffer_size() > waiting - _LEAST_PROGRESS:
                    raise ConnectionAbortedError(
                        f"read nothing or next to nothing of its answer for {self._stall_timeout:g} s"
                    ) from None


def expect_or(value: object, kind: type[T], what: str, default: D) -> T | D:
    """Return ``value`` if it is of ``kind``, ``default`` if it is null or absent.

    Raises:
        RequestError: as :func:`expect`.
    """
    return default if value is None else expect(value, kind, what)


@contextmanager
def _lost() -> Iterator[None]:
    """Raise an error of the socket as ConnectionResetError.

    asyncio keeps the original, whose traceback would hold all that is being sent or read.
    """
    try:
        yield
    except TimeoutError:
        raise
    except OSError as error:
        raise ConnectionResetError(str(error.with_traceback(None))) from None


def _parse(text: bytes, what: str) -> dict[str, Any]:
    if len(text) > HEADER_LIMIT:
        _check_structure(text, what)
    try:
        # Of JSON's encodings the protocol has UTF-8 only.
        value = json.loads(text.decode("utf-8"))
    # Deep nesting overflows the parser's stack before any limit of ours.
    except (ValueError, RecursionError):
        raise RequestError("bad-event", f"{what} is not JSON") from None
    return expect(value, dict, what)


def _check_structure(text: bytes, what: str) -> None:
    """Check that all but ``HEADER_LIMIT`` bytes are a few strings, which are parsed ten times as fast as the rest.

    640 KB of numbers, lists or objects would take up to 20 ms, and fifty times their size.
    """
    plain = text.replace(rb"\\", b"").replace(rb"\"", b"")
    if plain.count(b'"') > 2 * _STRING_LIMIT or sum(map(len, plain.split(b'"')[::2])) > HEADER_LIMIT:
        raise RequestError(
            "bad-event", f"{what} has over {_STRING_LIMIT} strings, or over {HEADER_LIMIT} bytes that are no strings"
        )


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
