"""A voice of Kokoro, in the shape that server and library use."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wyoming_hayakoe.disk import stamp
from wyoming_hayakoe.engine.kokoro import fitted
from wyoming_hayakoe.engine.kokoro.networks import KokoroNetworks
from wyoming_hayakoe.engine.kokoro.phonemes import LONGEST, Line, divided
from wyoming_hayakoe.engine.kokoro.preparation import KokoroRehearsal, recipe
from wyoming_hayakoe.engine.kokoro.statistics import Predictor
from wyoming_hayakoe.engine.kokoro.synthesizer import SAMPLE_RATE, SECONDS, KokoroSynthesizer, SpokenLine
from wyoming_hayakoe.engine.kokoro.voice_files import KokoroFiles
from wyoming_hayakoe.engine.loudness import Level, gain_for
from wyoming_hayakoe.engine.prepare import rehearsal
from wyoming_hayakoe.engine.prepare.compiler import Compiler
from wyoming_hayakoe.engine.prepare.forms import Forms
from wyoming_hayakoe.engine.rests import rest_behind
from wyoming_hayakoe.engine.runtime.model_cache import ModelCache, Place
from wyoming_hayakoe.engine.runtime.session import Execution
from wyoming_hayakoe.symbols import PAD
from wyoming_hayakoe.utterance import SynthesisParams, Utterance
from wyoming_hayakoe.voice import WINDOWS, Credit, Delivery, PhoneTiming, Speech, Waveform

# Memory of a loaded voice, measured.
_SIZE = 180 << 20

# At speed 1; a line that is spoken slowly has fewer symbols, for the memory that its blocks take.
_LEAST_SYMBOLS = 100


@dataclass(frozen=True, slots=True)
class KokoroShared:
    """Objects that all voices of Kokoro in one program share."""

    models: ModelCache
    """The voices in memory."""

    levels: Path
    """Folder in which the voices' levels are kept."""

    read: Callable[[str], Utterance]
    """Reads the sentences of the rehearsal."""

    compiler: Compiler
    """Prepares voices for this machine."""

    execution: Execution
    """The configuration of sessions."""


class KokoroVoice:
    """A voice of Kokoro. Safe to use from several threads.

    The same sentence always sounds the same: nothing in the network is random, and a seed changes nothing.
    """

    languages = ("ja",)
    styles = ("normal",)
    sample_rate = SAMPLE_RATE

    def __init__(self, name: str, files: KokoroFiles, shared: KokoroShared, credit: Credit) -> None:
        """Take the files of a voice; its network is loaded at first use."""
        self.name = name
        self.description = f"Kokoro {files.voice.rpartition('_')[2]}"
        self.credit = credit
        self._shared = shared
        self._files = files
        how = recipe(name, files, shared.compiler.precision, KokoroRehearsal(self._rehearsed, shared.execution))
        self._forms = Forms(shared.compiler, how)
        self._place: Place[KokoroSynthesizer] = shared.models.place(name, _SIZE)
        made_of = f"{files.voice} {stamp(*files.model, files.style_file)} {fitted.digest(files.fitted_voice)}"
        key = hashlib.sha256(made_of.encode()).hexdigest()[:32]
        self._level = Level(shared.levels / f"{key}.json", self._measure_gain)
        self._words: Any = None

    @property
    def is_ready(self) -> bool:
        """Whether the network is in memory, and the level is known."""
        return self._place.model is not None and self._level.is_known

    @property
    def is_compiled(self) -> bool:
        """Whether the form for this configuration is on disk, or none is made and the published graph may be loaded."""
        return self._forms.is_compiled

    @property
    def has_spoken(self) -> bool:
        """Whether its level is known on this machine, and what is here can be loaded as it is."""
        return self._level.is_kept and self._forms.can_open

    @property
    def report(self) -> Mapping[str, Any] | None:
        """How the network's form for this configuration was made, and why; None where it is not on disk."""
        return self._forms.report

    def compile(self) -> None:
        """Make the form for this machine and keep it; that takes seconds.

        Raises:
            HayakoeError: a file is missing or damaged, or the form cannot be kept.
        """
        self._forms.compile()

    def run_as_it_is(self) -> None:
        """Load from now on what is here: this configuration's form, an earlier one, or the published graph.

        Raises:
            HayakoeError: no form is here, and the published graph may not be loaded.
        """
        self._forms.take_what_is_here()

    def prepare(self) -> None:
        """Load the network, after preparing it if need be, and measure the level if it is unknown.

        Raises:
            HayakoeError: a file is missing or damaged.
        """
        self._synthesizer()
        self._level.gain()

    def speak(self, utterance: Utterance, params: SynthesisParams, delivery: Delivery = WINDOWS) -> Speech:
        """Speak a sentence in windows that grow."""
        if not utterance.reading:
            return Speech(iter(()), ())
        timings: list[PhoneTiming] = []
        windows = self._windows(utterance, params, delivery, timings)
        if not delivery.raw:
            windows = self._level.applied(windows)
        return Speech(windows, timings)

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
        samples = 0
        longest = max(_LEAST_SYMBOLS, int(LONGEST / max(1.0, params.speed)))
        for line in divided(utterance, self._known_words(), longest):
            if not line.morae:
                continue
            spoken = self._synthesizer().speak(line, params, undivided=delivery.undivided)
            timings.extend(_timings(line, spoken, samples / self.sample_rate))
            for window in spoken.windows:
                samples += len(window)
                yield window
        self._shared.models.trim()

    def _known_words(self) -> Any:
        if self._words is None:
            self._words = self._files.words()
        return self._words

    def _rehearsed(self) -> Line:
        """Return the sentence by which the voice's form is judged."""
        return divided(self._shared.read(rehearsal.HELD_OUT[0]), self._known_words())[0]

    def _synthesizer(self) -> KokoroSynthesizer:
        if (loaded := self._place.find()) is None:
            if not self._forms.runs_as_it_is:
                # Other voices may be loaded while this one is being made.
                self._forms.compile_or_warn()
            loaded = self._place.get(self._load)
        return loaded

    def _load(self) -> KokoroSynthesizer:
        files = self._files
        open_stages = partial(KokoroNetworks.open, files, execution=self._shared.execution)
        stages = self._forms.open(lambda compiled: open_stages(compiled=compiled))
        return KokoroSynthesizer(stages, files.styles(), files.vocabulary, Predictor.of_voice(files.fitted_voice))

    def _measure_gain(self) -> float:
        if (known := fitted.gain(self._files.fitted_voice)) is not None:
            return known
        windows = [
            window
            for sentence in rehearsal.LEVEL
            for window in self.speak(self._shared.read(sentence), SynthesisParams(), Delivery(raw=True)).windows
        ]
        return gain_for(np.concatenate(windows), self.sample_rate)


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
