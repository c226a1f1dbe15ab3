"""Kokoro's convolutions in integers, by the ranges that were measured when this program was made.

A voice from a checkpoint is calibrated on the machine that runs it; Kokoro's five voices are known beforehand. For each
voice, ranges and plan are shipped: which convolutions run in which form, and which stay in floating-point numbers.
The grids are chosen on the machine, whose integers decide about them (:class:`~.grids.Integers`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs.index import GraphIndex
from wyoming_hayakoe.engine.graphs.operators import numbers
from wyoming_hayakoe.engine.kokoro.fitted import FOLDER, Arrays, arrays
from wyoming_hayakoe.engine.prepare.calibrate import Statistics
from wyoming_hayakoe.engine.prepare.convolutions import Convolution
from wyoming_hayakoe.engine.prepare.grids import Grids, Integers
from wyoming_hayakoe.engine.prepare.quantize import Form, quantize
from wyoming_hayakoe.errors import HayakoeError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

STAGES = ("blocks", "generator")
"""The stages that have convolutions for integers."""

POINTS = 12
"""Points of time of each value by which grids are compared; with 400 they are no better."""

_FORMS = (Form.TENSOR, Form.CHANNEL, Form.PRODUCT)
"""Forms by the numbers that stand for them in the files."""

_FEWEST_CHANNELS = 64
_POINTS_LEVELS = 255
# Of what convolutions take for each point of time in a latent's: by their channels.
_RATES = {128: 60, 256: 10}


@dataclass(frozen=True, slots=True)
class Ranges:
    """The ranges and the plan of one stage."""

    forms: Mapping[str, Form]
    """The forms of the convolutions that run in integers, by the names of their outputs."""

    taken: Mapping[str, Statistics]
    """What these convolutions take, by the names of their outputs."""

    made: Mapping[str, Statistics]
    """What they make, by the same names, without points."""

    @classmethod
    def of_voice(cls, voice: str, folder: Path = FOLDER) -> "dict[str, Self]":
        """Return those of a voice's stages by their names; empty where nothing was fitted.

        Args:
            voice: Kokoro's name of the voice, such as ``jf_alpha``.
            folder: the folder of the files.

        Raises:
            HayakoeError: the voice's file cannot be read.
        """
        found = arrays(voice, folder)
        if found is None:
            return {}
        try:
            return {stage: cls.unpacked(stage, found) for stage in STAGES if f"{stage}/outputs" in found}
        except (KeyError, ValueError, IndexError) as error:
            raise HayakoeError(f"{folder / voice}.npz: is of another version: install wyoming-hayakoe again") from error

    @classmethod
    def unpacked(cls, stage: str, fitted: Arrays) -> Self:
        """Return the ranges that :meth:`packed` has packed."""
        outputs = [str(name) for name in fitted[f"{stage}/outputs"]]
        forms = [_FORMS[number] for number in fitted[f"{stage}/forms"]]
        taken = _unpacked(f"{stage}/taken", outputs, fitted)
        return cls(dict(zip(outputs, forms, strict=True)), taken, _unpacked(f"{stage}/made", outputs, fitted))

    def packed(self, stage: str) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays of a file that hold these ranges."""
        outputs = list(self.forms)
        return {
            f"{stage}/outputs": np.array(outputs),
            f"{stage}/forms": np.array([_FORMS.index(self.forms[name]) for name in outputs], dtype=np.uint8),
            **_packed(f"{stage}/taken", [self.taken[name] for name in outputs]),
            **_packed(f"{stage}/made", [self.made[name] for name in outputs]),
        }


def convolutions(model: "ModelProto") -> dict[str, Convolution]:
    """Return the convolutions of the blocks or the generator that are fit for integers, by the names of their outputs.

    That are those with constant weights, a point of output for each of input, and many channels on both sides: all of
    the work but a hundredth. (:func:`.prepare.convolutions.convolutions` leaves out all that comes before the first
    ConvTranspose, which are a quarter of Kokoro's work.)
    """
    index = GraphIndex(model.graph)
    found = {}
    for node in index.nodes:
        if node.op_type == "Conv" and (weights := index.weights.get(node.input[1])) is not None:
            channels, taps = weights.dims[0], weights.dims[-1]
            if _is_fit(node, weights):
                rate = _RATES.get(channels, 1)
                found[node.output[0]] = Convolution(0, taps, rate, int(np.prod(weights.dims)) * rate, 3)
    return found


def _is_fit(node: "NodeProto", weights: "TensorProto") -> bool:
    is_plain = numbers(node, "strides", [1]) == [1] and all(
        each.i == 1 for each in node.attribute if each.name == "group"
    )
    is_wide = len(weights.dims) == 3 and min(weights.dims[:2]) >= _FEWEST_CHANNELS
    return is_plain and is_wide and weights.data_type == weights.FLOAT


def quantized(stage: str, model: "ModelProto", fitted: Arrays, integers: Integers | None = None) -> "ModelProto | None":
    """Return a stage with the convolutions of its plan in integers; None where the plan has none for it.

    That is a stage that has nothing for integers, and one of a graph whose convolutions have other names or channels
    than those of the graph of the extra [kokoro].

    Args:
        stage: its name.
        model: the stage in fp32; it is not changed.
        fitted: what was fitted for its voice.
        integers: of the machine that is going to run it; by default of this one.
    """
    if f"{stage}/outputs" not in fitted:
        return None
    return in_integers(model, Ranges.unpacked(stage, fitted), integers)


def in_integers(model: "ModelProto", ranges: Ranges, integers: Integers | None = None) -> "ModelProto | None":
    """Return a stage as :func:`quantized` does, by ranges that are unpacked already."""
    index = GraphIndex(model.graph)
    fit = convolutions(model)
    statistics: dict[str, Statistics] = {}
    for output in ranges.forms:
        node = index.maker(output)
        if node is None or output not in fit:
            return None
        taken, made = ranges.taken[output], ranges.made[output]
        if list(index.weights[node.input[1]].dims[:2]) != [len(made.low), len(taken.low)]:
            return None
        statistics[node.input[0]], statistics[output] = taken, made
    return quantize(model, ranges.forms, Grids(model, statistics, integers or Integers.of_this_machine()))


def _packed(name: str, found: "list[Statistics]") -> dict[str, npt.NDArray[Any]]:
    """Return the arrays for values one after the other; points are 8-bit places in the range of their channel."""
    low, high = (np.concatenate([getattr(each, side) for each in found]).astype(np.float16) for side in ("low", "high"))
    points = np.concatenate([each.points for each in found])
    span = np.maximum(high.astype(np.float32) - low, 1e-12)
    places = (points - low[:, None]) / span[:, None] * _POINTS_LEVELS
    return {
        f"{name}/channels": np.array([len(each.low) for each in found], dtype=np.int32),
        f"{name}/low": low,
        f"{name}/high": high,
        f"{name}/points": np.rint(places).clip(0, _POINTS_LEVELS).astype(np.uint8),
    }


def _unpacked(name: str, outputs: "list[str]", fitted: Arrays) -> dict[str, Statistics]:
    low, high = (fitted[f"{name}/{side}"].astype(np.float32) for side in ("low", "high"))
    points = low[:, None] + fitted[f"{name}/points"] / np.float32(_POINTS_LEVELS) * (high - low)[:, None]
    return dict(_divided(fitted[f"{name}/channels"], outputs, Statistics(low, high, points.astype(np.float32))))


def _divided(
    channels: npt.NDArray[np.int32], outputs: "list[str]", together: Statistics
) -> Iterator[tuple[str, Statistics]]:
    """Yield the statistics of each convolution by its output, out of those of all."""
    if int(channels.sum()) != len(together.low):
        raise ValueError("other channels than ranges")
    end = 0
    for output, count in zip(outputs, channels, strict=True):
        start, end = end, end + int(count)
        yield output, Statistics(together.low[start:end], together.high[start:end], together.points[start:end])
