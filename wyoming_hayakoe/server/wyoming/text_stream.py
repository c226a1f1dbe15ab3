"""The text of one request: it waits as it was sent, and is cut into passages as they are spoken."""

import asyncio
import time
from collections import deque

from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.server.settings import TEXT_LIMIT
from wyoming_hayakoe.server.waiting_text import Room
from wyoming_hayakoe.text.audible import Code
from wyoming_hayakoe.text.passage import Passage
from wyoming_hayakoe.text.passage_cutter import PassageCutter

# Seconds without text after which a complete sentence gets no further mark or bracket. A client that sends token by
# token, as a language model writes, does not pause that long.
_PAUSE = 0.1
# Bytes of text that are cut at a time: at most 0.5 ms, whatever they are, and 15 KB as sentences.
_SLICE = 512


class TextStream:
    """A text from which each sentence can be read as soon as it is complete: one task writes, another reads.

    It waits as UTF-8, which takes at most four bytes a character; Python takes them for each if it does for one.
    """

    def __init__(self, *, ssml: bool, code: Code, patience: float, room: Room, turn: asyncio.Lock) -> None:
        """Accept SSML or plain text, and wait ``patience`` seconds at most for the next chunk.

        Args:
            ssml: whether the text is SSML.
            code: what is spoken for blocks of code in plain text.
            patience: seconds.
            room: where the text waits.
            turn: held while a slice of the text is cut, so that the event loop waits for one slice at a time.
        """
        self._ssml = ssml
        self._code = code
        self._patience = patience
        self._room = room
        self._turn = turn
        self._waiting = bytearray()
        self._cutter = PassageCutter(ssml=ssml, code=code)
        self._passages: deque[Passage] = deque()
        self._has_begun = False
        self._is_ended = False
        self._is_cut = False
        self._error: RequestError | None = None
        self._changed = asyncio.Event()
        self.characters = 0
        """Characters fed so far."""
        self.complete_since: float | None = None
        """Time at which the first sentence was complete, on the monotonic clock; None before that."""

    async def feed(self, text: str) -> None:
        """Add a chunk of text, once there is room for it.

        Raises:
            RequestError: ``text-too-long``, or ``busy``: other clients' texts left no room.
        """
        self.characters += len(text)
        if self.characters > TEXT_LIMIT:
            raise RequestError("text-too-long", f"a text has at most {TEXT_LIMIT} characters: send it in parts")
        # Lone surrogates are no text.
        encoded = text.encode("utf-8", "ignore")
        await self._room.reserve(len(encoded))
        self._room.keep(len(encoded))
        self._waiting += encoded
        self._note_arrival()

    def end(self) -> None:
        """Mark the end of the text."""
        self._is_ended = True
        self._note_arrival()

    def fail(self, error: RequestError) -> None:
        """End the text with ``error``, for which the client waits: sentences that are not read yet are dropped."""
        self._error = error
        self._take(len(self._waiting))
        self._changed.set()

    async def next_passage(self) -> Passage | None:
        """Return the next sentence or passage once it is complete, None when the text has ended.

        Raises:
            RequestError: the error of :meth:`fail`; ``timeout`` if no text came in time.
        """
        self._has_begun = True
        while self._error is None:
            if self._passages:
                return self._passages.popleft()
            if self._is_cut:
                return None
            if self._waiting or self._is_ended:
                await self._cut()
            else:
                await self._wait_for_more()
        # The stream's own error would hold the stream itself, by its traceback.
        raise RequestError(self._error.code, self._error.text)

    async def _cut(self) -> None:
        """Cut the next slice of what waits; each round of the event loop cuts one slice of one client's text."""
        async with self._turn:
            passages = self._cutter.feed(self._take(_SLICE))
            if self._is_ended and not self._waiting:
                passages += self._cutter.end()
                self._is_cut = True
            self._put(passages)
            await asyncio.sleep(0)

    async def _wait_for_more(self) -> None:
        self._changed.clear()
        is_complete = self._cutter.sentence_is_complete
        try:
            async with asyncio.timeout(_PAUSE if is_complete else self._patience):
                await self._changed.wait()
        except TimeoutError:
            if not is_complete:
                raise RequestError(
                    "timeout", f"no text came for {self._patience:g} s: end a text stream with synthesize-stop"
                ) from None
            self._put(self._cutter.pause())

    def _put(self, passages: list[Passage]) -> None:
        self._passages.extend(passages)
        if self._passages and self.complete_since is None:
            self.complete_since = time.monotonic()

    def _note_arrival(self) -> None:
        """Wake the reader; before there is one, find out whether the first sentence is complete."""
        self._changed.set()
        if self._has_begun or self.complete_since is not None:
            return
        beginning = PassageCutter(ssml=self._ssml, code=self._code)
        passages = beginning.feed(_decode(self._waiting[: _whole(self._waiting, _SLICE)]))
        if passages or (self._is_ended and beginning.end()):
            self.complete_since = time.monotonic()

    def _take(self, size: int) -> str:
        """Take at most ``size`` bytes from the beginning of what waits."""
        size = _whole(self._waiting, size)
        text = _decode(self._waiting[:size])
        del self._waiting[:size]
        self._room.give(size)
        return text


def _whole(text: bytearray, size: int) -> int:
    """Return ``size`` or a little less, so that it ends behind a whole character."""
    size = min(size, len(text))
    while size < len(text) and text[size] & 0xC0 == 0x80:
        size -= 1
    return size


def _decode(text: bytearray) -> str:
    return text.decode("utf-8")
