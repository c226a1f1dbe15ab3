"""A Piper voice, in the shape that server and library use."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.disk import stamp
from wyoming_hayakoe.engine.graphs.model_file import model_files
from wyoming_hayakoe.engine.nominal_prosody import nominal_pitches, nominal_prosody
from wyoming_hayakoe.engine.piper.inputs import PiperInputs, inputs_of
from wyoming_hayakoe.engine.piper.network import PIPER
from wyoming_hayakoe.engine.piper.phonemes import LONGEST, PiperLine, encode
from wyoming_hayakoe.engine.piper.voice_files import PiperFiles
from wyoming_hayakoe.engine.prepare import rehearsal
from wyoming_hayakoe.engine.prepare.artifact import Artifact
from wyoming_hayakoe.engine.prepared_voice import PreparedVoice, Resources
from wyoming_hayakoe.engine.rests import rest_behind
from wyoming_hayakoe.engine.vits.phone_lengths import Collected, Course, Spans, lengths
from wyoming_hayakoe.engine.vits.pitch import bend
from wyoming_hayakoe.engine.vits.preparation import PublishedGraph, Sentences, recipe
from wyoming_hayakoe.engine.vits.synthesizer import Synthesizer
from wyoming_hayakoe.errors import HayakoeError, some_of
from wyoming_hayakoe.utterance import Prosody, SynthesisParams, Utterance
from wyoming_hayakoe.voice import WINDOWS, Credit, Delivery, PhoneTiming, Speech, Waveform

# Memory of a loaded voice as a factor on the size of its file, measured with joe and a full-size voice of piper-plus,
# which stores its weights in half as many bits.
_OVERHEAD = {"piper": 1.4, "piper-plus": 2.4}

# Ids of a line; fewer of one that is spoken slowly, for the memory that its frames take.
_LEAST_IDS = 60

# Seconds over which the sound fades out where it is cut off.
_FADE = 0.005


class PiperVoice(PreparedVoice[Synthesizer]):
    """A Piper or piper-plus voice. Safe to use from several threads.

    The frames of the end symbol are left out in piper-plus's voices, as in all of piper-plus's own runtimes: what they
    hold is trained on too few frames, and is heard as the last syllable said again.
    """

    def __init__(self, name: str, files: PiperFiles, resources: Resources, credit: Credit) -> None:
        """Take the files of a voice; its network is loaded at first use."""
        self.description = files.about.description or name
        self.credit = credit
        self._model = files.model
        self._config = files.config
        self.styles = tuple(self._config.speakers)
        self.sample_rate = self._config.sample_rate
        graph = PublishedGraph(PIPER, files.model, self.sample_rate)
        how = recipe(name, graph, self._rehearsed, resources.compiler.precision, resources.execution)
        parts = model_files(files.model)
        size = _OVERHEAD[self._config.kind] * sum(path.stat().st_size for path in parts)
        super().__init__(name, resources, how, size=int(size), level=stamp(*parts))

    def speak(self, utterance: Utterance, params: SynthesisParams, delivery: Delivery = WINDOWS) -> Speech:
        """Speak a sentence in windows that grow; a whole one at once where the pitch is changed."""
        if not utterance.reading:
            return Speech(iter(()), ())
        speaker = self._speaker(params.style)
        timings: list[PhoneTiming] = []
        lines, course = self._lines(utterance, params), Course.of(utterance)
        windows = self._windows(lines, course, speaker=speaker, params=params, delivery=delivery, timings=timings)
        if not delivery.raw:
            windows = self._level.applied(windows)
        return Speech(windows, timings if self._network().tells_durations else None)

    def pause(self, before: Utterance, after: Utterance, params: SynthesisParams) -> float:
        """Return the seconds of rest behind a sentence, which depend on the mark that ends it.

        The network has no rest of its own there: in the middle of a text, a full stop is written as a comma is.
        """
        return rest_behind(before, params)

    def prosody(self, utterance: Utterance, params: SynthesisParams) -> Prosody:
        """Return the network's lengths, which for the same seed are those of :meth:`speak`, and usual pitches.

        Raises:
            HayakoeError: the voice cannot be loaded, or its network fails.
        """
        params = replace(params, speed=1.0, seed=params.seed or 0)
        speaker = self._speaker(params.style)
        collected = Collected()
        for line in self._lines(utterance, params):
            network = self._network()
            durations = network.durations(inputs_of(line, self._config, speaker), params)
            if durations is None or not network.hop:
                return nominal_prosody(utterance)
            collected.add(lengths(durations, self._spans(line), network.hop / self.sample_rate))
        return Prosody(collected.seconds, nominal_pitches(utterance)) if collected else nominal_prosody(utterance)

    def _windows(
        self,
        lines: Sequence[PiperLine],
        course: Course,
        *,
        speaker: int,
        params: SynthesisParams,
        delivery: Delivery,
        timings: list[PhoneTiming],
    ) -> Iterator[Waveform]:
        """Yield the network's sound; an endless sentence line by line, since attention takes memory by its square."""
        is_bent = (params.pitch_scale, params.intonation_scale) != (1.0, 1.0)
        network, place, samples = self._network(), 1, 0
        frame = network.hop / self.sample_rate
        for line in lines:
            here, spans = course.part(place, len(line.phones) - 2), self._spans(line)
            place += len(line.phones) - 2
            unheard = self._unheard(line)
            spoken = network.speak(
                inputs_of(line, self._config, speaker),
                params,
                undivided=delivery.undivided or is_bent or here.changes_pitch,
                unheard=unheard,
                retime=here.retime(spans, frame / params.speed),
            )
            windows = spoken.windows
            if spoken.durations is not None:
                ends = np.concatenate([[0], np.cumsum(spoken.durations)]) * spoken.hop
                timings.extend(_timings(line, (samples + ends) / self.sample_rate))
                if unheard:
                    windows = _faded_out(windows, int(ends[-1]), int(_FADE * self.sample_rate))
            factors = here.factors(spoken.durations, spans, spoken.hop / self.sample_rate)
            for window in windows:
                samples += len(window)
                if is_bent or factors is not None:
                    yield bend(window, self.sample_rate, params.pitch_scale, params.intonation_scale, factors)
                else:
                    yield window
        self._resources.models.trim()

    def _spans(self, line: PiperLine) -> Spans:
        """Return the ids of each phone of a line that are spoken."""
        stop = len(line.ids) - self._unheard(line)
        return [(phone.start, min(phone.stop, max(phone.start, stop))) for phone in line.phones]

    def _unheard(self, line: PiperLine) -> int:
        """Return how many ids at the end of a line are not spoken."""
        return line.phones[-1].stop - line.phones[-1].start if self._config.kind == "piper-plus" else 0

    def _lines(self, utterance: Utterance, params: SynthesisParams) -> tuple[PiperLine, ...]:
        slowness = max(1.0, params.speed * self._config.length)
        return encode(utterance, self._config, max(_LEAST_IDS, int(LONGEST / slowness)))

    def _speaker(self, style: str | None) -> int:
        if style is not None and style not in self._config.speakers:
            raise HayakoeError(f"voice {self.name!r} has no style {style!r}: it has {some_of(self.styles)}")
        return self._config.speakers[style or self.styles[0]]

    def _open(self, compiled: Artifact | None) -> Synthesizer:
        execution, rate = self._resources.execution, self.sample_rate
        return Synthesizer(PIPER, self._model, compiled, execution, sample_rate=rate)

    def _rehearsed(self) -> Sentences:
        """Return the sentences by which the voice is calibrated and judged, by all its speakers in turn."""

        def inputs(sentences: Sequence[str]) -> list[PiperInputs]:
            speakers = cycle(self._config.speakers.values())
            return [
                inputs_of(encode(self._resources.read(sentence), self._config)[0], self._config, speaker)
                for sentence, speaker in zip(sentences, speakers, strict=False)
            ]

        return Sentences(inputs(rehearsal.CALIBRATION), inputs(rehearsal.HELD_OUT), self.sample_rate)


def spans_of(line: PiperLine) -> Spans:
    """Return the ids of each phone of a line."""
    return [(phone.start, phone.stop) for phone in line.phones]


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
