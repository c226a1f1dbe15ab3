"""Sentences spoken one after another, with the pauses between them."""

import secrets
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Protocol

import numpy as np

from wyoming_hayakoe.audio import Resampler, TrailingSilence, amplified
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.text.frontend import FrontEnd
from wyoming_hayakoe.text.passage import Passage
from wyoming_hayakoe.text.passage_cutter import cut
from wyoming_hayakoe.utterance import SynthesisParams, Utterance
from wyoming_hayakoe.voice import WINDOWS, Delivery, PhoneTiming, Voice, Waveform

# A voice computes a group as a block as wide as its longest sentence, and the listener waits for all of it: so the
# block is bounded, not the text in it. Measured with a BERT of full size: five sentences of 10 characters take 0.8
# times as long together as one by one, five of 24 as long, and more text takes longer.
_GROUP_SENTENCES = 8
_GROUP_CHARACTERS = 64

_AS_CHOSEN = Passage("")


class Performer(Protocol):
    """A voice with its parameters."""

    @property
    def voice(self) -> Voice:
        """The voice."""

    @property
    def params(self) -> SynthesisParams:
        """How it speaks."""


Cast = Callable[[str], Performer | None]
"""Finds the voice of a name; None where there is none that can speak now."""


@dataclass(frozen=True, slots=True)
class ReadSentence:
    """A sentence that has been read already."""

    utterance: Utterance

    rest: float | None = None
    """Seconds of silence before it; None is what the voice rests between two sentences."""


class Narration:
    """One listener's sentences in their order, one by one or as a whole text. For one thread at a time.

    Of a sentence only that is kept on which the pause behind it depends.
    """

    def __init__(
        self,
        voice: Voice,
        front_end: FrontEnd,
        params: SynthesisParams,
        *,
        delivery: Delivery = WINDOWS,
        with_timing: bool = False,
    ) -> None:
        """Narrate with ``voice``.

        Args:
            voice: the voice.
            front_end: reads the text.
            params: parameters of the synthesis; without a seed, one is sampled for all sentences.
            delivery: windows or whole sentences; the groups of sentences are formed here.
            with_timing: collect :attr:`timings`.
        """
        self._voice = voice
        self._front_end = front_end
        self._params = params if params.seed is not None else replace(params, seed=secrets.randbits(32))
        self._delivery = delivery
        self.sentences = 0
        """Sentences that have begun to sound."""
        self._before: Utterance | None = None
        self._silence = TrailingSilence()
        self._samples = 0
        self._has_led = False
        self.has_spoken = False
        """Whether the voice's first window has been yielded; what comes before is silence, and takes no computing."""
        self.timings: list[PhoneTiming] | None = [] if with_timing else None
        """The phones so far, in seconds from the start of the first sentence; None without ``with_timing``."""

    @property
    def volume(self) -> float:
        """The factor on the level, for a caller that sets the level of a whole text."""
        return self._params.volume

    def speak(self, passage: Passage | str, performer: Performer | None = None) -> Generator[Waveform, None, None]:
        """Yield the next passage or sentence, as they are cut, in windows; none where it has neither mora nor rest.

        Args:
            passage: what to speak, and in what manner.
            performer: who speaks it; None is the voice of this narration, whose sample rate all windows have.

        Raises:
            HayakoeError: the voice cannot speak, or has no timings and they were requested.
        """
        passage = Passage(passage) if isinstance(passage, str) else passage
        utterance = self._front_end.read(passage.text)
        if _says_something(utterance):
            yield from self._speak(utterance, passage=passage, performer=performer)
        elif passage.rest:
            yield self._counted(self._silent(passage.rest))

    def say(self, sentence: ReadSentence) -> Generator[Waveform, None, None]:
        """Yield a sentence that has been read already in windows; none where it has no mora.

        Raises:
            HayakoeError: the voice cannot speak.
        """
        if _says_something(sentence.utterance):
            yield from self._speak(sentence.utterance, passage=Passage("", rest=sentence.rest))

    def speak_text(self, text: str) -> Generator[Waveform, None, None]:
        """Yield all sentences of a text in windows, computed in groups where that is faster.

        Raises:
            HayakoeError: the voice cannot speak, or has no timings and they were requested.
        """
        passages = cut(text, code=self._front_end.code)
        utterances = (self._front_end.read(passage.text) for passage in passages)
        for group in groups(utterance for utterance in utterances if _says_something(utterance)):
            for utterance in group:
                yield from self._speak(utterance, together=group)

    def speak_ssml(self, ssml: str, cast: Cast = lambda _: None) -> Generator[Waveform, None, None]:
        """Yield all passages of SSML in windows; those of voices that ``cast`` does not find by this voice.

        Raises:
            HayakoeError: a voice cannot speak, or has no timings and they were requested.
        """
        for passage in cut(ssml, ssml=True):
            yield from self.speak(passage, cast(passage.manner.voice) if passage.manner.voice else None)

    def _speak(
        self,
        utterance: Utterance,
        *,
        together: tuple[Utterance, ...] = (),
        passage: Passage = _AS_CHOSEN,
        performer: Performer | None = None,
    ) -> Generator[Waveform, None, None]:
        yield from self._lead()
        voice, params = self._voice, self._params
        if performer is not None:
            voice, params = performer.voice, replace(performer.params, seed=self._params.seed)
        params = passage.manner.applied(params)
        speech = voice.speak(utterance, params, replace(self._delivery, together=together))
        if self.timings is not None and speech.timings is None:
            raise HayakoeError(f"voice {voice.name!r} does not know when its phones sound: leave timing out")
        windows = (window for window in self._resampled(speech.windows, voice) if window.size)
        if (first := next(windows, None)) is None:
            return
        rest = self._begin(utterance, params, passage)
        start = (self._samples + len(rest)) / self._voice.sample_rate
        sound = map(self._counted, chain([np.concatenate([rest, first])], windows))
        volume = 1.0 if self._delivery.raw else params.volume * passage.manner.volume
        for window in amplified(sound, volume, self._voice.sample_rate):
            if window.size:
                self.has_spoken = True
                yield window
        if self.timings is not None and speech.timings is not None:
            self.timings += [replace(timing, start=timing.start + start) for timing in speech.timings]

    def _lead(self) -> Iterator[Waveform]:
        """Yield the silence before the first sentence, which leaves before that is computed."""
        if not self._has_led and (samples := round(self._params.lead_silence * self._voice.sample_rate)):
            self._samples += samples
            yield np.zeros(samples, dtype=np.float32)
        self._has_led = True

    def _resampled(self, windows: Iterator[Waveform], voice: Voice) -> Iterator[Waveform]:
        """Yield the windows of ``voice`` at the sample rate of this narration."""
        if voice.sample_rate == self._voice.sample_rate:
            yield from windows
            return
        resampler = Resampler(voice.sample_rate, self._voice.sample_rate)
        for window in windows:
            yield resampler.feed(window)
        yield resampler.finish()

    def _begin(self, utterance: Utterance, params: SynthesisParams, passage: Passage) -> Waveform:
        """Return the rest before a sentence that has sound, and measure that sentence from now on."""
        wanted = passage.rest
        if wanted is None:
            wanted = 0.0 if self._before is None else self._voice.pause(self._before, utterance, params)
        if self._before is not None and (passage.rest is None or passage.is_paragraph):
            wanted += self._params.sentence_silence
        rest = self._silent(wanted)
        self._before = utterance
        self._silence = TrailingSilence()
        self.sentences += 1
        return rest

    def _silent(self, seconds: float) -> Waveform:
        """Return the silence of so many seconds, less what has been silent already."""
        return np.zeros(max(0, round(seconds * self._voice.sample_rate) - self._silence.samples), dtype=np.float32)

    def _counted(self, window: Waveform) -> Waveform:
        self._silence.feed(window)
        self._samples += len(window)
        return window


def groups(utterances: Iterable[Utterance]) -> Iterator[tuple[Utterance, ...]]:
    """Yield ``utterances`` in groups that a voice may compute in one call.

    The first is alone, so that its sound comes soonest; none is taken before it is needed.
    """
    limit = 1
    group: tuple[Utterance, ...] = ()
    for utterance in utterances:
        width = max(len(one.bert_text) for one in (*group, utterance))
        if group and (len(group) + 1) * width > _GROUP_CHARACTERS:
            yield group
            group = ()
        group = (*group, utterance)
        if len(group) == limit:
            yield group
            limit = _GROUP_SENTENCES
            group = ()
    if group:
        yield group


def _says_something(utterance: Utterance) -> bool:
    return any(word.morae for word in utterance.words)
