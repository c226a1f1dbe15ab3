"""Where the time is in the values of a decoder: along the axis whose size differs between two lengths of latents."""

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from wyoming_hayakoe.engine.graphs.checks import skeleton
from wyoming_hayakoe.engine.graphs.constants import fold_constants
from wyoming_hayakoe.engine.graphs.edits import replace_nodes
from wyoming_hayakoe.engine.graphs.index import GraphIndex

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, ValueInfoProto

LENGTHS = 64, 65
"""Frames of the two latents."""

Shapes = tuple[tuple[int, ...], tuple[int, ...]]
"""The shape of a value for each of them; both have as many axes."""


class TimeAxis(NamedTuple):
    """The axis of time in a value."""

    from_end: int
    """1 is the last axis."""

    lengths: tuple[int, int]
    """Its size for each of the two latents."""

    inner: int
    """Numbers behind each of its points: the product of the sizes of the axes after it."""


def time_axis(shapes: Shapes) -> TimeAxis | None:
    """Return the axis of time in a value of these shapes; None where it has none, or several."""
    first, second = shapes
    axes = [axis for axis, sizes in enumerate(zip(first, second, strict=True)) if sizes[0] != sizes[1]]
    if len(axes) != 1:
        return None
    (axis,) = axes
    return TimeAxis(len(first) - axis, (first[axis], second[axis]), prod(first[axis + 1 :]))


def shapes_of(decoder: "ModelProto", latent: str) -> Mapping[str, Shapes]:
    """Return the shapes of a decoder's values by their names; unknown ones are missing.

    Raises:
        Exception: a class of ONNX's own, or another; they cannot be inferred.
    """
    first, second = (_inferred(decoder, latent, length) for length in LENGTHS)
    return {name: (shape, second[name]) for name, shape in first.items() if len(second.get(name, ())) == len(shape)}


def _inferred(decoder: "ModelProto", latent: str, length: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes that are known for a latent of some length."""
    import onnx

    # One sentence of one speaker.
    declared = {value.name: value.type.tensor_type.shape.dim for value in decoder.graph.input}
    shapes = {name: [size.dim_value or 1 for size in sizes] for name, sizes in declared.items()}
    shapes[latent] = [1, _channels(decoder.graph, latent), length]
    light = skeleton(decoder, shapes)
    while True:
        graph = onnx.shape_inference.infer_shapes(light, data_prop=True).graph
        known = {value.name: shape for value in (*graph.input, *graph.value_info) if (shape := _shape(value))}
        if not _fix_known(light, known):
            return known
        # ONNX follows lengths through some operators only, ONNX Runtime computes with all.
        fold_constants(light)


def _shape(value: "ValueInfoProto") -> tuple[int, ...] | None:
    sizes = value.type.tensor_type.shape.dim
    is_known = value.type.tensor_type.HasField("shape") and all(size.HasField("dim_value") for size in sizes)
    return tuple(size.dim_value for size in sizes) if is_known else None


def _fix_known(model: "ModelProto", shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Replace each ``Shape`` of a known value by a constant, in place; return whether there is any."""
    from onnx import TensorProto, helper

    found = [node for node in model.graph.node if node.op_type == "Shape" and node.input[0] in shapes]
    for node in found:
        ends = {each.name: each.i for each in node.attribute}
        sizes = shapes[node.input[0]][ends.get("start", 0) : ends.get("end")]
        model.graph.initializer.append(helper.make_tensor(node.output[0], TensorProto.INT64, [len(sizes)], sizes))
    names = {node.output[0] for node in found}
    replace_nodes(model.graph, [node for node in model.graph.node if node.output[0] not in names])
    return bool(found)


def _channels(graph: "GraphProto", latent: str) -> int:
    """Return the channels of the latent, which the first convolution takes."""
    index = GraphIndex(graph)
    waiting = [latent]
    while waiting:
        for node in index.takers(waiting.pop()):
            if node.op_type == "Identity":
                waiting.append(node.output[0])
            elif node.op_type == "Conv" and node.input[1] in index.weights:
                groups = next((each.i for each in node.attribute if each.name == "group"), 1)
                return int(index.weights[node.input[1]].dims[1]) * groups
    raise ValueError("does not begin with a Conv")
