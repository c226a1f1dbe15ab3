"""Measures what int8 forms of a voice's convolutions cost in noise and gain in time, piece by piece and together."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wyoming_hayakoe.engine.prepare.calibrate import calibrate
from wyoming_hayakoe.engine.prepare.convolutions import convolutions
from wyoming_hayakoe.engine.prepare.grids import Grids, Integers
from wyoming_hayakoe.engine.prepare.pieces import Piece, pieces
from wyoming_hayakoe.engine.prepare.quality import Quality, compare
from wyoming_hayakoe.engine.prepare.quantize import Form, quantize
from wyoming_hayakoe.engine.prepare.selection import Plan
from wyoming_hayakoe.engine.prepare.timing import measure
from wyoming_hayakoe.engine.runtime.session import Feeds, Session
from wyoming_hayakoe.errors import HayakoeError, in_brief
from wyoming_hayakoe.voice import Waveform

if TYPE_CHECKING:
    from onnx import ModelProto

_LOGGER = logging.getLogger(__name__)

# Held-out sentences by which each group is measured alone; the plan is judged by all of them.
_ALONE = 1

FP32 = "fp32"

Times = Mapping[str, float]
"""Seconds of a piece in :data:`FP32`, and with all its groups in each :class:`Form`; a form that fails is missing."""

# For each piece, and for the whole, in seconds: a full-size voice has seven pieces.
_TIMING = 0.6


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Sentences of one voice as its stages take them, which the kind of voice computes in fp32."""

    calibration: Mapping[str, Sequence[Feeds]]
    """For each stage that may go into int8, by its name: what it takes in the calibration sentences. The stages are in
    the order in which they run: each takes what those before it make, and the last makes the sound."""

    timed: Feeds
    """What the first of those stages takes in a sentence of typical length, by which forms are timed."""

    held_out: Sequence[Feeds]
    """What the first of those stages takes in each sentence by which the int8 forms are judged."""

    sample_rate: int
    """Samples per second of the sound."""

    origin: Path
    """The file that errors name."""


@dataclass(slots=True)
class Group:
    """Convolutions that go into int8 together: those of one piece, and, where it upsamples, of one kernel length."""

    piece: int
    """The position of its piece in the chain."""

    outputs: list[str] = field(default_factory=list)
    """The convolutions, by the names of their outputs."""

    work: int = 0
    """Multiply-adds for a frame."""


class _LoadedPiece(NamedTuple):
    session: Session
    outputs: Sequence[str]


class Trial:
    """One voice's stages in fp32, the statistics of their values, and the sound of the held-out sentences."""

    def __init__(self, stages: Mapping[str, "ModelProto"], rehearsal: Rehearsal) -> None:
        """Run the calibration, and speak the held-out sentences in fp32.

        Raises:
            HayakoeError: the voice fails in fp32.
        """
        self._stages = stages
        self._rehearsal = rehearsal
        # First, since it takes the most memory.
        self._grids = {name: grids for name in rehearsal.calibration if (grids := self._calibrated(name))}
        self._chain = pieces({name: stages[name] for name in rehearsal.calibration})
        self._steps = [_LoadedPiece(self._session(piece.model), piece.outputs) for piece in self._chain]
        self._expected: list[Waveform] = []
        # The values at the cuts, of the sentences by which groups are measured alone.
        self._values: list[Feeds] = []
        for feeds in rehearsal.held_out:
            values = _run(self._steps, feeds)
            self._expected.append(self._sound(values))
            if len(self._values) < _ALONE:
                self._values.append(values)
        self._loaded: tuple[Plan | None, list[_LoadedPiece]] = None, []
        self.groups: Mapping[str, Group] = _groups(self._chain, self._fit())
        """The groups of convolutions that can be computed in int8, by their names."""

    def times(self) -> list[Times]:
        """Return the times of each piece in fp32 and in each form, measured in turn on the sentence for it.

        Raises:
            HayakoeError: the voice fails in fp32.
        """
        values = _run(self._steps, self._rehearsal.timed)
        return [self._times(position, values) for position in range(len(self._chain))]

    def alone(self, group: str, form: Form) -> Quality:
        """Return how far the sound of one group in a form is from that of fp32, on the first held-out sentences.

        Raises:
            HayakoeError: it fails, or gives values that are no numbers.
        """
        position = self.groups[group].piece
        step = self._step(position, {group: form})
        found = [self._sound(_run([step, *self._steps[position + 1 :]], values)) for values in self._values]
        return self._compared(found)

    def together(self, plan: Plan) -> Quality:
        """Return how far the sound of a plan is from that of fp32, on all held-out sentences.

        Raises:
            HayakoeError: it fails, or gives values that are no numbers.
        """
        steps = self._whole(plan)
        return self._compared([self._sound(_run(steps, feeds)) for feeds in self._rehearsal.held_out])

    def gain(self, plan: Plan) -> float:
        """Return the time in fp32 over that of a plan, measured in turn.

        Raises:
            HayakoeError: it fails.
        """
        runs = {FP32: partial(_run, self._steps), "int8": partial(_run, self._whole(plan))}
        times = measure(runs, [self._rehearsal.timed], budget=_TIMING)
        return times[FP32] / times["int8"]

    def stages(self, plan: Plan) -> dict[str, "ModelProto"]:
        """Return all stages, with the groups of ``plan`` in int8; one without any is the fp32 stage itself.

        Raises:
            HayakoeError: they cannot be quantised.
        """
        forms = self._forms(plan)
        return {name: self._quantized(name, stage, forms) for name, stage in self._stages.items()}

    def _times(self, position: int, values: Feeds) -> Times:
        mine = [name for name, group in self.groups.items() if group.piece == position]
        steps = {FP32: self._steps[position]}
        for form in Form if mine else ():
            try:
                step = self._step(position, dict.fromkeys(mine, form))
                _run([step], values)
            except HayakoeError as error:
                _LOGGER.debug("int8: %s, %s: %s", self._chain[position].stage, form, error)
            else:
                steps[form] = step
        runs = {form: partial(_run, [step]) for form, step in steps.items()}
        return measure(runs, [values], budget=_TIMING)

    def _calibrated(self, name: str) -> Grids | None:
        """Return the grids of a stage's values; None where it has nothing for int8, or cannot be calibrated."""
        stage, feeds = self._stages[name], self._rehearsal.calibration[name]
        if not (found := convolutions(stage)):
            return None
        try:
            statistics = calibrate(stage, found, feeds, self._rehearsal.origin)
        except HayakoeError as error:
            _LOGGER.debug("int8: the %s cannot be calibrated and stays in fp32: %s", name, error)
            return None
        return Grids(stage, statistics, Integers.of_this_machine())

    def _fit(self) -> dict[str, int]:
        """Return the multiply-adds of each convolution that can be computed in int8, by the name of its output."""
        return {
            output: convolution.work
            for name in self._grids
            for output, convolution in convolutions(self._stages[name]).items()
        }

    def _whole(self, plan: Plan) -> list[_LoadedPiece]:
        """Return the stages of a plan, each in one piece; those of the last plan stay loaded."""
        if self._loaded[0] != plan:
            self._loaded = None, []
            stages = self.stages(plan)
            ends = {piece.stage: piece.outputs for piece in self._chain if piece.is_last}
            loaded = [_LoadedPiece(self._session(stages[name]), outputs) for name, outputs in ends.items()]
            self._loaded = plan, loaded
        return self._loaded[1]

    def _step(self, position: int, plan: Plan) -> _LoadedPiece:
        piece = self._chain[position]
        return _LoadedPiece(self._session(self._quantized(piece.stage, piece.model, self._forms(plan))), piece.outputs)

    def _forms(self, plan: Plan) -> dict[str, Form]:
        return {output: form for group, form in plan.items() for output in self.groups[group].outputs}

    def _quantized(self, name: str, model: "ModelProto", forms: Mapping[str, Form]) -> "ModelProto":
        """Return a stage, or a piece of it, with those of its convolutions in int8 that have a form."""
        mine = {node.output[0] for node in model.graph.node if node.output} & forms.keys()
        if not mine:
            return model
        try:
            return quantize(model, {output: forms[output] for output in mine}, self._grids[name])
        except Exception as error:
            reason = f"{type(error).__name__}: {in_brief(error)}"
            raise HayakoeError(f"{self._rehearsal.origin}: cannot be put in int8 ({reason})") from error

    def _session(self, model: "ModelProto") -> Session:
        return Session(model, self._rehearsal.origin)

    def _sound(self, values: Feeds) -> Waveform:
        sound: Waveform = values[self._chain[-1].outputs[0]].reshape(-1)
        return sound

    def _compared(self, found: Sequence[Waveform]) -> Quality:
        expected = np.concatenate(self._expected[: len(found)])
        try:
            return compare(expected, np.concatenate(found), self._rehearsal.sample_rate)
        except ValueError as error:
            raise HayakoeError(f"{self._rehearsal.origin}: cannot be judged ({error})") from error


def _run(steps: Sequence[_LoadedPiece], feeds: Feeds) -> Feeds:
    """Return ``feeds`` and what the steps make of them one after the other, by name."""
    values = dict(feeds)
    for session, outputs in steps:
        values.update(zip(outputs, session.run(outputs, values), strict=True))
    return values


def _groups(chain: Sequence[Piece], fit: Mapping[str, int]) -> dict[str, Group]:
    """Return the groups of the convolutions in ``fit``, which has their work, by name."""
    groups: dict[str, Group] = {}
    left = dict(fit)
    depth = 0
    for position, piece in enumerate(chain):
        is_single = depth == 0 and piece.is_last
        for output, taps in _taps(piece.model).items():
            if output not in left:
                continue
            name = piece.stage if is_single else f"{piece.stage} {depth}, kernel {taps}"
            group = groups.setdefault(name, Group(position))
            group.outputs.append(output)
            group.work += left.pop(output)
        depth = 0 if piece.is_last else depth + 1
    return groups


def _taps(model: "ModelProto") -> dict[str, int]:
    """Return the kernel length of each convolution, by the name of its output."""
    dims = {tensor.name: tensor.dims for tensor in model.graph.initializer}
    convolutions = (node for node in model.graph.node if node.op_type == "Conv" and node.input[1] in dims)
    return {node.output[0]: dims[node.input[1]][-1] for node in convolutions}
