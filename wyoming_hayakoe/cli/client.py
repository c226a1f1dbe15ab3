"""A Wyoming client, for the subcommands that connect to a running server."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Self

from wyoming.audio import AudioChunk, AudioStop
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info

from wyoming_hayakoe.errors import HayakoeError, in_words

_CONNECT_TIMEOUT = 5.0
_READ_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Part of an answer's audio: 16-bit mono PCM and its sample rate in hertz."""

    pcm: bytes
    rate: int


class AnswerError(HayakoeError):
    """No answer from a server, or an incomplete one."""

    def __init__(self, code: str, text: str) -> None:
        """Keep ``code`` beside ``text``: the code of the server's error, or unreachable, hung-up or silent."""
        super().__init__(text)
        self.code = code


class Client:
    """One connection to a server; every failure is an AnswerError."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._client = AsyncClient.from_uri(uri, connect_timeout=_CONNECT_TIMEOUT, read_timeout=_READ_TIMEOUT)

    async def __aenter__(self) -> Self:
        try:
            await self._client.connect()
        except OSError as error:
            raise AnswerError(
                "unreachable",
                f"no server answers at {self._uri} ({in_words(error)}): is it running, and is the address right?",
            ) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        # The server may have closed the connection first.
        with contextlib.suppress(OSError):
            await self._client.disconnect()

    async def describe(self) -> Info:
        """Return the server's answer to ``describe``: its voices."""
        await self._write(Describe().event())
        while not Info.is_type((event := await self._read()).type):
            self._check(event)
        return Info.from_event(event)

    async def speak(
        self, text: str, voice: str | None = None, style: str | None = None, *, ssml: bool = False
    ) -> AsyncGenerator[Chunk, None]:
        """Yield the audio of ``text``, or of SSML, as it arrives."""
        # A plain event: wyoming's Synthesize leaves out a speaker without a voice name.
        chosen = {key: value for key, value in (("name", voice), ("speaker", style)) if value is not None}
        text_format = {"text_format": "ssml"} if ssml else {}
        await self._write(Event("synthesize", {"text": text, "voice": chosen, **text_format}))
        while not AudioStop.is_type((event := await self._read()).type):
            self._check(event)
            if AudioChunk.is_type(event.type):
                chunk = AudioChunk.from_event(event)
                yield Chunk(chunk.audio, chunk.rate)

    def _check(self, event: Event) -> None:
        if Error.is_type(event.type):
            error = Error.from_event(event)
            raise AnswerError(error.code or "error", f"the server at {self._uri} says: {error.text}")

    async def _write(self, event: Event) -> None:
        try:
            await self._client.write_event(event)
        except OSError as error:
            raise AnswerError(
                "hung-up",
                f"the server at {self._uri} closed the connection ({in_words(error)}): does its --allow "
                "include this machine? Its log says why",
            ) from error

    async def _read(self) -> Event:
        try:
            event = await self._client.read_event()
        except (OSError, EOFError) as error:
            code = "silent" if isinstance(error, TimeoutError) else "hung-up"
            text = f"the server at {self._uri} stopped answering: {in_words(error)}"
            raise AnswerError(code, text) from error
        if event is None:
            raise AnswerError("hung-up", f"the server at {self._uri} closed the connection: its log says why")
        return event
