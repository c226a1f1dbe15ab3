"""Answers one request: sentences to windows of sound to audio chunks."""

import logging
import time
from collections.abc import Generator
from contextlib import aclosing

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.tts import SynthesizeStopped

from wyoming_hayakoe.audio import SAMPLE_WIDTH, Resampler, to_pcm
from wyoming_hayakoe.server.events import Outbox
from wyoming_hayakoe.server.service import Request, Service

_LOGGER = logging.getLogger(__name__)


class Response:
    """One audio-start … audio-stop, and synthesize-stopped behind a text stream."""

    def __init__(self, service: Service, request: Request, outbox: Outbox) -> None:
        self._service = service
        self._lane = service.lane
        self._request = request
        self._outbox = outbox
        self._narration = request.speaker.narrate()
        self._samples_per_chunk = service.settings.samples_per_chunk
        source_rate = request.speaker.voice.sample_rate
        self._rate = service.settings.rate or source_rate
        self._resampler = Resampler(source_rate, self._rate) if self._rate != source_rate else None
        self._samples = 0
        self._started = time.monotonic()
        self._first_audio: float | None = None

    async def run(self) -> None:
        """Speak each sentence as it comes, window by window.

        Raises:
            RequestError: the rest of the text stream cannot be spoken.
            HayakoeError: the voice cannot be loaded, or fails.
            ConnectionError: the client is gone or stalls.
        """
        await self._service.make_ready(self._request.speaker)
        await self._outbox.send(AudioStart(rate=self._rate, width=SAMPLE_WIDTH, channels=1).event())
        while (sentence := await self._request.text.next_sentence()) is not None:
            async with aclosing(self._lane.iterate(self._speak(sentence))) as windows:
                async for pcm in windows:
                    await self._send(pcm)
        if resampler := self._resampler:
            await self._send(await self._lane.run(lambda: to_pcm(resampler.finish())))
        await self._outbox.send(AudioStop().event())
        if self._request.is_stream:
            await self._outbox.send(SynthesizeStopped().event())

    def describe(self) -> str:
        """Return what was done, for the log; not the text, which is the user's."""
        first = "none" if self._first_audio is None else f"{1000 * (self._first_audio - self._started):.0f} ms"
        return (
            f"{self._request.text.characters} characters, {self._samples / self._rate:.1f} s of sound "
            f"in {time.monotonic() - self._started:.2f} s, first audio {first}"
        )

    def _speak(self, sentence: str) -> Generator[bytes, None, None]:
        """Yield the sentence, and the rest before it, as PCM at the answer's rate; runs on the lane."""
        for window in self._narration.speak(sentence):
            yield to_pcm(self._resampler.feed(window) if self._resampler else window)

    async def _send(self, pcm: bytes) -> None:
        size = self._samples_per_chunk * SAMPLE_WIDTH
        for start in range(0, len(pcm), size):
            chunk = AudioChunk(rate=self._rate, width=SAMPLE_WIDTH, channels=1, audio=pcm[start : start + size])
            await self._outbox.send(chunk.event())
            self._first_audio = self._first_audio or time.monotonic()
        self._samples += len(pcm) // SAMPLE_WIDTH
