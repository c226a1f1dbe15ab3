"""Queries: how a text is spoken, as VOICEVOX's clients get it, and lengths and pitches of phrases that they send."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.http.voicevox.phrases import SpokenPhrase, json_of, sentences_of
from wyoming_hayakoe.server.http.voicevox.told import Memory
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text import accent_phrases, aquestalk
from wyoming_hayakoe.text.accent_phrases import AccentPhrase, PhraseMora
from wyoming_hayakoe.text.mora_prosody import MoraProsody, by_mora
from wyoming_hayakoe.text.passage_cutter import cut
from wyoming_hayakoe.utterance import Mora, Utterance

LONGEST_TEXT = 5_000
"""Characters of a text: some ten minutes, whose lengths and pitches are computed before the answer."""


@dataclass(frozen=True, slots=True)
class Told:
    """Accent phrases with lengths and pitches, as they are told to a client."""

    phrases: Sequence[SpokenPhrase]
    morae: Sequence[Mora]

    @property
    def json(self) -> list[dict[str, Any]]:
        """VOICEVOX's accent phrases."""
        return json_of(self.phrases, self.morae)

    @property
    def kana(self) -> str:
        """The same in its AquesTalk-like notation."""
        return aquestalk.written(tuple(spoken.phrase for spoken in self.phrases))


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells how one voice in one style speaks."""

    context: Context
    memory: Memory
    speaker: Speaker
    style: int

    async def of_text(self, text: str) -> Told:
        """Return a text as it would be spoken; computed sentence by sentence in steps of the lane.

        Raises:
            HayakoeError: the voice cannot be loaded, or fails.
        """
        front_end = self.speaker.front_end

        def sentences() -> Generator[Told, None, None]:
            for passage in cut(text, code=front_end.code):
                utterance = front_end.read(passage.text)
                if phrases := accent_phrases.accent_phrases(utterance):
                    yield self._told(phrases, utterance)

        return await self._joined(sentences())

    async def of_phrases(self, phrases: Sequence[AccentPhrase]) -> Told:
        """Return accent phrases as they would be spoken.

        Raises:
            ValueError: they cannot be spoken.
            HayakoeError: the voice cannot be loaded, or fails.
        """
        asked = [SpokenPhrase(phrase, (None,) * len(phrase.morae), None) for phrase in phrases]

        def sentences() -> Generator[Told, None, None]:
            for sentence in sentences_of(asked):
                words = [spoken.phrase for spoken in self.memory.recalled(self.style, sentence)]
                yield self._told(words, accent_phrases.utterance(words))

        return await self._joined(sentences())

    async def _joined(self, sentences: Generator[Told, None, None]) -> Told:
        await self.context.make_ready(self.speaker)
        phrases: list[SpokenPhrase] = []
        morae: list[Mora] = []
        async with aclosing(self.context.lane.iterate(sentences)) as found:
            async for told in found:
                phrases += told.phrases
                morae += told.morae
        return Told(phrases, morae)

    def _told(self, phrases: Sequence[AccentPhrase], utterance: Utterance) -> Told:
        """Return a sentence with the voice's own lengths and pitches, and remember it."""
        prosody = self.speaker.voice.prosody(utterance, _neutral(self.speaker))
        lengths, rests = by_mora(utterance, prosody)
        if phrases[-1].mark:
            # The silence at the end of a sentence is a part of the rest before the next.
            rests = (*rests[:-1], rests[-1] + prosody.seconds[-1])
        morae, waits = iter(lengths), iter(rests)
        spoken = []
        for phrase in phrases:
            own = tuple(_audible(mora, next(morae)) for mora in phrase.morae)
            spoken.append(SpokenPhrase(phrase, own, next(waits, None) if phrase.mark else None))
        self.memory.learn(self.style, spoken)
        return Told(spoken, [mora for word in utterance.words for mora in word.morae])


def query_of(told: Told, speaker: Speaker) -> Mapping[str, Any]:
    """Return an AudioQuery."""
    return {
        "accent_phrases": told.json,
        "speedScale": 1.0,
        "pitchScale": 0.0,
        "intonationScale": 1.0,
        "volumeScale": 1.0,
        "tempoDynamicsScale": 1.0,
        "prePhonemeLength": 0.1,
        "postPhonemeLength": 0.1,
        "pauseLength": None,
        "pauseLengthScale": 1.0,
        "outputSamplingRate": speaker.voice.sample_rate,
        "outputStereo": False,
        "kana": told.kana,
    }


def _neutral(speaker: Speaker) -> Any:
    """Return the speaker's parameters without those that a query applies later, and with a fixed seed."""
    return replace(speaker.params, speed=1.0, pitch_scale=1.0, intonation_scale=1.0, seed=speaker.params.seed or 0)


def _audible(mora: PhraseMora, told: MoraProsody) -> MoraProsody:
    """Return lengths and pitch with none where nothing vibrates."""
    return replace(told, pitch=0.0) if mora.devoiced or mora.kana == "ッ" else told
