"""Voices for tests of what stands around a voice."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tests.support import DEADLINE, CountingVoice
from wyoming_hayakoe.engine.nominal_prosody import nominal_prosody
from wyoming_hayakoe.utterance import Prosody, SynthesisParams, Utterance
from wyoming_hayakoe.voice import WINDOWS, Credit, PhoneTiming, Speech, Waveform


def paced(realtime: float) -> dict[str, object]:
    """Return the report of a voice that needs so many seconds of computing for a second of its sound."""
    times = {"fixed": 0.0, "per_frame": 0.0, "ahead_fixed": 0.0, "ahead_per_frame": realtime / 100}
    return {"pace": {**times, "safety": 1.4, "seconds": 0.01, "overlap": 6, "edge": 2}}


@dataclass(frozen=True)
class Call:
    """How a voice was asked to speak."""

    text: str
    together: tuple[str, ...]
    undivided: bool
    params: SynthesisParams


class BeepVoice:
    """A beep for each mora between two silences: its sound, its rests and its phones' times are known by arithmetic."""

    name = "beep"
    description = "Beep"
    languages = ("ja",)
    styles = ("Neutral", "Happy")
    is_ready = True
    is_compiled = True
    has_spoken = True
    report = None
    size = 0
    sample_rate = 1000
    credit = Credit("the tests", "", "MIT")

    LEAD = 7
    BEEP = 20
    LEVEL = 0.5

    def __init__(self, *, pause: float = 0.1, window: int = 64) -> None:
        """Rest for ``pause`` seconds, speak in windows of ``window`` samples."""
        self.rest = pause
        self.window = window
        self.calls: list[Call] = []
        self.pauses: list[tuple[str, str]] = []

    def prepare(self) -> None:
        pass

    def compile(self) -> None:
        pass

    def run_as_it_is(self) -> None:
        pass

    def speak(self, utterance, params, delivery=WINDOWS) -> Speech:
        self.calls.append(
            Call(utterance.text, tuple(one.text for one in delivery.together), delivery.undivided, params)
        )
        sound = self.sound(utterance, params)
        window = max(1, len(sound)) if delivery.undivided else self.window
        return Speech((sound[at : at + window] for at in range(0, max(1, len(sound)), window)), self.timings(utterance))

    def prosody(self, utterance, params) -> Prosody:
        return nominal_prosody(utterance)

    def pause(self, before, after, params) -> float:
        self.pauses.append((before.text, after.text))
        return self.rest

    @staticmethod
    def morae(utterance: Utterance) -> list[str]:
        return [mora.kana for word in utterance.words for mora in word.morae]

    def tail(self, utterance: Utterance) -> int:
        """Return the samples of silence at the end, which are others for another sentence."""
        return 10 * (len(self.morae(utterance)) % 4)

    def sound(self, utterance: Utterance, params: SynthesisParams) -> Waveform:
        draw = np.random.default_rng(params.seed)
        beeps = self.LEVEL * draw.uniform(0.5, 1.0, self.BEEP * len(self.morae(utterance)))
        return np.pad(beeps, (self.LEAD, self.tail(utterance))).astype(np.float32)

    def timings(self, utterance: Utterance) -> list[PhoneTiming]:
        return [
            PhoneTiming(mora, (self.LEAD + self.BEEP * at) / self.sample_rate, self.BEEP / self.sample_rate)
            for at, mora in enumerate(self.morae(utterance))
        ]


class GatedVoice(CountingVoice):
    """The real voice, which counts its windows and computes none but the first before its gate is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.waiting = threading.Event()
        """Set while a window after the first is being computed."""
        self.closed = threading.Event()

    def _windows(self, utterance, params) -> Iterator[Waveform]:
        windows = super()._windows(utterance, params)
        try:
            while True:
                if self.windows:
                    self.waiting.set()
                    assert self.gate.wait(DEADLINE)
                if (window := next(windows, None)) is None:
                    return
                yield window
        finally:
            self.closed.set()
