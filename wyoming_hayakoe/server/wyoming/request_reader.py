"""The reading side of one connection: requests go to a queue, other events are answered at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from wyoming.event import Event
from wyoming.ping import Pong

from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.server.catalogue import Requested
from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.wyoming.events import Outbox, expect, expect_or, read_event
from wyoming_hayakoe.server.wyoming.info import make_info
from wyoming_hayakoe.server.wyoming.request import Request, RequestQueue
from wyoming_hayakoe.server.wyoming.text_stream import TextStream

_FORMATS = ("text", "ssml")
_REQUESTS = ("describe", "synthesize", "synthesize-start")


class RequestReader:
    """Reads events until the client leaves or sends one that cannot be answered."""

    def __init__(self, context: Context, reader: asyncio.StreamReader, outbox: Outbox, queue: RequestQueue) -> None:
        self._context = context
        self._reader = reader
        self._outbox = outbox
        self._queue = queue
        self._stream: TextStream | None = None
        self._handlers: dict[str, Callable[[Event], Awaitable[None]]] = {
            "describe": self._describe,
            "ping": self._ping,
            "select-program": self._select_program,
            "synthesize": self._synthesize,
            "synthesize-start": self._start_stream,
            "synthesize-chunk": self._continue_stream,
            "synthesize-stop": self._stop_stream,
        }
        self.last_event = time.monotonic()
        """Time of the last whole event of a known type, on the monotonic clock."""
        self.has_asked = False
        """Whether the client has asked for anything that a mere connection does not: its voices, or speech."""

    async def run(self) -> None:
        """Read to the end of the input, which also ends an open text stream."""
        try:
            while (event := await read_event(self._reader, self._handlers)) is not None:
                if handle := self._handlers.get(event.type):
                    self.last_event = time.monotonic()
                    self.has_asked = self.has_asked or event.type in _REQUESTS
                    await handle(event)
                # Nothing above suspends while input is buffered, and other tasks need their turn.
                await asyncio.sleep(0)
            if self._stream is not None:
                self._stream.end()
        except RequestError as error:
            await self._fail(error)
            await discard(self._reader)

    async def _fail(self, error: RequestError) -> None:
        """Send ``error`` to the client, after the answers to the requests before it."""
        if self._stream is None:
            await self._queue.put(error)
        else:
            self._stream.fail(error)

    async def _describe(self, event: Event) -> None:
        settings = self._context.settings
        info = make_info(self._context.catalogue, streaming=settings.streaming, server_name=settings.zeroconf_name)
        await self._outbox.send(info.event())

    async def _ping(self, event: Event) -> None:
        await self._outbox.send(Pong(expect_or(event.data.get("text"), str, "ping: 'text'", None)).event())

    async def _select_program(self, event: Event) -> None:
        """Accept the event: there is one program only."""
        expect(event.data.get("name"), str, "select-program: 'name'")

    async def _synthesize(self, event: Event) -> None:
        if self._stream is not None:
            return  # the text of the stream once more, for servers without text streams
        text = self._open(event)
        text.feed(_text(event))
        text.end()
        await self._queue.put(Request(self._context.catalogue.find(_requested(event)), text, is_stream=False))

    async def _start_stream(self, event: Event) -> None:
        if self._stream is not None:
            raise RequestError("bad-event", "synthesize-start: the text before it has no synthesize-stop")
        text = self._open(event)
        await self._queue.put(Request(self._context.catalogue.find(_requested(event)), text, is_stream=True))
        self._stream = text

    async def _continue_stream(self, event: Event) -> None:
        self._current_stream(event).feed(_text(event))

    async def _stop_stream(self, event: Event) -> None:
        self._current_stream(event).end()
        self._stream = None

    def _current_stream(self, event: Event) -> TextStream:
        if self._stream is None:
            raise RequestError("bad-event", f"{event.type}: there is no synthesize-start before it")
        return self._stream

    def _open(self, event: Event) -> TextStream:
        text_format = expect_or(event.data.get("text_format"), str, f"{event.type}: 'text_format'", "text")
        if text_format not in _FORMATS:
            raise RequestError("bad-event", f"{event.type}: 'text_format' is not one of {', '.join(_FORMATS)}")
        return TextStream(ssml=text_format == "ssml", patience=self._context.settings.idle_timeout)


async def discard(reader: asyncio.StreamReader) -> None:
    """Read to the end of the stream, and discard what is read."""
    while await reader.read(1 << 16):
        pass


def _text(event: Event) -> str:
    return expect(event.data.get("text"), str, f"{event.type}: 'text'")


def _requested(event: Event) -> Requested:
    voice: dict[str, Any] = expect_or(event.data.get("voice"), dict, f"{event.type}: 'voice'", {})
    name, language, style = (
        expect_or(voice.get(key), str, f"{event.type}: 'voice.{key}'", None) for key in ("name", "language", "speaker")
    )
    return Requested(name, language, style)
