"""A Style-Bert-VITS2 JP-Extra voice as the server and the library use it."""

import glob
import hashlib
import itertools
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.jp_extra import pauses
from wyoming_hayakoe.engine.jp_extra.bert import Bert, expand
from wyoming_hayakoe.engine.jp_extra.config import style_vector
from wyoming_hayakoe.engine.jp_extra.duration_predictor import DurationPredictor
from wyoming_hayakoe.engine.jp_extra.inputs import Inputs
from wyoming_hayakoe.engine.jp_extra.loudness import gain_for, remembered_gain, soften
from wyoming_hayakoe.engine.jp_extra.parts import counts_with_blanks, divide, with_blanks
from wyoming_hayakoe.engine.jp_extra.pitch import bend
from wyoming_hayakoe.engine.jp_extra.synthesizer import Synthesizer
from wyoming_hayakoe.engine.jp_extra.voice_files import VoiceFiles
from wyoming_hayakoe.engine.prepare import rehearsal
from wyoming_hayakoe.engine.prepare.compiler import Compiled, Compiler
from wyoming_hayakoe.engine.prepare.int8_trial import Rehearsal
from wyoming_hayakoe.engine.runtime.model_cache import ModelCache
from wyoming_hayakoe.engine.runtime.session import Execution
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.symbols import PAD, language_ids, phone_ids, tone_ids
from wyoming_hayakoe.utterance import SynthesisParams, Utterance
from wyoming_hayakoe.voice import WINDOWS, Credit, Delivery, PhoneTiming, Speech, Waveform

# What a loaded voice takes beside its weights, as a factor on the size of its files: measured, see script/bench engine.
_OVERHEAD = 1.2

_NUMBERS = itertools.count(1)

# About 25 s of speech at speed 1.
_MOST_PHONES = 300
_LEAST_PHONES = 60


@dataclass(frozen=True, slots=True)
class Shared:
    """What all neural voices of one program share."""

    bert: Bert
    """The character BERT."""

    residency: ModelCache
    """Which voices are in memory."""

    levels: Path
    """Folder that remembers the voices' levels."""

    read: Callable[[str], Utterance]
    """Reads the sentences of the rehearsal."""

    compiler: Compiler
    """Makes the form in which voices run."""

    execution: Execution
    """How they run."""

    load: Callable[[Path], Synthesizer] | None = None
    """What loads networks instead of ONNX Runtime."""


class JPExtraVoice:
    """A Style-Bert-VITS2 JP-Extra voice. Safe to use from several threads."""

    languages = ("ja",)

    def __init__(self, name: str, files: VoiceFiles, shared: Shared, credit: Credit) -> None:
        """Take what has been read; the network itself is loaded when it is first needed."""
        self.name = name
        self.description = files.about.description or name
        self.credit = credit
        self._shared = shared
        self._model = files.model
        self._config = files.config
        self._style_vectors = files.style_vectors
        self.styles = tuple(self._config.styles)
        self.sample_rate = self._config.sample_rate
        self._size, fingerprint = _measure_files(self._model)
        self._level_file = shared.levels / f"{fingerprint}.json"
        # A voice that is opened anew, because its files have changed, is another one.
        self._key = f"{name} ({next(_NUMBERS)})"
        weakref.finalize(self, shared.residency.drop, self._key).atexit = False
        self._level: float | None = None
        self._compiling = threading.Lock()
        self._runs_as_it_is = False
        self._predictor = DurationPredictor(files.predictor)

    @property
    def is_ready(self) -> bool:
        """Whether BERT and network are in memory, and the level is known."""
        is_loaded = self._shared.bert.is_ready and self._key in self._shared.residency.names
        return is_loaded and self._level is not None

    @property
    def is_compiled(self) -> bool:
        """Whether :meth:`compile` has nothing to do."""
        return self._runs_as_it_is or not self._shared.compiler.is_enabled or self.report is not None

    @property
    def has_spoken(self) -> bool:
        """Whether its level has been measured on this machine, which the first :meth:`prepare` does."""
        return self._level_file.exists()

    @property
    def report(self) -> dict[str, Any] | None:
        """What was made of it for this machine, and why; None where that has not been done."""
        return self._shared.compiler.voice_report(self.name, self._model)

    def compile(self) -> None:
        """Make ahead what :meth:`prepare` loads; the first time, that takes a while.

        Raises:
            HayakoeError: a file is missing, or is not what it should be.
        """
        self._shared.bert.compile()
        self._find_compiled()

    def run_as_it_is(self) -> None:
        """Do without :meth:`compile`, which did not succeed."""
        self._runs_as_it_is = True

    def prepare(self) -> None:
        """Load the BERT and the network, and measure the level if that has not been done.

        Raises:
            HayakoeError: a file is missing, or is not what it should be.
        """
        if not self.is_compiled:
            # One after the other, since that takes memory; what is left can be loaded side by side.
            self.compile()
        with ThreadPoolExecutor(1) as beside:
            loading = beside.submit(copy_context().run, self._shared.bert.prepare)
            self._synthesizer()
            loading.result()
        self._gain()

    def speak(self, utterance: Utterance, params: SynthesisParams, delivery: Delivery = WINDOWS) -> Speech:
        """Speak a sentence in windows that grow; a whole one at once where the pitch is changed."""
        if not utterance.reading:
            return Speech(iter(()), ())
        timings: list[PhoneTiming] = []
        windows = self._windows(utterance, params, delivery, timings)
        if not delivery.raw:
            gain = np.float32(self._gain())
            windows = (soften(window * gain) for window in windows)
        return Speech(windows, timings if self._synthesizer().tells_durations else None)

    def _windows(
        self,
        utterance: Utterance,
        params: SynthesisParams,
        delivery: Delivery,
        timings: list[PhoneTiming],
    ) -> Iterator[Waveform]:
        """Yield the network's sound; an endless sentence in parts, since attention takes memory by its square."""
        is_bent = (params.pitch_scale, params.intonation_scale) != (1.0, 1.0)
        samples = 0
        for part in divide(utterance, _longest(params)):
            inputs = self._inputs(part, params, delivery.together if part in delivery.together else (part,))
            spoken = self._synthesizer().speak(inputs, params, undivided=delivery.undivided or is_bent)
            if spoken.durations is not None:
                timings.extend(self._timings(part, spoken.durations, samples / self.sample_rate))
            for window in spoken.windows:
                samples += len(window)
                if is_bent:
                    yield bend(window, self.sample_rate, params.pitch_scale, params.intonation_scale)
                else:
                    yield window
        self._shared.residency.settle()

    def pause(self, before: Utterance, after: Utterance, params: SynthesisParams) -> float:
        """Return how long the network rests at the mark between the two when it reads them as one text."""
        # Of endless sentences only what is near the mark, for the same reason as in speaking.
        before, after = divide(before, _longest(params))[-1], divide(after, _longest(params))[0]
        both = pauses.joined(before, after)
        inputs = self._inputs(both, params, (both,))
        durations = self._synthesizer().durations(inputs, params)
        if durations is None:
            durations = self._predictor.durations(inputs, params)
        if durations is None:
            return pauses.MINIMUM
        frames = pauses.rest(durations, before, add_blank=self._config.add_blank)
        return max(pauses.MINIMUM, frames * self._config.hop / self.sample_rate)

    def _synthesizer(self) -> Synthesizer:
        if (loaded := self._shared.residency.find(self._key)) is None:
            # Others may be loaded while this is being made.
            self._find_compiled()
            loaded = self._shared.residency.get(self._key, self._load, int(_OVERHEAD * self._size))
        synthesizer: Synthesizer = loaded
        return synthesizer

    def _find_compiled(self) -> Compiled | None:
        if self._runs_as_it_is:
            return None
        with self._compiling:
            return self._shared.compiler.voice(self.name, self._model, self._rehearse)

    def _load(self) -> Synthesizer:
        if self._shared.load is not None:
            return self._shared.load(self._model)
        for _ in range(2):
            if (compiled := self._find_compiled()) is None:
                break
            try:
                return Synthesizer(self._model, compiled, self._shared.execution)
            except HayakoeError:
                self._shared.compiler.discard(compiled)
        return Synthesizer(self._model, None, self._shared.execution)

    def _rehearse(self) -> Rehearsal:
        """Return what the quality gate hears."""

        def inputs(sentences: Sequence[str]) -> list[Inputs]:
            utterances = [self._shared.read(sentence) for sentence in sentences]
            return [self._inputs(utterance, SynthesisParams(), (utterance,)) for utterance in utterances]

        return Rehearsal(inputs(rehearsal.CALIBRATION), inputs(rehearsal.HELD_OUT), self.sample_rate, self._model)

    def _inputs(self, utterance: Utterance, params: SynthesisParams, together: Sequence[Utterance]) -> Inputs:
        """Return what the network takes; the BERT reads all of ``together`` in one call."""
        texts = tuple(each.bert_text for each in together)
        features = self._shared.bert.features(texts)[texts.index(utterance.bert_text)]
        phones, tones = phone_ids(utterance.phones), tone_ids(utterance.tones)
        languages, counts = language_ids(len(phones)), utterance.word2ph
        if self._config.add_blank:
            phones, tones, languages = with_blanks(phones), with_blanks(tones), with_blanks(languages)
            counts = tuple(counts_with_blanks(counts))
        return Inputs(
            phones=np.array(phones, dtype=np.int64),
            tones=np.array(tones, dtype=np.int64),
            languages=np.array(languages, dtype=np.int64),
            bert=expand(features, counts),
            style=style_vector(self._style_vectors, self._style_row(params.style), params.style_weight),
            speaker_id=self._speaker_id(params.speaker_id),
        )

    def _style_row(self, style: str | None) -> int:
        style = style or self.styles[0]
        if style not in self._config.styles:
            raise HayakoeError(f"voice {self.name!r} has no style {style!r}: it has {', '.join(self.styles)}")
        return self._config.styles[style]

    def _speaker_id(self, speaker_id: int) -> int:
        known = sorted(self._config.speakers.values())
        if speaker_id not in known:
            raise HayakoeError(f"voice {self.name!r} has no speaker {speaker_id}: it has {', '.join(map(str, known))}")
        return speaker_id

    def _timings(self, utterance: Utterance, durations: npt.NDArray[np.int64], offset: float) -> Iterator[PhoneTiming]:
        phones = list(utterance.phones)
        if self._config.add_blank:
            phones = [PAD, *(phone for each in phones for phone in (each, PAD))]
        seconds = self._config.hop / self.sample_rate
        for phone, frames, end in zip(phones, durations, np.cumsum(durations), strict=True):
            yield PhoneTiming(phone, offset + float(end - frames) * seconds, float(frames) * seconds)

    def _gain(self) -> float:
        if self._level is None:
            self._level = remembered_gain(self._level_file, self._measure_gain)
        return self._level

    def _measure_gain(self) -> float:
        params = SynthesisParams(seed=0)
        windows = [
            window
            for sentence in rehearsal.LEVEL
            for window in self.speak(self._shared.read(sentence), params, Delivery(undivided=True, raw=True)).windows
        ]
        return gain_for(np.concatenate(windows), self.sample_rate)


def _longest(params: SynthesisParams) -> int:
    """Return the phones that are spoken in one piece."""
    return max(_LEAST_PHONES, int(_MOST_PHONES / params.speed))


def _measure_files(model: Path) -> tuple[int, str]:
    """Return the bytes of a graph and its external data, and a text that changes when they do."""
    files = [path for path in sorted(model.parent.glob(f"{glob.escape(model.name)}*")) if path.is_file()]
    facts = [(path.name, stat.st_size, stat.st_mtime_ns) for path in files for stat in [path.stat()]]
    return sum(size for _, size, _ in facts), hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
