"""The sound of one answer, whatever the protocol: admission, the lane, resampling and the times of the answer."""

import logging
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing

from wyoming_hayakoe.audio import SAMPLE_WIDTH, Resampler, to_pcm
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.narration import ReadSentence
from wyoming_hayakoe.server.catalogue import Requested
from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.metrics import Timing
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


class Answer:
    """Passages or sentences spoken to one client, one after another, as 16-bit PCM."""

    def __init__(
        self,
        context: Context,
        speaker: Speaker,
        playback: Playback,
        *,
        rate: int | None = None,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Speak with ``speaker``.

        Args:
            context: the server's settings, voices and lanes.
            speaker: who speaks, unless SSML names another voice.
            playback: what the client has been sent before.
            rate: samples per second; None is the server's, or else the voice's own.
            is_wanted: tells whether the client is still there.
        """
        self._context = context
        self._speaker = speaker
        self._playback = playback
        self._is_wanted = is_wanted
        self._narration = speaker.narrate()
        source_rate = speaker.voice.sample_rate
        self.rate = rate or context.settings.rate or source_rate
        """Samples per second of the PCM."""
        self._resampler = Resampler(source_rate, self.rate) if self.rate != source_rate else None
        self._samples = 0
        self._computing = 0.0
        self._began = time.monotonic()
        self._first_audio: float | None = None

    @property
    def has_begun(self) -> bool:
        """Whether audio was sent."""
        return self._first_audio is not None

    async def admit(self) -> None:
        """Check that the answer may be given now, and load its voice.

        Raises:
            RequestError: ``busy``.
            HayakoeError: the voice cannot be loaded.
        """
        self._context.admission.check()
        await self._context.make_ready(self._speaker)

    async def windows(self, item: Passage | ReadSentence) -> AsyncGenerator[bytes, None]:
        """Yield the rest before ``item`` and its sound, each window computed when it is needed; closing cancels them.

        The caller reports each window to :meth:`sent` before it asks for the next.

        Raises:
            RequestError: ``busy``, before the first window of the answer.
            HayakoeError: the voice fails.
            ConnectionResetError: the client left before the first window of the answer.
        """
        performer = await self._performer(item) if isinstance(item, Passage) else None
        is_first = not self._narration.has_spoken
        if is_first:
            # Loading the voice or waiting for text may have taken long. From here to the lane nothing is awaited,
            # so that each of many simultaneous requests finds those before it in the queue.
            self._context.admission.check()
            if not self._is_wanted():
                raise ConnectionResetError("the client has left")
        sound, computing = self._samples / self.rate, self._computing
        steps = self._context.lane.iterate(
            self._compute(item, performer),
            self._playback.due,
            is_first=is_first and self._playback.is_dry(),
            silent_steps=int(self._speaker.params.lead_silence > 0.0),
            is_wanted=self._is_wanted,
        )
        async with aclosing(steps) as windows:
            async for pcm in windows:
                yield pcm
        # Not only at the end of an answer, which may be hours away.
        sound, computing = self._samples / self.rate - sound, self._computing - computing
        self._context.admission.learn(sound=sound, computing=computing)
        voice = (performer or self._speaker).voice
        self._context.paces.learn(voice.name, sound=sound, computing=computing)

    async def finish(self) -> bytes:
        """Return what the resampler still holds at the end of the answer."""
        if (resampler := self._resampler) is None:
            return b""
        return await self._context.lane.run(lambda: to_pcm(resampler.finish()))

    def sent(self, pcm: bytes) -> None:
        """Note that ``pcm`` was sent to the client."""
        if self._narration.has_spoken:
            self._first_audio = self._first_audio or time.monotonic()
        samples = len(pcm) // SAMPLE_WIDTH
        self._samples += samples
        self._playback.add(samples / self.rate)

    def timing(self, since: float | None = None) -> Timing:
        """Return the times of the answer so far.

        Args:
            since: when its first sentence was complete, on the monotonic clock; None is when the answer was made.
        """
        began = since or self._began
        return Timing(
            first_audio=None if self._first_audio is None else self._first_audio - began,
            total=time.monotonic() - began,
            sound=self._samples / self.rate,
            computing=self._computing,
        )

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

    def _compute(self, item: Passage | ReadSentence, performer: Speaker | None) -> Generator[bytes, None, None]:
        """Yield the rest of the sentence before, then ``item``, as PCM at the answer's rate; runs on the lane."""
        narration = self._narration
        windows = narration.say(item) if isinstance(item, ReadSentence) else narration.speak(item, performer)
        while True:
            began = time.monotonic()
            window = next(windows, None)
            if window is not None:
                pcm = to_pcm(self._resampler.feed(window) if self._resampler else window)
            self._computing += time.monotonic() - began
            if window is None:
                return
            yield pcm


def described(timing: Timing, characters: int) -> str:
    """Return the line of an answer for the log, without the text, which is private."""
    first = "none" if timing.first_audio is None else f"{1000 * timing.first_audio:.0f} ms"
    return f"{characters} characters, {timing.sound:.1f} s of sound in {timing.total:.2f} s, first audio {first}"
