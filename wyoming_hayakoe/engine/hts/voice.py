"""An HTS voice in Open JTalk's HTS engine, driven by Open JTalk's features of an utterance."""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.audio import active_rms, limit
from wyoming_hayakoe.disk import stamp
from wyoming_hayakoe.engine.hts.breath_groups import MAX_PHONES, MIN_PHONES, TAIL, BreathGroup, breath_groups, labels_of
from wyoming_hayakoe.engine.hts.distributions import DurationModel
from wyoming_hayakoe.engine.hts.engines import EnginePool, intoned, read_checked
from wyoming_hayakoe.engine.hts.label_places import aligned
from wyoming_hayakoe.engine.hts.proof import RUNTIME, prove_hts
from wyoming_hayakoe.engine.hts.timings import LateTimings, timings_of
from wyoming_hayakoe.engine.hts.tree_prosody import PitchModel, prosody_of
from wyoming_hayakoe.engine.hts.voice_files import HTSFiles
from wyoming_hayakoe.engine.hts.wanted_course import GroupCourse, Parts, course_of, with_parts
from wyoming_hayakoe.engine.loudness import Level, loudness
from wyoming_hayakoe.engine.nominal_prosody import nominal_prosody
from wyoming_hayakoe.engine.prepare import rehearsal
from wyoming_hayakoe.engine.prepare.proofs import Proofs
from wyoming_hayakoe.engine.wanted_prosody import Wanted
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.utterance import Prosody, SynthesisParams, Utterance
from wyoming_hayakoe.voice import WINDOWS, Credit, Delivery, PhoneTiming, Speech, Waveform

# The engine's output is on the scale of 16-bit samples and exceeds their range for a third of Mei's sentences. With
# this gain most speech has an RMS of -17 dBFS; short exclamations are louder, and attenuated to _LOUDEST.
_FULL_SCALE = 32768.0
_GAIN = 0.8
_LOUDEST = 0.16
_CEILING = 0.89
_AUDIBLE = 0.01
_FADE = 0.005

MEI_LUFS = -16.23
"""Loudness of the engine's own output with Mei, in the sentences by which a level is measured; others get the same."""

_MOST_GAIN = 10 ** (24 / 20)


@dataclass(frozen=True, slots=True)
class HTSShared:
    """Objects that all HTS voices in one program share."""

    proofs: Proofs
    """Proofs that files may be loaded."""

    levels: Path
    """Folder in which the voices' levels are kept."""

    read: Callable[[str], Utterance]
    """Reads the sentences by which a level is measured."""


class StyleVoice:
    """One .htsvoice file: its engines, its level and its durations."""

    def __init__(self, path: Callable[[], Path], level: Level | None = None) -> None:
        """Load nothing yet; without ``level`` it is that of Mei."""
        self._path = path
        self.engines = EnginePool(path)
        self.level = level

    @cached_property
    def size(self) -> int:
        """Bytes of the file; 0 where it is not there."""
        try:
            return self._path().stat().st_size
        except (OSError, HayakoeError):
            return 0

    @cached_property
    def _data(self) -> bytes:
        return read_checked(self._path())

    @cached_property
    def durations(self) -> DurationModel:
        """What tells how long phones last."""
        return DurationModel.parse(self._data)

    @cached_property
    def pitches(self) -> PitchModel:
        """What tells how high they are."""
        return PitchModel.parse(self._data, self.durations)

    def synthesize(
        self, labels: Sequence[str], params: SynthesisParams, parts: Parts | None = None
    ) -> npt.NDArray[np.float64]:
        """Return the engine's output for the labels of a breath group, around ±1.

        ``parts`` replace some of the file, whose course of pitch they have at an intonation of 1.

        Raises:
            HayakoeError: the file cannot be loaded.
        """
        engines = self.engines
        lent = engines.made(self._changed(parts, params)) if parts else engines.lent(params.intonation_scale)
        with lent as engine:
            # The engine resets both after each synthesis.
            engine.set_speed(1 / params.speed)
            engine.add_half_tone(12 * math.log2(params.pitch_scale))
            wave: npt.NDArray[np.float64] = engine.synthesize(list(labels))
        return wave / _FULL_SCALE

    def _changed(self, parts: Parts, params: SynthesisParams) -> bytes:
        return intoned(with_parts(self._data, parts), params.intonation_scale)

    def levelled(self, wave: npt.NDArray[np.float64], fade: int) -> Waveform:
        """Return a breath group at its level without clipping, faded to zero at both ends against clicks."""
        if self.level is not None:
            wave = wave * self.level.gain()
        within = limit(wave, ceiling=1.0, block=fade)
        rms = active_rms(within, block=fade, threshold=_AUDIBLE)
        samples = limit(within * min(_GAIN, _LOUDEST / max(rms, _AUDIBLE)), _CEILING, block=fade).astype(np.float32)
        ramp = np.linspace(0.0, 1.0, min(fade, len(samples)), dtype=np.float32)
        samples[: len(ramp)] *= ramp
        samples[len(samples) - len(ramp) :] *= ramp[::-1]
        return samples


class SpokenByHTS:
    """What all HTS voices have in common: sentences in breath groups, with timings. Safe to use from several threads.

    A subclass has the attributes of :class:`~wyoming_hayakoe.voice.Voice`.
    """

    name: str
    languages = ("ja",)
    styles: Sequence[str]
    sample_rate: int
    report = None

    def __init__(self, files: "dict[str, StyleVoice]") -> None:
        """Take what speaks, by style."""
        self._files = files

    @property
    def size(self) -> int:
        """Bytes of its files, as many as an engine takes."""
        return sum(file.size for file in self._files.values())

    @property
    def is_ready(self) -> bool:
        """Whether an engine is loaded for the default style, and all levels are known."""
        files = list(self._files.values())
        return files[0].engines.is_loaded and all(file.level is None or file.level.is_known for file in files)

    def prepare(self) -> None:
        """Load an engine for each style, and measure its level if it is unknown.

        Raises:
            HayakoeError: a file cannot be loaded.
        """
        for file in self._files.values():
            with file.engines.lent():
                pass
            if file.level is not None:
                file.level.gain()

    def speak(self, utterance: Utterance, params: SynthesisParams, delivery: Delivery = WINDOWS) -> Speech:
        """Return one window per breath group, with the silence before it; the last also has the silence after it."""
        return Speech(self._windows(utterance, params), LateTimings(lambda: self._timings(utterance, params)))

    def prosody(self, utterance: Utterance, params: SynthesisParams) -> Prosody:
        """Return the lengths and pitches that the trees of the file give.

        Raises:
            HayakoeError: the file cannot be loaded.
        """
        groups = _groups(utterance, replace(params, speed=1.0))
        alignment = aligned(utterance, groups) if groups else None
        if alignment is None:
            return nominal_prosody(utterance)
        file = self._file(params)
        return prosody_of(utterance, groups, alignment, file.durations, file.pitches)

    def _course(self, utterance: Utterance, params: SynthesisParams) -> GroupCourse:
        """Return what is synthesised; of what is wanted nothing where labels and phones are not the same."""
        groups = _groups(utterance, params)
        wanted = Wanted.of(utterance) if groups else None
        alignment = aligned(utterance, groups) if wanted else None
        if wanted is None or alignment is None:
            return GroupCourse(groups)
        file = self._file(params)
        return course_of(utterance, groups, alignment, wanted, (file.durations, file.pitches), speed=params.speed)

    def pause(self, before: Utterance, after: Utterance, params: SynthesisParams) -> float:
        """Return the seconds of silence at the end of a sentence, which this voice's audio already includes."""
        return TAIL * params.speed

    def _windows(self, utterance: Utterance, params: SynthesisParams) -> Iterator[Waveform]:
        file, course = self._file(params), self._course(utterance, params)
        for index, (rest, labels) in enumerate(course.groups):
            wave = file.synthesize(labels, params, course.parts[index] if course.parts else None)
            pieces = [self._silence(rest * params.speed), file.levelled(wave, round(_FADE * self.sample_rate))]
            if index == len(course.groups) - 1:
                pieces.append(self._silence(course.tail * params.speed))
            yield np.concatenate(pieces)

    def _timings(self, utterance: Utterance, params: SynthesisParams) -> list[PhoneTiming]:
        course = self._course(utterance, params)
        models = course.models or [self._file(params).durations] * len(course.groups)
        return timings_of(course.groups, models, params.speed, tail=course.tail)

    def _file(self, params: SynthesisParams) -> StyleVoice:
        return self._files[params.style if params.style is not None else self.styles[0]]

    def _silence(self, seconds: float) -> Waveform:
        return np.zeros(round(seconds * self.sample_rate), dtype=np.float32)


class HTSVoice(SpokenByHTS):
    """The voice of .htsvoice files from anywhere, each of which is proved before it is loaded."""

    def __init__(self, name: str, files: HTSFiles, shared: HTSShared, credit: Credit) -> None:
        """Take the files of a voice, which are loaded at first use."""
        self.name = name
        self.description = "HTS voice"
        self.styles = tuple(files.styles)
        self.sample_rate = files.sample_rate
        self.credit = credit
        self._shared = shared
        self._paths = files.styles
        super().__init__({style: self._style(path) for style, path in files.styles.items()})

    @property
    def is_compiled(self) -> bool:
        """Whether all files are proved, and their levels known, in the data folder."""
        has = self._shared.proofs.has
        return all(has(path, prove_hts, RUNTIME) for path in self._paths.values()) and self._has_levels

    @property
    def has_spoken(self) -> bool:
        """Whether it can speak at once: there is no other form."""
        return self.is_compiled

    def compile(self) -> None:
        """Prove the files and measure their levels, which takes a second each.

        Raises:
            HayakoeError: a file is missing or damaged.
        """
        self.prepare()

    def run_as_it_is(self) -> None:
        """Do what :meth:`compile` does: there is no other form.

        Raises:
            HayakoeError: a file is missing or damaged.
        """
        self.compile()

    @property
    def _has_levels(self) -> bool:
        return all(file.level is None or file.level.is_kept for file in self._files.values())

    def _style(self, path: Path) -> StyleVoice:
        def proved() -> Path:
            self._shared.proofs.require(path, prove_hts, RUNTIME)
            return path

        key = hashlib.sha256(stamp(path).encode()).hexdigest()[:32]
        file = StyleVoice(proved)
        file.level = Level(self._shared.levels / f"{key}.json", lambda: measured_gain(file, self._shared.read))
        return file


def raw_loudness(file: StyleVoice, read: Callable[[str], Utterance], sample_rate: int) -> float:
    """Return the loudness of the engine's own output in LUFS, in the sentences by which a level is measured."""
    params = SynthesisParams()
    waves = [
        file.synthesize(labels, params) for sentence in rehearsal.LEVEL for _, labels in _groups(read(sentence), params)
    ]
    sound = np.nan_to_num(np.concatenate(waves), posinf=0.0, neginf=0.0)
    return loudness(sound.astype(np.float32), sample_rate)


def measured_gain(file: StyleVoice, read: Callable[[str], Utterance]) -> float:
    """Return the factor that brings a file to the level of Mei; 1 for silence."""
    measured = raw_loudness(file, read, file.durations.header.sample_rate)
    if not math.isfinite(measured):
        return 1.0
    return float(np.clip(10 ** ((MEI_LUFS - measured) / 20), 1 / _MOST_GAIN, _MOST_GAIN))


def _groups(utterance: Utterance, params: SynthesisParams) -> list[BreathGroup]:
    return breath_groups(labels_of(utterance), max(MIN_PHONES, int(MAX_PHONES / params.speed)))
