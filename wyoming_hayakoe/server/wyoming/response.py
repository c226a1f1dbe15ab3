"""The events of one response: an answer's windows as audio chunks."""

import time
from contextlib import aclosing

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.tts import SynthesizeStopped

from wyoming_hayakoe.audio import SAMPLE_WIDTH
from wyoming_hayakoe.server.answer import Answer, Playback, described
from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.metrics import Timing
from wyoming_hayakoe.server.wyoming.events import Outbox
from wyoming_hayakoe.server.wyoming.request import Request


class Response:
    """audio-start, audio-chunk…, audio-stop, and synthesize-stopped after a text stream."""

    def __init__(self, context: Context, request: Request, outbox: Outbox, playback: Playback) -> None:
        self._request = request
        self._outbox = outbox
        self._playback = playback
        self._answer = Answer(context, request.speaker, playback, is_wanted=lambda: outbox.is_wanted)
        self._samples_per_chunk = context.settings.samples_per_chunk
        self._idle_since: float | None = None

    async def run(self) -> None:
        """Speak each sentence or passage as it comes, window by window.

        Raises:
            RequestError: ``busy``, or the rest of the text stream cannot be spoken.
            HayakoeError: the voice cannot be loaded, or fails.
            ConnectionError: the client has left, or reads nothing.
        """
        await self._answer.admit()
        self._idle_since = time.monotonic()
        await self._outbox.send(AudioStart(rate=self._answer.rate, width=SAMPLE_WIDTH, channels=1).event())
        while (passage := await self._request.text.next_passage()) is not None:
            self._idle_since = None
            async with aclosing(self._answer.windows(passage)) as windows:
                async for pcm in windows:
                    self._idle_since = time.monotonic()
                    await self._send(pcm)
                    self._idle_since = None
            self._idle_since = time.monotonic()
        await self._send(await self._answer.finish())
        await self._outbox.send(AudioStop().event())
        if self._request.is_stream:
            await self._outbox.send(SynthesizeStopped().event())

    @property
    def has_begun(self) -> bool:
        """Whether audio was sent."""
        return self._answer.has_begun

    @property
    def waits_since(self) -> float | None:
        """Since when the client has nothing to play, and the server waits for it: to send text, or to read.

        On the monotonic clock; in the future while it still plays, None while the server computes.
        """
        return None if self._idle_since is None else max(self._idle_since, self._playback.until)

    def timing(self) -> Timing:
        """Return the times of the answer so far."""
        return self._answer.timing(self._request.text.complete_since)

    def describe(self) -> str:
        """Return a line for the log, without the text, which is private."""
        return described(self.timing(), self._request.text.characters)

    async def _send(self, pcm: bytes) -> None:
        size = self._samples_per_chunk * SAMPLE_WIDTH
        for start in range(0, len(pcm), size):
            chunk = pcm[start : start + size]
            event = AudioChunk(rate=self._answer.rate, width=SAMPLE_WIDTH, channels=1, audio=chunk).event()
            await self._outbox.send(event)
            self._answer.sent(chunk)
