"""The convolutions of a stage that are fit for int8."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wyoming_hayakoe.engine.graphs.index import GraphIndex
from wyoming_hayakoe.engine.graphs.operators import numbers

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, TensorShapeProto

_RANKS = (3, 4)


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution that is fit for int8."""

    depth: int
    """Number of ConvTransposes before it."""

    taps: int
    """Length of its kernel."""

    rate: int
    """Points of time in a frame."""

    work: int
    """Multiply-adds for a frame."""

    rank: int
    """3 for values [1, C, T], 4 for values [1, C, 1, T]."""


def convolutions(model: "ModelProto") -> dict[str, Convolution]:
    """Return the convolutions that are fit for int8, by the names of their outputs.

    Fit are those over time with constant weights. A decoder's first convolution is left out, since all the sound
    depends on it and it is little work, and so is the last, which makes a single channel: the sound itself.
    """
    index = GraphIndex(model.graph)
    # By value: the number of ConvTransposes before it, and of its points in a frame.
    moving = {value.name: (0, 1) for value in model.graph.input if _has_time(value.type.tensor_type.shape)}
    first = int(any(node.op_type == "ConvTranspose" for node in index.nodes))
    found = {}
    for node in index.nodes:
        known = [moving[name] for name in node.input if name in moving]
        if not known:
            continue
        depth, rate = max(known)
        if node.op_type == "ConvTranspose":
            depth += 1
            rate *= numbers(node, "strides", [1])[-1]
        moving.update(dict.fromkeys(node.output, (depth, rate)))
        if node.op_type == "Conv" and depth >= first and _is_fit(node, index.weights):
            dims = index.weights[node.input[1]].dims
            found[node.output[0]] = Convolution(depth, dims[-1], rate, math.prod(dims) * rate, len(dims))
    return found


def _has_time(shape: "TensorShapeProto") -> bool:
    return len(shape.dim) == 3 and not shape.dim[2].dim_value


def _is_fit(node: "NodeProto", weights: "Mapping[str, TensorProto]") -> bool:
    if any(name not in weights for name in node.input[1:] if name):
        return False
    weight = weights[node.input[1]]
    if weight.data_type != weight.FLOAT or len(weight.dims) not in _RANKS or weight.dims[0] == 1:
        return False
    # Over time only, each output from all channels, a point of time for each.
    plain = {"group": 1, "strides": [1] * (len(weight.dims) - 2)}
    is_plain = all(plain.get(each.name) in (None, each.i or list(each.ints)) for each in node.attribute)
    return is_plain and all(size == 1 for size in weight.dims[2:-1])
