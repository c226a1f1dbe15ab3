"""Speaks with some of a voice's convolutions in int8, and compares that with the same sentences in fp32."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wyoming_hayakoe.engine.prepare.calibrate import calibrate
from wyoming_hayakoe.engine.prepare.quality import Quality, compare
from wyoming_hayakoe.engine.prepare.quantize import Integers, convolutions, quantize
from wyoming_hayakoe.engine.runtime.session import Feeds, Session
from wyoming_hayakoe.voice import Waveform

if TYPE_CHECKING:
    from onnx import ModelProto


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Sentences of one voice as its stages take them, which the kind of voice computes in fp32."""

    calibration: Mapping[str, Sequence[Feeds]]
    """For each stage that may go into int8, by its name: what it takes in the calibration sentences."""

    held_out: Sequence[Feeds]
    """What the first of those stages takes in each sentence by which the int8 form is judged."""

    sound: Callable[[Mapping[str, Session], Feeds], Waveform]
    """Computes the sound of one of :attr:`held_out` with those stages, by their names."""

    sample_rate: int
    """Samples per second of that sound."""

    origin: Path
    """The file that errors name."""


class Trial:
    """One voice's stages in fp32, the ranges of their values, and the sound of the held-out sentences."""

    def __init__(self, stages: Mapping[str, "ModelProto"], rehearsal: Rehearsal) -> None:
        """Run the calibration, and speak the held-out sentences in fp32.

        Raises:
            HayakoeError: the voice fails.
        """
        self._stages = stages
        self._rehearsal = rehearsal
        self._integers = Integers.of_this_machine()
        self._groups = {name: _groups(name, stages[name]) for name in rehearsal.calibration}
        self._ranges = {
            name: calibrate(stages[name], self._groups[name], feeds, rehearsal.origin)
            for name, feeds in rehearsal.calibration.items()
        }
        self._sessions = {name: self._session(stages[name]) for name in rehearsal.calibration}
        self._expected = [rehearsal.sound(self._sessions, feeds) for feeds in rehearsal.held_out]

    @property
    def groups(self) -> dict[str, int]:
        """The groups of convolutions that go into int8 together, and their multiply-adds for a frame."""
        groups: dict[str, int] = {}
        for name, group_of in self._groups.items():
            for output, convolution in convolutions(self._stages[name]).items():
                groups[group_of[output]] = groups.get(group_of[output], 0) + convolution.work
        return groups

    def stages(self, plan: Collection[str]) -> dict[str, "ModelProto"]:
        """Return all stages, with the groups of ``plan`` in int8; one without any is the fp32 stage itself."""
        return {name: self._quantized(name, stage, plan) for name, stage in self._stages.items()}

    def measure(self, plan: Collection[str], sentences: int | None = None) -> Quality:
        """Return how far the sound of ``plan`` is from that of fp32, on the held-out sentences, or the first few.

        Raises:
            HayakoeError: it fails, or gives values that are no numbers.
        """
        stages = self.stages(plan)
        # What is still in fp32 need not be loaded again.
        sessions = {
            name: session if stages[name] is self._stages[name] else self._session(stages[name])
            for name, session in self._sessions.items()
        }
        expected = self._expected[:sentences]
        found = [self._rehearsal.sound(sessions, feeds) for feeds in self._rehearsal.held_out[:sentences]]
        return compare(np.concatenate(expected), np.concatenate(found), self._rehearsal.sample_rate)

    def _quantized(self, name: str, stage: "ModelProto", plan: Collection[str]) -> "ModelProto":
        outputs = [output for output, group in self._groups.get(name, {}).items() if group in plan]
        return quantize(stage, outputs, self._ranges[name], self._integers) if outputs else stage

    def _session(self, stage: "ModelProto") -> Session:
        return Session(stage, self._rehearsal.origin)


def _groups(name: str, stage: "ModelProto") -> dict[str, str]:
    """Return the group of each convolution that is fit for int8.

    A stage that upsamples has one for each of its rates and lengths of kernel, any other stage a single one.
    """
    found = convolutions(stage)
    if not any(each.depth for each in found.values()):
        return dict.fromkeys(found, name)
    return {output: f"{name} {each.depth}, kernel {each.taps}" for output, each in found.items()}
