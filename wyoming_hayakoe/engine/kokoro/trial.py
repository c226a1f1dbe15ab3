"""The trial of a voice's forms: how int8 sounds beside fp32, what it gains on this machine, and the pace of a form."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from wyoming_hayakoe.engine.kokoro.networks import KokoroNetworks
from wyoming_hayakoe.engine.kokoro.phonemes import Line
from wyoming_hayakoe.engine.kokoro.statistics import Predictor
from wyoming_hayakoe.engine.kokoro.synthesizer import SAMPLE_RATE, KokoroSynthesizer
from wyoming_hayakoe.engine.kokoro.voice_files import KokoroFiles
from wyoming_hayakoe.engine.prepare.precision import Precision, figures
from wyoming_hayakoe.engine.prepare.quality import compare, refusal
from wyoming_hayakoe.engine.runtime.cpu import cores
from wyoming_hayakoe.engine.runtime.heap import give_back
from wyoming_hayakoe.engine.runtime.session import Execution
from wyoming_hayakoe.errors import HayakoeError, in_brief
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Waveform

FP32 = "fp32"
INT8 = "int8"

Paths = Mapping[str, Path]
"""The optimised stages of a form, by their names."""

# As a share of the time in fp32: less is not worth any noise.
_LEAST_SAVED = 0.05

# Rounds of what is timed. Whatever else runs slows down some of it: of each window, the fastest round counts.
_ROUNDS = 3

# What a window takes on a machine with nothing else to do is at most so many times the processor's time, divided among
# the threads. The prosody uses one thread only.
_UNEVEN = 1.5

# By this pace, windows are short enough for the memory that fp32 takes.
_PACE = 0.4

_PARAMS = SynthesisParams()


@dataclass(frozen=True, slots=True)
class _Heard:
    """What one form makes of the sentence."""

    sound: Waveform

    seconds: Sequence[float]
    """Those that each window takes; the first has all that comes before the generator."""

    @property
    def realtime(self) -> float:
        """Seconds of computing per second of sound."""
        return sum(self.seconds) * SAMPLE_RATE / len(self.sound)


class FormTrial:
    """A voice in its forms, one of which is in memory at a time, with the sentence by which they are judged."""

    def __init__(self, files: KokoroFiles, line: Line, execution: Execution) -> None:
        """Judge the voice of ``files``.

        Args:
            files: those of the voice.
            line: what is spoken.
            execution: the configuration of sessions, with the threads by which the pace is measured.
        """
        self._files = files
        self._line = line
        self._execution = execution
        self._styles = files.styles()
        self._predictor = Predictor.of_voice(files.fitted_voice)
        self._threads = execution.threads or cores()

    def choose(self, precision: Precision, forms: Mapping[str, Paths], share: float) -> tuple[dict[str, Any], float]:
        """Return which form is to be used, and why, for JSON, and its seconds of computing per second of sound.

        Args:
            precision: of the configuration.
            forms: fp32, and int8 where there is one.
            share: of the convolutions' arithmetic that is in int8 there.

        Raises:
            HayakoeError: the voice fails in fp32.
        """
        report: dict[str, Any] = {"precision": precision, "chosen": FP32, "plans": []}
        if INT8 not in forms:
            is_wanted = precision != FP32
            reason = "nothing was fitted for int8 in this voice; speaks in fp32" if is_wanted else "fp32 was asked for"
            return {**report, "reason": reason}, self._heard(forms[FP32], _ROUNDS).realtime
        exact = self._heard(forms[FP32], 1)
        try:
            rounded = self._heard(forms[INT8], _ROUNDS)
            quality = compare(exact.sound, rounded.sound, SAMPLE_RATE)
        except (HayakoeError, ValueError) as error:
            return {**report, "reason": f"int8 fails: {in_brief(error)}; speaks in fp32"}, exact.realtime
        gain = round(exact.seconds[0] / rounded.seconds[0], 2)
        verdict = {"share": round(share, 3), **figures(quality), "refused": refusal(quality), "gain": gain}
        report["plans"] = [verdict]
        reason = self._objection(verdict)
        if reason and precision != INT8:
            return {**report, "reason": f"{reason}; speaks in fp32"}, exact.realtime
        return {**report, "chosen": INT8, "reason": reason or _praise(verdict)}, rounded.realtime

    @staticmethod
    def _objection(verdict: Mapping[str, Any]) -> str:
        """Return why int8 is not to be used; "" where it is."""
        if verdict["refused"]:
            return f"no int8 form passes: {verdict['refused']}"
        if verdict["gain"] * (1 - _LEAST_SAVED) < 1:
            return f"int8 is not faster on this machine ({_praise(verdict)})"
        return ""

    def _heard(self, form: Paths, rounds: int) -> _Heard:
        """Speak the sentence as often, and its first window :data:`_ROUNDS` times."""
        stages = KokoroNetworks.of_paths(form, self._files.model[0], self._execution, realtime=_PACE)
        synthesizer = KokoroSynthesizer(stages, self._styles, self._files.vocabulary, self._predictor)
        windows, fastest = self._timed(synthesizer, None)
        for number in range(1, _ROUNDS):
            _, seconds = self._timed(synthesizer, None if number < rounds else 1)
            fastest = [min(pair) for pair in zip_longest(fastest, seconds, fillvalue=math.inf)]
        del stages, synthesizer
        give_back()
        return _Heard(np.concatenate(windows), fastest)

    def _timed(self, synthesizer: KokoroSynthesizer, count: int | None) -> tuple[list[Waveform], list[float]]:
        """Return the first ``count`` windows of the sentence, and the seconds that each takes.

        A server is installed while its machine has other work, which must not make a voice slow for ever.
        """
        windows: list[Waveform] = []
        seconds: list[float] = []
        start, work = time.perf_counter(), time.process_time()
        for window in islice(synthesizer.speak(self._line, _PARAMS).windows, count):
            alone = _UNEVEN * (time.process_time() - work) / self._threads
            seconds.append(min(time.perf_counter() - start, alone))
            windows.append(window)
            start, work = time.perf_counter(), time.process_time()
        return windows, seconds


def _praise(verdict: Mapping[str, Any]) -> str:
    share, gain = verdict["share"], verdict["gain"]
    return f"{100 * share:.0f} % of the arithmetic in int8, {gain:g} times as fast as fp32: {verdict['heard']}"
