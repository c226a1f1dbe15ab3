"""The reading side of one connection: requests go to a queue, other events are answered at once."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from wyoming.event import Event
from wyoming.ping import Pong

from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.server.catalogue import Requested
from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.waiting_text import Room
from wyoming_hayakoe.server.wyoming.events import DATA_LIMIT, Inbox, Outbox, expect, expect_or
from wyoming_hayakoe.server.wyoming.info import encoded_info
from wyoming_hayakoe.server.wyoming.request import REQUEST_SIZE, Request, RequestQueue
from wyoming_hayakoe.server.wyoming.text_stream import TextStream

_LOGGER = logging.getLogger(__name__)

_FORMATS = ("text", "ssml")
_REQUESTS = ("describe", "synthesize", "synthesize-start")
_NAMES = ("name", "language", "speaker")
# Each entry of the catalogue may be compared with a name.
_NAME_LIMIT = 1000
# Bytes of the data of an event without a text to speak: a name or a few words, and a ping's are sent back.
_DATA_LIMIT = 16 * 1024


class RequestReader:
    """Reads events until the client leaves or sends one that cannot be answered."""

    def __init__(
        self, context: Context, reader: asyncio.StreamReader, *, outbox: Outbox, queue: RequestQueue, room: Room
    ) -> None:
        """Read ``reader``: texts wait in ``room``, requests in ``queue``, and other answers go to ``outbox``."""
        self._context = context
        self._inbox = Inbox(reader, room, context.turn, limits=self._LIMITS, patience=context.settings.stall_timeout)
        self._outbox = outbox
        self._queue = queue
        self._room = room
        self._stream: TextStream | None = None
        self.last_event = time.monotonic()
        """Time of the last whole event of a known type, on the monotonic clock."""
        self.has_asked = False
        """Whether the client has asked for anything that a mere connection does not: its voices, or speech."""

    async def run(self) -> None:
        """Read to the end of the input, which also ends an open text stream."""
        try:
            await self._handle_events()
        except RequestError as error:
            problem = RequestError(error.code, error.text)  # without its traceback, which holds this reader
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            _LOGGER.exception("reading an event failed")
            problem = RequestError("bad-event", "reading the event failed: the server's log says why")
        else:
            if self._stream is not None:
                self._stream.end()
            return
        self._room.give_reserved()
        self._fail(problem)
        await self.discard()

    async def discard(self) -> None:
        """Read to the end of the input, and discard what is read."""
        await self._inbox.discard()

    async def _handle_events(self) -> None:
        while (event := await self._inbox.receive()) is not None:
            if handle := self._HANDLERS.get(event.type):
                self.last_event = time.monotonic()
                self.has_asked = self.has_asked or event.type in _REQUESTS
                await handle(self, event)
            self._room.give_reserved()
            # Nothing above suspends while input is buffered, and other tasks need their turn.
            await asyncio.sleep(0)

    def _fail(self, error: RequestError) -> None:
        """Send ``error`` to the client, after the answers to the requests before it."""
        if self._stream is None:
            self._queue.put_nowait(error)
        else:
            self._stream.fail(error)

    async def _describe(self, event: Event) -> None:
        settings = self._context.settings
        info = await encoded_info(
            self._context.catalogue, streaming=settings.streaming, server_name=settings.zeroconf_name
        )
        await self._outbox.send_encoded(info)

    async def _ping(self, event: Event) -> None:
        await self._outbox.send(Pong(expect_or(event.data.get("text"), str, "ping: 'text'", None)).event())

    async def _select_program(self, event: Event) -> None:
        """Accept the event: there is one program only."""
        expect(event.data.get("name"), str, "select-program: 'name'")

    async def _synthesize(self, event: Event) -> None:
        if self._stream is not None:
            return  # the text of the stream once more, for servers without text streams
        request = self._open(event, is_stream=False)
        await request.text.feed(_text(event))
        request.text.end()
        self._put(request)

    async def _start_stream(self, event: Event) -> None:
        if self._stream is not None:
            raise RequestError("bad-event", "synthesize-start: the text before it has no synthesize-stop")
        request = self._open(event, is_stream=True)
        await self._room.reserve(REQUEST_SIZE)
        self._put(request)
        self._stream = request.text

    async def _continue_stream(self, event: Event) -> None:
        await self._current_stream(event).feed(_text(event))

    async def _stop_stream(self, event: Event) -> None:
        self._current_stream(event).end()
        self._stream = None

    def _put(self, request: Request) -> None:
        """Have ``request`` answered in its turn; its texts were waited for, and bound how many wait."""
        self._room.keep(REQUEST_SIZE)
        self._queue.put_nowait(request)

    def _current_stream(self, event: Event) -> TextStream:
        if self._stream is None:
            raise RequestError("bad-event", f"{event.type}: there is no synthesize-start before it")
        return self._stream

    def _open(self, event: Event, *, is_stream: bool) -> Request:
        """Return the request that ``event`` makes, without its text."""
        text_format = expect_or(event.data.get("text_format"), str, f"{event.type}: 'text_format'", "text")
        if text_format not in _FORMATS:
            raise RequestError("bad-event", f"{event.type}: 'text_format' is not one of {', '.join(_FORMATS)}")
        speaker = self._context.catalogue.find(_requested(event))
        text = TextStream(
            ssml=text_format == "ssml",
            code=speaker.front_end.code,
            patience=self._context.settings.idle_timeout,
            room=self._room,
            turn=self._context.turn,
        )
        return Request(speaker, text, is_stream=is_stream)

    _HANDLERS: ClassVar[Mapping[str, Callable[["RequestReader", Event], Awaitable[None]]]] = {
        "describe": _describe,
        "ping": _ping,
        "select-program": _select_program,
        "synthesize": _synthesize,
        "synthesize-start": _start_stream,
        "synthesize-chunk": _continue_stream,
        "synthesize-stop": _stop_stream,
    }
    _LIMITS: ClassVar[Mapping[str, int]] = {
        **dict.fromkeys(_HANDLERS, _DATA_LIMIT),
        **dict.fromkeys(("synthesize", "synthesize-chunk"), DATA_LIMIT),
    }


def _text(event: Event) -> str:
    return expect(event.data.get("text"), str, f"{event.type}: 'text'")


def _requested(event: Event) -> Requested:
    voice: dict[str, Any] = expect_or(event.data.get("voice"), dict, f"{event.type}: 'voice'", {})
    name, language, style = (_name(voice.get(key), f"{event.type}: 'voice.{key}'") for key in _NAMES)
    return Requested(name, language, style)


def _name(value: object, what: str) -> str | None:
    name = expect_or(value, str, what, None)
    if name is not None and len(name) > _NAME_LIMIT:
        raise RequestError("bad-event", f"{what} is longer than {_NAME_LIMIT} characters")
    return name
