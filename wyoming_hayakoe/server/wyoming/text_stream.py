"""The text of one request, split into sentences as it arrives."""

import asyncio
import time
from collections import deque

from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.server.settings import TEXT_LIMIT
from wyoming_hayakoe.text.sentences import SentenceSplitter
from wyoming_hayakoe.text.ssml import SsmlError, SsmlText

# Seconds without text after which a complete sentence gets no further mark or bracket. A client that sends token by
# token, as a language model writes, does not pause that long.
_PAUSE = 0.1


class TextStream:
    """A queue of sentences, each of which can be read as soon as it is complete: one task writes, another reads."""

    def __init__(self, *, ssml: bool, patience: float) -> None:
        """Accept SSML or plain text, and wait ``patience`` seconds at most for the next chunk."""
        self._patience = patience
        self._ssml = SsmlText() if ssml else None
        self._splitter = SentenceSplitter()
        self._sentences: deque[str] = deque()
        self._is_ended = False
        self._error: RequestError | None = None
        self._changed = asyncio.Event()
        self.characters = 0
        """Characters fed so far."""
        self.complete_since: float | None = None
        """Time at which the first sentence was complete, on the monotonic clock; None before that."""

    def feed(self, text: str) -> None:
        """Add a chunk of text.

        Raises:
            RequestError: ``text-too-long``, or ``bad-event`` for broken SSML.
        """
        self.characters += len(text)
        if self.characters > TEXT_LIMIT:
            raise RequestError("text-too-long", f"a text has at most {TEXT_LIMIT} characters: send it in parts")
        try:
            plain = self._ssml.take(text) if self._ssml else text
        except SsmlError as error:
            raise RequestError("bad-event", str(error)) from None
        self._put(self._splitter.feed(plain))

    def end(self) -> None:
        """Mark the end of the text."""
        rest = self._splitter.feed(self._ssml.rest()) if self._ssml else []
        self._is_ended = True
        self._put([*rest, *self._splitter.flush()])

    def fail(self, error: RequestError) -> None:
        """End the text with ``error``, for which the client waits: sentences that are not read yet are dropped."""
        self._error = error
        self._changed.set()

    async def next_sentence(self) -> str | None:
        """Return the next sentence once it is complete, None when the text has ended.

        Raises:
            RequestError: the error of :meth:`fail`; ``timeout`` if no text came in time.
        """
        while self._error is None:
            if self._sentences:
                return self._sentences.popleft()
            if self._is_ended:
                return None
            await self._wait_for_more()
        raise self._error

    async def _wait_for_more(self) -> None:
        self._changed.clear()
        is_complete = self._splitter.sentence_is_complete
        try:
            async with asyncio.timeout(_PAUSE if is_complete else self._patience):
                await self._changed.wait()
        except TimeoutError:
            if not is_complete:
                raise RequestError(
                    "timeout", f"no text came for {self._patience:g} s: end a text stream with synthesize-stop"
                ) from None
            self._put(self._splitter.flush())

    def _put(self, sentences: list[str]) -> None:
        # A blank line has nothing to speak, and would take a turn on the lane for it.
        self._sentences.extend(sentence for sentence in sentences if not sentence.isspace())
        if self._sentences and self.complete_since is None:
            self.complete_since = time.monotonic()
        self._changed.set()
