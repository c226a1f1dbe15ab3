"""A Piper voice, in the shape that server and library use."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.disk import stamp
from wyoming_hayakoe.engine.graphs.model_file import model_files
from wyoming_hayakoe.engine.loudness import Level, gain_for
from wyoming_hayakoe.engine.piper.inputs import PiperInputs, inputs_of
from wyoming_hayakoe.engine.piper.network import PIPER
from wyoming_hayakoe.engine.piper.phonemes import LONGEST, PiperLine, encode
from wyoming_hayakoe.engine.piper.voice_files import PiperFiles
from wyoming_hayakoe.engine.prepare import rehearsal
from wyoming_hayakoe.engine.prepare.compiler import Compiler
from wyoming_hayakoe.engine.prepare.forms import Forms
from wyoming_hayakoe.engine.rests import rest_behind
from wyoming_hayakoe.engine.runtime.model_cache import ModelCache, Place
from wyoming_hayakoe.engine.runtime.session import Execution
from wyoming_hayakoe.engine.vits.pitch import bend
from wyoming_hayakoe.engine.vits.preparation import PublishedGraph, Sentences, recipe
from wyoming_hayakoe.engine.vits.synthesizer import Synthesizer
from wyoming_hayakoe.errors import HayakoeError, some_of
from wyoming_hayakoe.utterance import SynthesisParams, Utterance
from wyoming_hayakoe.voice import WINDOWS, Credit, Delivery, PhoneTiming, Speech, Waveform

# Memory of a loaded voice as a factor on the size of its file, measured with joe and a full-size voice of piper-plus,
# which stores its weights in half as many bits.
_OVERHEAD = {"piper": 1.4, "piper-plus": 2.4}

# Ids of a line; fewer of one that is spoken slowly, for the memory that its frames take.
_LEAST_IDS = 60

# Seconds over which the sound fades out where it is cut off.
_FADE = 0.005


@dataclass(frozen=True, slots=True)
class PiperShared:
    """Objects that all Piper voices of one program share."""

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


class PiperVoice:
    """A Piper or piper-plus voice. Safe to use from several threads.

    The frames of the end symbol are left out in piper-plus's voices, as in all of piper-plus's own runtimes: what they
    hold is trained on too few frames, and is heard as the last syllable said again.
    """

    languages = ("ja",)

    def __init__(self, name: str, files: PiperFiles, shared: PiperShared, credit: Credit) -> None:
        """Take the files of a voice; its network is loaded at first use."""
        self.name = name
        self.description = files.about.description or name
        self.credit = credit
        self._shared = shared
        self._model = files.model
        self._config = files.config
        self.styles = tuple(self._config.speakers)
        self.sample_rate = self._config.sample_rate
        graph = PublishedGraph(PIPER, files.model, self.sample_rate)
        self._forms = Forms(
            shared.compiler, recipe(name, graph, self._rehearsed, shared.compiler.precision, shared.execution)
        )
        parts = model_files(files.model)
        size = _OVERHEAD[self._config.kind] * sum(path.stat().st_size for path in parts)
        self._place: Place[Synthesizer] = shared.models.place(name, int(size))
        self._level = Level(shared.levels / f"{stamp(*parts)}.json", self._measure_gain)

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
        """Make the form for this machine and keep it; that takes up to a minute.

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
        """Speak a sentence in windows that grow; a whole one at once where the pitch is changed."""
        if not utterance.reading:
            return Speech(iter(()), ())
        speaker = self._speaker(params.style)
        timings: list[PhoneTiming] = []
        windows = self._windows(self._lines(utterance, params), speaker, params, delivery, timings)
        if not delivery.raw:
            windows = self._level.applied(windows)
        return Speech(windows, timings if self._synthesizer().tells_durations else None)

    def pause(self, before: Utterance, after: Utterance, params: SynthesisParams) -> float:
        """Return the seconds of rest behind a sentence, which depend on the mark that ends it.

        The network has no rest of its own there: in the middle of a text, a full stop is written as a comma is.
        """
        return rest_behind(before, params)

    def _windows(
        self,
        lines: Sequence[PiperLine],
        speaker: int,
        params: SynthesisParams,
        delivery: Delivery,
        timings: list[PhoneTiming],
    ) -> Iterator[Waveform]:
        """Yield the network's sound; an endless sentence line by line, since attention takes memory by its square."""
        is_bent = (params.pitch_scale, params.intonation_scale) != (1.0, 1.0)
        samples = 0
        for line in lines:
            unheard = line.phones[-1].stop - line.phones[-1].start if self._config.kind == "piper-plus" else 0
            inputs = inputs_of(line, self._config, speaker)
            undivided = delivery.undivided or is_bent
            spoken = self._synthesizer().speak(inputs, params, undivided=undivided, unheard=unheard)
            windows = spoken.windows
            if spoken.durations is not None:
                ends = np.concatenate([[0], np.cumsum(spoken.durations)]) * spoken.hop
                timings.extend(_timings(line, (samples + ends) / self.sample_rate))
                if unheard:
                    windows = _faded_out(windows, int(ends[-1]), int(_FADE * self.sample_rate))
            for window in windows:
                samples += len(window)
                if is_bent:
                    yield bend(window, self.sample_rate, params.pitch_scale, params.intonation_scale)
                else:
                    yield window
        self._shared.models.trim()

    def _lines(self, utterance: Utterance, params: SynthesisParams) -> tuple[PiperLine, ...]:
        slowness = max(1.0, params.speed * self._config.length)
        return encode(utterance, self._config, max(_LEAST_IDS, int(LONGEST / slowness)))

    def _speaker(self, style: str | None) -> int:
        if style is not None and style not in self._config.speakers:
            raise HayakoeError(f"voice {self.name!r} has no style {style!r}: it has {some_of(self.styles)}")
        return self._config.speakers[style or self.styles[0]]

    def _synthesizer(self) -> Synthesizer:
        if (loaded := self._place.find()) is None:
            if not self._forms.runs_as_it_is:
                # Other voices may be loaded while this one is being made.
                self._forms.compile_or_warn()
            loaded = self._place.get(self._load)
        return loaded

    def _load(self) -> Synthesizer:
        load = partial(Synthesizer, PIPER, self._model, execution=self._shared.execution, sample_rate=self.sample_rate)
        return self._forms.open(lambda compiled: load(compiled=compiled))

    def _rehearsed(self) -> Sentences:
        """Return the sentences by which the voice is calibrated and judged, by all its speakers in turn."""

        def inputs(sentences: Sequence[str]) -> list[PiperInputs]:
            speakers = cycle(self._config.speakers.values())
            return [
                inputs_of(encode(self._shared.read(sentence), self._config)[0], self._config, speaker)
                for sentence, speaker in zip(sentences, speakers, strict=False)
            ]

        return Sentences(inputs(rehearsal.CALIBRATION), inputs(rehearsal.HELD_OUT), self.sample_rate)

    def _measure_gain(self) -> float:
        params = SynthesisParams(seed=0)
        windows = [
            window
            for sentence in rehearsal.LEVEL
            for window in self.speak(self._shared.read(sentence), params, Delivery(undivided=True, raw=True)).windows
        ]
        return gain_for(np.concatenate(windows), self.sample_rate)


def _timings(line: PiperLine, ends: npt.NDArray[np.float64]) -> Iterator[PhoneTiming]:
    """Yield when each phone of a line sounds; ``ends`` are the seconds before each id, and those behind the last."""
    for phone in line.phones:
        start, end = float(ends[phone.start]), float(ends[phone.stop])
        yield PhoneTiming(phone.phone, start, end - start)


def _faded_out(windows: Iterator[Waveform], total: int, fade: int) -> Iterator[Waveform]:
    """Yield ``windows``, of ``total`` samples together, the last ``fade`` of which fade out."""
    position = 0
    for window in windows:
        left = total - np.arange(position, position + len(window))
        position += len(window)
        yield (window * np.clip(left / fade, 0.0, 1.0)).astype(np.float32)
