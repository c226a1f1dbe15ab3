"""The answer to one request: sentences become windows of samples, and those audio chunks."""

import logging
import time
from collections.abc import Generator
from contextlib import aclosing

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.tts import SynthesizeStopped

from wyoming_hayakoe.audio import SAMPLE_WIDTH, Resampler, to_pcm
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.server.catalogue import Requested
from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.metrics import Timing
from wyoming_hayakoe.server.wyoming.events import Outbox
from wyoming_hayakoe.server.wyoming.request import Request
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text.passage import Passage

_LOGGER = logging.getLogger(__name__)

# Seconds of audio after which a client has had its share: its next window may come that much later where others wait.
# Answers of a household are shorter.
_SHARE = 10.0


class Playback:
    """What a client has been sent to play, in one answer or in several for which it asked without a pause."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._sent = 0.0
        self.until = 0.0
        """When all of it has been played, on the monotonic clock."""

    def add(self, seconds: float) -> None:
        """Note that audio was sent."""
        self.until = self.dry_at() + seconds
        self._sent += seconds

    def dry_at(self) -> float:
        """Return when the audio that was sent has been played, or now, on the monotonic clock."""
        return max(self.until, time.monotonic())

    def due(self) -> float:
        """Return until when other requests go first: until the audio that was sent has been played.

        Long answers give way for longer, so that a few texts of an hour do not take the whole machine.
        """
        return self.dry_at() + (_SHARE if self._sent > _SHARE else 0.0)

    def is_dry(self) -> bool:
        """Return whether there is nothing to play."""
        return self.until <= time.monotonic()


class Response:
    """audio-start, audio-chunk…, audio-stop, and synthesize-stopped after a text stream."""

    def __init__(self, context: Context, request: Request, outbox: Outbox, playback: Playback) -> None:
        self._context = context
        self._lane = context.lane
        self._request = request
        self._outbox = outbox
        self._playback = playback
        self._narration = request.speaker.narrate()
        self._samples_per_chunk = context.settings.samples_per_chunk
        source_rate = request.speaker.voice.sample_rate
        self._rate = context.settings.rate or source_rate
        self._resampler = Resampler(source_rate, self._rate) if self._rate != source_rate else None
        self._samples = 0
        self._computing = 0.0
        self._started = time.monotonic()
        self._first_audio: float | None = None
        self._idle_since: float | None = None

    async def run(self) -> None:
        """Speak each sentence or passage as it comes, window by window.

        Raises:
            RequestError: ``busy``, or the rest of the text stream cannot be spoken.
            HayakoeError: the voice cannot be loaded, or fails.
            ConnectionError: the client has left, or reads nothing.
        """
        self._context.admission.check()
        await self._context.make_ready(self._request.speaker)
        self._idle_since = time.monotonic()
        await self._outbox.send(AudioStart(rate=self._rate, width=SAMPLE_WIDTH, channels=1).event())
        while (passage := await self._request.text.next_passage()) is not None:
            performer = await self._performer(passage)
            is_first = not self._narration.has_spoken
            if is_first:
                # Loading the voice or waiting for text may have taken long. From here to the lane nothing is awaited,
                # so that each of many simultaneous requests finds those before it in the queue.
                self._context.admission.check()
                self._check_client()
            self._idle_since = None
            sound, computing = self._samples / self._rate, self._computing
            steps = self._lane.iterate(
                self._speak(passage, performer),
                self._playback.due,
                is_first=is_first and self._playback.is_dry(),
                silent_steps=int(self._request.speaker.params.lead_silence > 0.0),
                is_wanted=lambda: self._outbox.is_wanted,
            )
            async with aclosing(steps) as windows:
                async for pcm in windows:
                    self._idle_since = time.monotonic()
                    await self._send(pcm)
                    self._idle_since = None
            self._idle_since = time.monotonic()
            # Not only at the end of an answer, which may be hours away.
            self._context.admission.learn(
                sound=self._samples / self._rate - sound, computing=self._computing - computing
            )
        if resampler := self._resampler:
            await self._send(await self._lane.run(lambda: to_pcm(resampler.finish())))
        await self._outbox.send(AudioStop().event())
        if self._request.is_stream:
            await self._outbox.send(SynthesizeStopped().event())

    @property
    def has_begun(self) -> bool:
        """Whether audio was sent."""
        return self._first_audio is not None

    @property
    def waits_since(self) -> float | None:
        """Since when the client has nothing to play, and the server waits for it: to send text, or to read.

        On the monotonic clock; in the future while it still plays, None while the server computes.
        """
        return None if self._idle_since is None else max(self._idle_since, self._playback.until)

    def timing(self) -> Timing:
        """Return the times of the answer so far."""
        began = self._request.text.complete_since or self._started
        return Timing(
            first_audio=None if self._first_audio is None else self._first_audio - began,
            total=time.monotonic() - began,
            sound=self._samples / self._rate,
            computing=self._computing,
        )

    def describe(self) -> str:
        """Return a line for the log, without the text, which is private."""
        timing = self.timing()
        first = "none" if timing.first_audio is None else f"{1000 * timing.first_audio:.0f} ms"
        return (
            f"{self._request.text.characters} characters, {timing.sound:.1f} s of sound "
            f"in {timing.total:.2f} s, first audio {first}"
        )

    def _check_client(self) -> None:
        """Raise ConnectionResetError if the client has left: TCP clients answer audio-start with a reset."""
        if not self._outbox.is_wanted:
            raise ConnectionResetError("the client has left")

    async def _performer(self, passage: Passage) -> Speaker | None:
        """Return who speaks a passage for which SSML names a voice; None is the speaker of the answer."""
        if (name := passage.manner.voice) is None:
            return None
        try:
            speaker = self._context.catalogue.find(Requested(name))
            await self._context.make_ready(speaker)
        except HayakoeError as error:
            _LOGGER.info("a voice that SSML names cannot speak (%s): the response keeps its own voice", error)
            return None
        return speaker

    def _speak(self, passage: Passage, performer: Speaker | None) -> Generator[bytes, None, None]:
        """Yield the rest of the sentence before, then ``passage``, as PCM at the answer's rate; runs on the lane."""
        windows = self._narration.speak(passage, performer)
        while True:
            began = time.monotonic()
            window = next(windows, None)
            if window is not None:
                pcm = to_pcm(self._resampler.feed(window) if self._resampler else window)
            self._computing += time.monotonic() - began
            if window is None:
                return
            yield pcm

    async def _send(self, pcm: bytes) -> None:
        size = self._samples_per_chunk * SAMPLE_WIDTH
        for start in range(0, len(pcm), size):
            chunk = AudioChunk(rate=self._rate, width=SAMPLE_WIDTH, channels=1, audio=pcm[start : start + size])
            await self._outbox.send(chunk.event())
            if self._narration.has_spoken:
                self._first_audio = self._first_audio or time.monotonic()
        samples = len(pcm) // SAMPLE_WIDTH
        self._samples += samples
        self._playback.add(samples / self._rate)
