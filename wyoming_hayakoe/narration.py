"""Sentences spoken one after another, with the pauses between them."""

import secrets
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace

import numpy as np

from wyoming_hayakoe.audio import TrailingSilence
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.text import sentences
from wyoming_hayakoe.text.frontend import FrontEnd
from wyoming_hayakoe.utterance import SynthesisParams, Utterance
from wyoming_hayakoe.voice import WINDOWS, Delivery, PhoneTiming, Voice, Waveform

# A voice computes a group as a block as wide as its longest sentence, and the listener waits for all of it: so the
# block is bounded, not the text in it. Measured with a BERT of full size: five sentences of 10 characters take 0.8
# times as long together as one by one, five of 24 as long, and more text takes longer.
_GROUP_SENTENCES = 8
_GROUP_CHARACTERS = 64


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
        self._before: Utterance | None = None
        self._silence = TrailingSilence()
        self._samples = 0
        self.timings: list[PhoneTiming] | None = [] if with_timing else None
        """The phones so far, in seconds from the start of the first sentence; None without ``with_timing``."""

    def speak(self, sentence: str) -> Generator[Waveform, None, None]:
        """Yield the next sentence, as the splitter cuts them, in windows; none where it has no mora.

        Raises:
            HayakoeError: the voice cannot speak, or has no timings and they were requested.
        """
        yield from self._speak(self._front_end.read(sentence), together=())

    def speak_text(self, text: str) -> Generator[Waveform, None, None]:
        """Yield all sentences of a text in windows, computed in groups where that is faster.

        Raises:
            HayakoeError: the voice cannot speak, or has no timings and they were requested.
        """
        utterances = (self._front_end.read(sentence) for sentence in sentences.split(text))
        for group in groups(utterance for utterance in utterances if _says_something(utterance)):
            for utterance in group:
                yield from self._speak(utterance, together=group)

    def _speak(self, utterance: Utterance, together: tuple[Utterance, ...]) -> Generator[Waveform, None, None]:
        if not _says_something(utterance):
            return
        speech = self._voice.speak(utterance, self._params, replace(self._delivery, together=together))
        if self.timings is not None and speech.timings is None:
            raise HayakoeError(f"voice {self._voice.name!r} does not know when its phones sound: leave timing out")
        windows = (window for window in speech.windows if window.size)
        if (first := next(windows, None)) is None:
            return
        rest = self._begin(utterance)
        start = (self._samples + len(rest)) / self._voice.sample_rate
        yield self._counted(np.concatenate([rest, first]))
        for window in windows:
            yield self._counted(window)
        if self.timings is not None and speech.timings is not None:
            self.timings += [replace(timing, start=timing.start + start) for timing in speech.timings]

    def _begin(self, utterance: Utterance) -> Waveform:
        """Return the pause before a sentence that has sound, and measure that sentence from now on."""
        rate = self._voice.sample_rate
        rest = 0
        if self._before is not None:
            pause = self._voice.pause(self._before, utterance, self._params)
            rest = max(0, round(pause * rate) - self._silence.samples)
        self._before = utterance
        self._silence = TrailingSilence()
        return np.zeros(rest, dtype=np.float32)

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
