"""A voice of Kokoro, in the shape that server and library use."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from wyoming_hayakoe.disk import stamp
from wyoming_hayakoe.engine.kokoro import fitted
from wyoming_hayakoe.engine.kokoro.line_prosody import SECONDS
from wyoming_hayakoe.engine.kokoro.networks import KokoroNetworks
from wyoming_hayakoe.engine.kokoro.phonemes import LONGEST, Line, divided
from wyoming_hayakoe.engine.kokoro.preparation import KokoroRehearsal, recipe
from wyoming_hayakoe.engine.kokoro.statistics import Predictor
from wyoming_hayakoe.engine.kokoro.synthesizer import SAMPLE_RATE, KokoroSynthesizer, SpokenLine
from wyoming_hayakoe.engine.kokoro.voice_files import KokoroFiles
from wyoming_hayakoe.engine.nominal_prosody import nominal_prosody
from wyoming_hayakoe.engine.prepare import rehearsal
from wyoming_hayakoe.engine.prepare.artifact import Artifact
from wyoming_hayakoe.engine.prepared_voice import PreparedVoice, Resources
from wyoming_hayakoe.engine.rests import rest_behind
from wyoming_hayakoe.engine.wanted_prosody import Wanted
from wyoming_hayakoe.symbols import PAD
from wyoming_hayakoe.utterance import Prosody, SynthesisParams, Utterance
from wyoming_hayakoe.voice import WINDOWS, Credit, Delivery, PhoneTiming, Speech, Waveform

# Memory of a loaded voice, measured.
_SIZE = 180 << 20

# At speed 1; a line that is spoken slowly has fewer symbols, for the memory that its blocks take.
_LEAST_SYMBOLS = 100


class KokoroVoice(PreparedVoice[KokoroSynthesizer]):
    """A voice of Kokoro. Safe to use from several threads.

    The same sentence always sounds the same: nothing in the network is random, and a seed changes nothing.
    """

    styles = ("normal",)
    sample_rate = SAMPLE_RATE

    def __init__(self, name: str, files: KokoroFiles, resources: Resources, credit: Credit) -> None:
        """Take the files of a voice; its network is loaded at first use."""
        self.description = f"Kokoro {files.voice.rpartition('_')[2]}"
        self.credit = credit
        self._files = files
        self._words: Any = None
        trial = KokoroRehearsal(self._rehearsed, resources.execution)
        made_of = f"{files.voice} {stamp(*files.model, files.style_file)} {fitted.digest(files.fitted_voice)}"
        level = hashlib.sha256(made_of.encode()).hexdigest()[:32]
        how = recipe(name, files, resources.compiler.precision, trial)
        super().__init__(name, resources, how, size=_SIZE, level=level)

    def speak(self, utterance: Utterance, params: SynthesisParams, delivery: Delivery = WINDOWS) -> Speech:
        """Speak a sentence in windows that grow."""
        if not utterance.reading:
            return Speech(iter(()), ())
        timings: list[PhoneTiming] = []
        windows = self._windows(utterance, params, delivery, timings)
        if not delivery.raw:
            windows = self._level.applied(windows)
        return Speech(windows, timings)

    def prosody(self, utterance: Utterance, params: SynthesisParams) -> Prosody:
        """Return the lengths and pitches that the network and the accent give the phones.

        Raises:
            HayakoeError: the voice cannot be loaded, or its network fails.
        """
        usual = nominal_prosody(utterance)
        params = replace(params, speed=1.0, pitch_scale=1.0, intonation_scale=1.0)
        seconds, pitches = list(usual.seconds), [0.0] * len(usual.pitches)
        place = 1
        for line in divided(utterance, self._known_words()):
            inner = slice(place, place + len(line.phones))
            place = inner.stop
            if not line.morae:
                continue
            found, sung = self._network().prosody(line, params)
            seconds[inner], pitches[inner] = found[1:-1], sung[1:-1]
            seconds[0] = found[0] if inner.start == 1 else seconds[0]
            seconds[-1] = found[-1]
        return Prosody(tuple(seconds), tuple(pitches))

    def pause(self, before: Utterance, after: Utterance, params: SynthesisParams) -> float:
        """Return the seconds of rest behind a sentence, which depend on the mark that ends it."""
        return rest_behind(before, params)

    def _windows(
        self,
        utterance: Utterance,
        params: SynthesisParams,
        delivery: Delivery,
        timings: list[PhoneTiming],
    ) -> Iterator[Waveform]:
        """Yield the network's sound; a sentence that is too long for it in lines."""
        wanted, place, samples = Wanted.of(utterance), 1, 0
        longest = max(_LEAST_SYMBOLS, int(LONGEST / max(1.0, params.speed)))
        for line in divided(utterance, self._known_words(), longest):
            here = wanted.part(place, len(line.phones)) if wanted and line.morae else None
            place += len(line.phones)
            if not line.morae:
                continue
            spoken = self._network().speak(line, params, here, undivided=delivery.undivided)
            timings.extend(_timings(line, spoken, samples / self.sample_rate))
            for window in spoken.windows:
                samples += len(window)
                yield window
        self._resources.models.trim()

    def _known_words(self) -> Any:
        if self._words is None:
            self._words = self._files.words()
        return self._words

    def _rehearsed(self) -> Line:
        """Return the sentence by which the voice's form is judged."""
        return divided(self._resources.read(rehearsal.HELD_OUT[0]), self._known_words())[0]

    def _open(self, compiled: Artifact | None) -> KokoroSynthesizer:
        files = self._files
        stages = KokoroNetworks.open(files, compiled, self._resources.execution)
        return KokoroSynthesizer(stages, files.styles(), files.vocabulary, Predictor.of_voice(files.fitted_voice))

    def _measure_gain(self) -> float:
        known = fitted.gain(self._files.fitted_voice)
        return super()._measure_gain() if known is None else known


def _timings(line: Line, spoken: SpokenLine, offset: float) -> Iterator[PhoneTiming]:
    """Yield when each phone of a line sounds, in seconds from ``offset``, with the silence at either end."""
    last = spoken.stop - spoken.start
    # Token 0 is the silence before the first symbol.
    ends = np.clip(2 * np.cumsum(spoken.durations) - spoken.start, 0, last)

    def timing(phone: str, start: int, stop: int) -> PhoneTiming:
        return PhoneTiming(phone, offset + start * SECONDS, (stop - start) * SECONDS)

    yield timing(PAD, 0, int(ends[0]))
    for each in line.phones:
        yield timing(each.phone, int(ends[each.start]), int(ends[each.stop]))
    yield timing(PAD, int(ends[len(line.symbols)]), last)
