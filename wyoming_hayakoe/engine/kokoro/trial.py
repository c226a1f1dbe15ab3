"""The trial of a voice's forms: how int8 sounds beside fp32, what it gains on this machine, and the pace of a form."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from wyoming_hayakoe.engine.kokoro.networks import KokoroNetworks
from wyoming_hayakoe.engine.kokoro.phonemes import Line
from wyoming_hayakoe.engine.kokoro.statistics import Predictor
from wyoming_hayakoe.engine.kokoro.synthesizer import MOST_AT_ONCE, SAMPLE_RATE, KokoroSynthesizer, NormValues
from wyoming_hayakoe.engine.kokoro.voice_files import KokoroFiles
from wyoming_hayakoe.engine.prepare.pace import measured
from wyoming_hayakoe.engine.prepare.precision import Precision, figures
from wyoming_hayakoe.engine.prepare.quality import compare, refusal
from wyoming_hayakoe.engine.runtime.cpu import cores
from wyoming_hayakoe.engine.runtime.heap import give_back
from wyoming_hayakoe.engine.runtime.session import Execution
from wyoming_hayakoe.engine.windows import Pace
from wyoming_hayakoe.errors import HayakoeError, in_brief
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Waveform

FP32 = "fp32"
INT8 = "int8"

Paths = Mapping[str, Path]
"""The optimised stages of a form, by their names."""

# As a share of the time in fp32: less is not worth any noise.
_LEAST_SAVED = 0.05

# Points of the windows that are timed: the first one, and up to 2 s.
_TIMED = (24, 60, 160)

# The sentence is timed up to its generator, and so is this share of it.
_BRIEF = 4

_PARAMS = SynthesisParams()
_PLAIN = SynthesisParams(accent=False)


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

    def choose(self, precision: Precision, forms: Mapping[str, Paths], share: float) -> tuple[dict[str, Any], Pace]:
        """Return which form is to be used, and why, for JSON, and its pace.

        Args:
            precision: of the configuration.
            forms: fp32, and int8 where there is one.
            share: of the convolutions' arithmetic that is in int8 there.

        Raises:
            HayakoeError: the voice fails in fp32.
        """
        report: dict[str, Any] = {"precision": precision, "chosen": FP32, "plans": []}
        exact, fp32 = self._tried(forms[FP32])
        if INT8 not in forms:
            is_wanted = precision != FP32
            reason = "nothing was fitted for int8 in this voice; speaks in fp32" if is_wanted else "fp32 was asked for"
            return {**report, "reason": reason}, fp32
        try:
            rounded, int8 = self._tried(forms[INT8])
            quality = compare(exact, rounded, SAMPLE_RATE)
        except (HayakoeError, ValueError) as error:
            return {**report, "reason": f"int8 fails: {in_brief(error)}; speaks in fp32"}, fp32
        gain = round(_seconds(fp32) / _seconds(int8), 2)
        verdict = {"share": round(share, 3), **figures(quality), "refused": refusal(quality), "gain": gain}
        report["plans"] = [verdict]
        reason = self._objection(verdict)
        if reason and precision != INT8:
            return {**report, "reason": f"{reason}; speaks in fp32"}, fp32
        return {**report, "chosen": INT8, "reason": reason or _praise(verdict)}, int8

    @staticmethod
    def _objection(verdict: Mapping[str, Any]) -> str:
        """Return why int8 is not to be used; "" where it is."""
        if verdict["refused"]:
            return f"no int8 form passes: {verdict['refused']}"
        if verdict["gain"] * (1 - _LEAST_SAVED) < 1:
            return f"int8 is not faster on this machine ({_praise(verdict)})"
        return ""

    def _tried(self, form: Paths) -> tuple[Waveform, Pace]:
        """Return the sound of the sentence, and the pace."""
        stages = KokoroNetworks.of_paths(form, self._files.model[0], self._execution)
        synthesizer = KokoroSynthesizer(stages, self._styles, self._files.vocabulary, self._predictor)
        sound = np.concatenate(list(synthesizer.speak(self._line, _PARAMS).windows))
        pace = self._pace(synthesizer)
        del stages, synthesizer
        give_back()
        return sound, pace

    def _pace(self, synthesizer: KokoroSynthesizer) -> Pace:
        """Return the pace of a loaded form, measured with the sentence."""
        brief = Line(self._line.symbols[: -(-len(self._line.symbols) // _BRIEF)], (), ())
        lines = {synthesizer.compose(line, _PLAIN).points: line for line in (brief, self._line)}
        sentence = synthesizer.compose(self._line, _PLAIN)
        own = synthesizer.generate(sentence, 0, _TIMED[0], None)
        statistics = sentence.statistics or NormValues(*own[1:])

        def ahead(points: int) -> None:
            opened = synthesizer.compose(lines[points], _PLAIN)
            if opened.statistics is None:
                synthesizer.generate(opened, 0, min(points, MOST_AT_ONCE), None)

        def window(points: int) -> None:
            synthesizer.generate(sentence, 0, points, statistics)

        lengths = sorted({min(each, sentence.points) for each in _TIMED})
        return Pace(*measured(window, lengths, threads=self._threads), *measured(ahead, [*lines]))


def _seconds(pace: Pace) -> float:
    """Return those of a sentence of 2 s."""
    return pace.ahead(_TIMED[-1]) + pace.window(_TIMED[-1])


def _praise(verdict: Mapping[str, Any]) -> str:
    share, gain = verdict["share"], verdict["gain"]
    return f"{100 * share:.0f} % of the arithmetic in int8, {gain:g} times as fast as fp32: {verdict['heard']}"
