"""A Style-Bert-VITS2 JP-Extra voice, in the shape that server and library use."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from itertools import cycle, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.disk import stamp
from wyoming_hayakoe.engine.graphs.model_file import model_files
from wyoming_hayakoe.engine.jp_extra import pauses
from wyoming_hayakoe.engine.jp_extra.bert import Bert
from wyoming_hayakoe.engine.jp_extra.duration_predictor import DurationPredictor
from wyoming_hayakoe.engine.jp_extra.inputs import InputMaker, Inputs
from wyoming_hayakoe.engine.jp_extra.network import JP_EXTRA
from wyoming_hayakoe.engine.jp_extra.parts import divide
from wyoming_hayakoe.engine.jp_extra.voice_files import VoiceFiles
from wyoming_hayakoe.engine.nominal_prosody import nominal_pitches, nominal_prosody
from wyoming_hayakoe.engine.prepare import rehearsal
from wyoming_hayakoe.engine.prepare.artifact import Artifact
from wyoming_hayakoe.engine.prepare.pace import read_by
from wyoming_hayakoe.engine.prepared_voice import PreparedVoice, Resources
from wyoming_hayakoe.engine.vits.phone_lengths import Collected, Course, Spans, lengths, spans_of_blanks
from wyoming_hayakoe.engine.vits.pitch import bend
from wyoming_hayakoe.engine.vits.preparation import PublishedGraph, Sentences, recipe
from wyoming_hayakoe.engine.vits.synthesizer import Synthesizer
from wyoming_hayakoe.symbols import PAD
from wyoming_hayakoe.utterance import Prosody, SynthesisParams, Utterance
from wyoming_hayakoe.voice import WINDOWS, Credit, Delivery, PhoneTiming, Speech, Waveform

# Memory of a loaded voice as a factor on the size of its files, measured with script/bench engine.
_OVERHEAD = 1.2

# About 25 s of speech at speed 1.
_MOST_PHONES = 300
_LEAST_PHONES = 60


class JPExtraVoice(PreparedVoice[Synthesizer]):
    """A Style-Bert-VITS2 JP-Extra voice. Safe to use from several threads."""

    def __init__(
        self,
        name: str,
        files: VoiceFiles,
        bert: Bert,
        resources: Resources,
        credit: Credit,
        load: Callable[[Path], Synthesizer] | None = None,
    ) -> None:
        """Take the files of a voice; its network is loaded at first use.

        Args:
            name: what it is called.
            files: its files.
            bert: the character BERT, which voices share.
            resources: what else they share.
            credit: author and licence.
            load: loads the network in place of ONNX Runtime.
        """
        self.description = files.about.description or name
        self.credit = credit
        self._bert = bert
        self._load_otherwise = load
        self._model = files.model
        self._config = files.config
        self.styles = tuple(self._config.styles)
        self.sample_rate = self._config.sample_rate
        self._maker = InputMaker(name, files.config, files.style_vectors, bert)
        self._predictor = DurationPredictor(files.predictor, resources.compiler.proofs)
        sentences = partial(rehearsed, self._maker, resources.read)
        graph = PublishedGraph(JP_EXTRA, files.model, self.sample_rate)
        how = recipe(name, graph, sentences, resources.compiler.precision, resources.execution)
        # What another runtime loads is no graph, but weights alone.
        how = how if load is None else replace(how, prove=None)
        parts = model_files(files.model)
        size = _OVERHEAD * sum(path.stat().st_size for path in parts)
        super().__init__(name, resources, how, size=int(size), level=stamp(*parts))

    @property
    def is_ready(self) -> bool:
        """Whether BERT and network are in memory, and the level is known."""
        return self._bert.is_ready and super().is_ready

    @property
    def is_compiled(self) -> bool:
        """Whether the form for this configuration is on disk, or none is made and the published one has been proved.

        The BERT's too, as far as that is known.
        """
        return super().is_compiled and self._bert.is_compiled

    @property
    def has_spoken(self) -> bool:
        """Whether its level has been measured on this machine, and what is here can be loaded as it is."""
        return super().has_spoken and self._bert.can_open

    @property
    def report(self) -> Mapping[str, Any] | None:
        """How the network's form for this configuration was made, and why; None where it is not on disk.

        Its pace has what the BERT takes, too.
        """
        report = super().report
        return report and read_by(report, self._bert.report or {})

    def compile(self) -> None:
        """Make the forms of BERT and network for this machine and keep them; that takes minutes.

        Raises:
            HayakoeError: a file is missing or damaged, or a form cannot be kept.
        """
        self._bert.compile()
        super().compile()
        if "uncut" in (self.report or {}):
            self._predictor.prove()

    def run_as_it_is(self) -> None:
        """Load from now on what is here, for network and BERT: this configuration's form, an earlier or the published.

        The BERT does so for all voices, until its own form has been made.

        Raises:
            HayakoeError: of network or BERT no form is here, and the published file may not be loaded.
        """
        super().run_as_it_is()
        self._bert.run_as_it_is()

    def prepare(self) -> None:
        """Load the BERT and the network, after preparing both if need be, and measure the level if it is unknown.

        Raises:
            HayakoeError: a file is missing or damaged.
        """
        if not self._forms.runs_as_it_is:
            # One after the other, since preparing takes memory; loading goes side by side.
            self._bert.compile_or_warn()
            self._forms.compile_or_warn()
        with ThreadPoolExecutor(1) as beside:
            loading = beside.submit(copy_context().run, self._bert.prepare)
            if not self._network().is_cut:
                self._predictor.prove()
            loading.result()
        self._level.gain()

    def speak(self, utterance: Utterance, params: SynthesisParams, delivery: Delivery = WINDOWS) -> Speech:
        """Speak a sentence in windows that grow; a whole one at once where the pitch is changed."""
        if not utterance.reading:
            return Speech(iter(()), ())
        timings: list[PhoneTiming] = []
        windows = self._windows(utterance, params, delivery, timings)
        if not delivery.raw:
            windows = self._level.applied(windows)
        return Speech(windows, timings if self._network().tells_durations else None)

    def prosody(self, utterance: Utterance, params: SynthesisParams) -> Prosody:
        """Return the network's lengths, which for the same seed are those of :meth:`speak`, and usual pitches.

        Raises:
            HayakoeError: the voice cannot be loaded, or its network fails.
        """
        if not utterance.reading:
            return nominal_prosody(utterance)
        params = replace(params, speed=1.0, seed=params.seed or 0)
        collected = Collected()
        for part in divide(utterance, _longest(params)):
            durations = self._durations(self._maker.inputs(part, params), params)
            if durations is None:
                return nominal_prosody(utterance)
            collected.add(lengths(durations, self._spans(part), self._config.hop / self.sample_rate))
        return Prosody(collected.seconds, nominal_pitches(utterance))

    def _windows(
        self,
        utterance: Utterance,
        params: SynthesisParams,
        delivery: Delivery,
        timings: list[PhoneTiming],
    ) -> Iterator[Waveform]:
        """Yield the network's sound; an endless sentence in parts, since attention takes memory by the square of it."""
        is_bent = (params.pitch_scale, params.intonation_scale) != (1.0, 1.0)
        course, place, samples = Course.of(utterance), 1, 0
        frame = self._config.hop / self.sample_rate
        for part in divide(utterance, _longest(params)):
            inputs = self._maker.inputs(part, params, delivery.together if part in delivery.together else ())
            here, spans = course.part(place, len(part.phones) - 2), self._spans(part)
            place += len(part.phones) - 2
            undivided = delivery.undivided or is_bent or here.changes_pitch
            retime = here.retime(spans, frame / params.speed)
            spoken = self._network().speak(inputs, params, undivided=undivided, retime=retime)
            if spoken.durations is not None:
                timings.extend(self._timings(part, spoken.durations, samples / self.sample_rate))
            factors = here.factors(spoken.durations, spans, frame)
            for window in spoken.windows:
                samples += len(window)
                if is_bent or factors is not None:
                    yield bend(window, self.sample_rate, params.pitch_scale, params.intonation_scale, factors)
                else:
                    yield window
        self._resources.models.trim()

    def pause(self, before: Utterance, after: Utterance, params: SynthesisParams) -> float:
        """Return the seconds that the network rests at the mark between the two when it reads them as one text."""
        # Of endless sentences only the part near the mark, for the same reason as in speaking.
        before, after = divide(before, _longest(params))[-1], divide(after, _longest(params))[0]
        both = pauses.joined(before, after)
        inputs = self._maker.inputs(both, params)
        durations = self._durations(inputs, params)
        if durations is None:
            return pauses.MINIMUM
        frames = pauses.rest(durations, before, add_blank=self._config.add_blank)
        return max(pauses.MINIMUM, frames * self._config.hop / self.sample_rate)

    def _spans(self, part: Utterance) -> Spans:
        return spans_of_blanks(len(part.phones), add_blank=self._config.add_blank)

    def _durations(self, inputs: Inputs, params: SynthesisParams) -> npt.NDArray[np.int64] | None:
        """Return the frames of each phone and blank; None where neither network nor predictor tells them."""
        durations = self._network().durations(inputs, params)
        return self._predictor.durations(inputs, params) if durations is None else durations

    def _load(self) -> Synthesizer:
        return super()._load() if self._load_otherwise is None else self._load_otherwise(self._model)

    def _open(self, compiled: Artifact | None) -> Synthesizer:
        execution, rate = self._resources.execution, self.sample_rate
        return Synthesizer(JP_EXTRA, self._model, compiled, execution, sample_rate=rate)

    def _timings(self, utterance: Utterance, durations: npt.NDArray[np.int64], offset: float) -> Iterator[PhoneTiming]:
        phones = list(utterance.phones)
        if self._config.add_blank:
            phones = [PAD, *(phone for each in phones for phone in (each, PAD))]
        seconds = self._config.hop / self.sample_rate
        for phone, frames, end in zip(phones, durations, np.cumsum(durations), strict=True):
            yield PhoneTiming(phone, offset + float(end - frames) * seconds, float(frames) * seconds)


def _longest(params: SynthesisParams) -> int:
    """Return the number of phones that are spoken in one piece."""
    return max(_LEAST_PHONES, int(_MOST_PHONES / params.speed))


def rehearsed(maker: InputMaker, read: Callable[[str], Utterance]) -> Sentences:
    """Return the sentences by which a voice is calibrated and judged, in all its styles and speakers in turn."""
    ways = list(product(maker.config.styles, maker.config.speakers.values()))

    def inputs(sentences: Sequence[str]) -> list[Inputs]:
        # A style that is louder than those of the calibration would be clipped.
        return [
            maker.inputs(read(sentence), SynthesisParams(style=style, speaker_id=speaker))
            for sentence, (style, speaker) in zip(sentences, cycle(ways), strict=False)
        ]

    return Sentences(inputs(rehearsal.CALIBRATION), inputs(rehearsal.HELD_OUT), maker.config.sample_rate)
