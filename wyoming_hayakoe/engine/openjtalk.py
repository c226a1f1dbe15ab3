"""Built-in voice: the HTS voice Mei in Open JTalk's HTS engine, driven by Open JTalk's features of an utterance.

The engine synthesises only whole sentences, and half of a short sentence is silence that costs as much as speech. So a
sentence is cut at its pauses into breath groups, each is synthesised without the silent labels around it, and the
pauses are inserted as zeros: the first audio is ready after one breath group, and silence costs nothing. The labels
keep their full context, so the intonation of a whole sentence is kept.
"""

import math
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.audio import active_rms, limit
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.utterance import SynthesisParams, Utterance
from wyoming_hayakoe.voice import WINDOWS, Credit, Delivery, Speech, Waveform

if TYPE_CHECKING:
    from pyopenjtalk.htsengine import HTSEngine

# Seconds at speed 1. Mei's duration model pauses for 0.39 to 0.43 s at a comma, and for 0.30 to 0.36 s at either end of
# a sentence. 0.1 s is enough at the start, since that silence adds to the delay of the first sound.
_LEAD = 0.1
_PAUSE = 0.4
_TAIL = 0.33
_BREATH = 0.2

# Fewer phones than this sound forced: the model scales its spectrum to the variance of whole sentences. A shorter
# breath group is synthesised together with the next.
_MIN_PHONES = 8
# About 7 s of speech at speed 1: people say no more in one breath, and the lane's thread keeps other clients waiting
# meanwhile. Past it a group ends with its accent phrase, and at the latest after a quarter more.
_MAX_PHONES = 90

# The engine's output is on the scale of 16-bit samples and exceeds their range for a third of all sentences. With this
# gain most speech has an RMS of -17 dBFS; short exclamations are louder, and attenuated to _LOUDEST.
_FULL_SCALE = 32768.0
_GAIN = 0.8
_LOUDEST = 0.16
_CEILING = 0.89
_AUDIBLE = 0.01
_FADE = 0.005

_SILENCE = frozenset({"sil", "pau"})
_PHONE = re.compile(r"-([^-+]+)\+")
_MORA_IN_PHRASE = re.compile(r"/A:-?\w+\+(\w+)\+")

BreathGroup = tuple[float, list[str]]
"""Seconds of silence before the group, and the full-context labels of its phones and inner pauses."""


class OpenJTalkVoice:
    """The HTS voice Mei, which pyopenjtalk-plus includes. Safe to use from several threads."""

    name = "mei"
    description = "Mei (built in)"
    languages = ("ja",)
    styles = ("normal",)
    sample_rate = 48_000
    credit = Credit(
        author="MMDAgent Project Team, Nagoya Institute of Technology (HTS Voice Mei)",
        url="https://www.mmdagent.jp/",
        licence="CC BY 3.0",
    )

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # An engine speaks one breath group at a time; on two cores, two engines speak in the time of one.
        self._idle: list[HTSEngine] = []
        self._is_ready = False

    # The engine runs the voice's file unchanged on every machine: there is no form to prepare.
    is_compiled = True
    has_spoken = True
    report = None

    def compile(self) -> None:
        """Do nothing."""

    def run_as_it_is(self) -> None:
        """Do nothing."""

    @property
    def is_ready(self) -> bool:
        """Whether an engine is loaded."""
        return self._is_ready

    def prepare(self) -> None:
        """Load an engine.

        Raises:
            HayakoeError: pyopenjtalk-plus is incomplete.
        """
        with self._engine():
            pass

    def speak(self, utterance: Utterance, params: SynthesisParams, delivery: Delivery = WINDOWS) -> Speech:
        """Return one window per breath group, with the silence before it; the last also has the silence after it."""
        return Speech(self._windows(utterance, params))

    def pause(self, before: Utterance, after: Utterance, params: SynthesisParams) -> float:
        """Return the seconds of silence at the end of a sentence, which this voice's audio already includes."""
        return _TAIL * params.speed

    def _windows(self, utterance: Utterance, params: SynthesisParams) -> Iterator[Waveform]:
        groups = breath_groups(_labels(utterance), max(_MIN_PHONES, int(_MAX_PHONES / params.speed)))
        for index, (rest, labels) in enumerate(groups):
            pieces = [self._silence(rest * params.speed), self._synthesize(labels, params)]
            if index == len(groups) - 1:
                pieces.append(self._silence(_TAIL * params.speed))
            yield np.concatenate(pieces)

    def _silence(self, seconds: float) -> Waveform:
        return np.zeros(round(seconds * self.sample_rate), dtype=np.float32)

    def _synthesize(self, labels: Sequence[str], params: SynthesisParams) -> Waveform:
        with self._engine() as engine:
            # The engine resets both after each synthesis.
            engine.set_speed(1 / params.speed)
            engine.add_half_tone(12 * math.log2(params.pitch_scale))
            wave = engine.synthesize(list(labels))
        return _levelled(wave, round(_FADE * self.sample_rate))

    @contextmanager
    def _engine(self) -> "Iterator[HTSEngine]":
        """Lend an engine that nobody else uses meanwhile: as many are loaded as are used at the same time."""
        with self._lock:
            engine = self._idle.pop() if self._idle else _load()
            self._is_ready = True
        try:
            yield engine
        finally:
            with self._lock:
                self._idle.append(engine)


def _load() -> "HTSEngine":
    try:
        import pyopenjtalk  # takes a quarter of a second
        from pyopenjtalk.htsengine import HTSEngine

        return HTSEngine(pyopenjtalk.DEFAULT_HTS_VOICE)
    except (ImportError, OSError, RuntimeError) as error:
        raise HayakoeError(f"the built-in voice cannot be loaded ({error}): reinstall pyopenjtalk-plus") from error


def breath_groups(labels: Sequence[str], longest: int = _MAX_PHONES) -> list[BreathGroup]:
    """Cut full-context labels at their pauses into breath groups.

    Short groups are joined, with the pause label between them; a group of more than ``longest`` phones is cut between
    two accent phrases.
    """
    groups: list[list[str]] = [[]]
    rests = [_LEAD]
    for label, following in pairwise([*labels, "-sil+"]):
        if _phone(label) not in _SILENCE:
            groups[-1].append(label)
            if _is_too_long(groups[-1], following, longest):
                groups.append([])
                rests.append(_BREATH)
        elif len(groups[-1]) >= _MIN_PHONES and _phone(label) == "pau":
            groups.append([])
            rests.append(_PAUSE)
        elif groups[-1] and _phone(label) == "pau":
            groups[-1].append(label)
    if len(groups) > 1 and len(groups[-1]) < _MIN_PHONES:
        _join_last(groups, rests, labels)
    return [(rest, group) for rest, group in zip(rests, groups, strict=True) if group]


def _join_last(groups: list[list[str]], rests: list[float], labels: Sequence[str]) -> None:
    """Join a short last group to the group before it, with the pause label between them."""
    last = groups.pop()
    rest = rests.pop()
    if rest == _PAUSE and last:
        groups[-1].append(labels[labels.index(last[0]) - 1])
    groups[-1].extend(last)


def _is_too_long(group: list[str], following: str, longest: int) -> bool:
    """Return whether the group is ``longest`` and ``following`` begins an accent phrase, or it is 25 % longer."""
    if len(group) < longest or _phone(following) in _SILENCE:
        return False
    mora = _MORA_IN_PHRASE.search(following)
    previous = _MORA_IN_PHRASE.search(group[-1])
    begins_phrase = mora is not None and mora[1] == "1" and (previous is None or previous[1] != "1")
    return begins_phrase or len(group) >= longest + longest // 4


def _phone(label: str) -> str:
    match = _PHONE.search(label)
    return match[1] if match else "sil"


def _labels(utterance: Utterance) -> list[str]:
    """Return the full-context labels of an utterance, none where no word in it is read."""
    features = list(utterance.features)
    # Labels of marks alone make Open JTalk write warnings on standard error.
    while features and not _is_read(features[0]["pron"]):
        features.pop(0)
    if not features:
        return []
    import pyopenjtalk  # takes a quarter of a second

    return pyopenjtalk.make_label(features)


def _is_read(pronunciation: str) -> bool:
    return any("ァ" <= character <= "ヴ" for character in pronunciation)


def _levelled(wave: npt.NDArray[np.float64], fade: int) -> Waveform:
    """Return 16-bit levels as ±1 without clipping, faded to zero at both ends against clicks beside the pauses."""
    within = limit(wave / _FULL_SCALE, ceiling=1.0, block=fade)
    rms = active_rms(within, block=fade, threshold=_AUDIBLE)
    samples = limit(within * min(_GAIN, _LOUDEST / max(rms, _AUDIBLE)), _CEILING, block=fade).astype(np.float32)
    ramp = np.linspace(0.0, 1.0, min(fade, len(samples)), dtype=np.float32)
    samples[: len(ramp)] *= ramp
    samples[len(samples) - len(ramp) :] *= ramp[::-1]
    return samples
