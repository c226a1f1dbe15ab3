"""Convolutions over time in two dimensions, the first of size one: the same values, computed by faster kernels.

ONNX Runtime has blocked kernels for convolutions (NCHWc: channels in groups as wide as a vector register), but gives
them images only. So a value over time [1, C, T], a line, becomes an image [1, C, 1, T] of height one, and a kernel of k
taps becomes one of [1, k]. On an AVX-512 machine and one thread, that made a full-size decoder 1.4 times as fast.

Operators on each point for itself, and those along the channels, are computed on images too, wherever one of their
values is an image. At the borders stands an ``Unsqueeze`` or a ``Squeeze``, which copies nothing.
"""

import logging
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from wyoming_hayakoe.engine.graphs.edits import replace_nodes
from wyoming_hayakoe.engine.graphs.index import GraphIndex, taken
from wyoming_hayakoe.engine.graphs.operators import POINTWISE
from wyoming_hayakoe.engine.prepare.time_parts import in_time_parts

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

_LOGGER = logging.getLogger(__name__)

_CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})

_LINE_RANK = 3
_CHANNELS = 1
_HEIGHT = -2
"""The axis of an image, and of what is broadcast to one, that a line has not."""

_HEIGHT_NAME = "two_dimensions/height"
"""Name of the constant with that axis."""

# Attributes of convolutions, by what each of their numbers is where there is no height.
_PER_AXIS = {"dilations": 1, "kernel_shape": 1, "output_padding": 0, "output_shape": 1, "pads": 0, "strides": 1}


def in_two_dimensions(stage: "ModelProto") -> "ModelProto":
    """Return ``stage`` with its convolutions over time in two dimensions; its inputs and outputs keep their shapes.

    The output of a convolution keeps its name, unless it is also an output of the stage. A convolution whose weights
    are not constants in fp32 stays as it is.

    Args:
        stage: any graph of one sentence; it is not changed.
    """
    from onnx import ModelProto, numpy_helper

    result = ModelProto()
    result.CopyFrom(stage)
    graph = result.graph
    # Noted shapes would be those of lines.
    del graph.value_info[:]
    writer = _ImageWriter(graph, ranks=_ranks(stage), kernels=_kernels(graph))
    for node in graph.node:
        writer.write(node)
    replace_nodes(graph, writer.nodes)
    for tensor in graph.initializer:
        if tensor.name in writer.kernels:
            tensor.dims.insert(_LINE_RANK - 1, 1)
    graph.initializer.append(numpy_helper.from_array(np.array([_HEIGHT], dtype=np.int64), _HEIGHT_NAME))
    return result


def forms(stage: "ModelProto", cores: int) -> "dict[str, ModelProto]":
    """Return by their names ``stage`` as it is, and its form with convolutions in two dimensions.

    ONNX Runtime splits a blocked convolution among threads by its channels, and the last stages of a decoder have few.
    On several cores these are computed in :mod:`~.time_parts`.

    A form in which no convolution has two dimensions is left out, and a stage that cannot be rewritten is alone.

    Args:
        stage: any graph of one sentence.
        cores: of the processor.
    """
    found = {"one dimension": stage}
    try:
        if _kernels(stage.graph):
            images = in_two_dimensions(stage)
            parts = in_time_parts(images, cores)
            found |= {"two dimensions": images} if parts is None else {"two dimensions and parts of time": parts}
    except Exception as error:  # noqa: BLE001 - onnx raises classes of its own, below Exception only
        _LOGGER.debug("a stage stays in one dimension: %s", error)
    return found


class _ImageWriter:
    """The nodes of a graph, written anew in its order."""

    def __init__(self, graph: "GraphProto", *, ranks: Mapping[str, int], kernels: Collection[str]) -> None:
        self.nodes: list[NodeProto] = []
        self.kernels = kernels
        """Names of the weights that get two dimensions."""

        self._ranks = ranks
        index = GraphIndex(graph)
        self._weights = index.weights
        self._named = {*index.outputs, *(name for node in index.nodes if _has_body(node) for name in taken(node))}
        # The names of values in each form, by their names in the graph before.
        self._images: dict[str, str] = {}
        self._lines: dict[str, str] = {}

    def write(self, node: "NodeProto") -> None:
        """Append a node in the form that it gets; it is changed."""
        if node.op_type in _CONVOLUTIONS and node.input[1] in self.kernels:
            _add_height(node)
            node.input[0] = self._image(node.input[0])
        elif self._is_on_images(node):
            node.input[:] = [self._image(name) for name in node.input]
        else:
            node.input[:] = [self._line(name) for name in node.input]
            self.nodes.append(node)
            return
        made = list(node.output)
        node.output[:] = [f"{name}/image" if name in self._named else name for name in made]
        self._images.update(zip(made, node.output, strict=True))
        self.nodes.append(node)
        # A caller, or the body of a branch or loop, takes a line by this name.
        for name in self._named.intersection(made):
            self._append("Squeeze", self._images[name], name)
            self._lines[name] = name

    def _is_on_images(self, node: "NodeProto") -> bool:
        """Return whether a node that is no convolution is to be computed on images."""
        if node.domain or not any(name in self._images for name in node.input):
            return False
        if node.op_type in POINTWISE:
            return all(self._ranks.get(name, _LINE_RANK + 1) <= _LINE_RANK for name in node.input if name)
        if node.op_type in {"Concat", "Split"}:
            axis = next((each.i for each in node.attribute if each.name == "axis"), 0)
            lines = node.input if node.op_type == "Concat" else node.input[:1]
            return axis == _CHANNELS and all(self._ranks.get(name) == _LINE_RANK for name in lines)
        return node.op_type == "Slice" and self._axes_of_slice(node) == [_CHANNELS]

    def _axes_of_slice(self, node: "NodeProto") -> list[int]:
        """Return the axes along which a Slice cuts an image; none where they are no constant."""
        from onnx import numpy_helper

        if node.input[0] not in self._images or len(node.input) < 4 or node.input[3] not in self._weights:
            return []
        return [int(axis) for axis in numpy_helper.to_array(self._weights[node.input[3]]).reshape(-1)]

    def _image(self, name: str) -> str:
        """Return the name of a value as an image, or as it is where it is broadcast without a height."""
        if self._ranks.get(name, 0) < _LINE_RANK - 1:
            return name
        if name not in self._images:
            self._images[name] = self._append("Unsqueeze", name, f"{name}/image")
        return self._images[name]

    def _line(self, name: str) -> str:
        """Return the name of a value as it was in the graph before."""
        if name not in self._images:
            return name
        if name not in self._lines:
            # What was a line from the beginning has its name, and its image another.
            is_line = self._images[name] != name
            self._lines[name] = name if is_line else self._append("Squeeze", name, f"{name}/line")
        return self._lines[name]

    def _append(self, operator: str, source: str, target: str) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, [source, _HEIGHT_NAME], [target], name=target))
        return target


def _kernels(graph: "GraphProto") -> frozenset[str]:
    """Return the names of the weights that can get two dimensions: those of convolutions over time alone."""
    index = GraphIndex(graph)

    def fits(tensor: "TensorProto") -> bool:
        takers = index.takers(tensor.name)
        is_kernel = len(tensor.dims) == _LINE_RANK and tensor.data_type == tensor.FLOAT
        return is_kernel and tensor.name not in index.outputs and all(_convolves(each, tensor.name) for each in takers)

    return frozenset(tensor.name for tensor in graph.initializer if fits(tensor))


def _convolves(node: "NodeProto", name: str) -> bool:
    """Return whether a node takes a weight as its kernel, and as nothing else."""
    return node.op_type in _CONVOLUTIONS and not node.domain and list(node.input).index(name) == 1


def _ranks(model: "ModelProto") -> dict[str, int]:
    """Return the number of axes of each value, by its name; those that cannot be inferred are missing."""
    from onnx import shape_inference

    graph = shape_inference.infer_shapes(model).graph
    values = [*graph.input, *graph.value_info, *graph.output]
    shapes = {each.name: each.type.tensor_type.shape for each in values if each.type.tensor_type.HasField("shape")}
    ranks = {name: len(shape.dim) for name, shape in shapes.items()}
    return ranks | {tensor.name: len(tensor.dims) for tensor in graph.initializer}


def _add_height(node: "NodeProto") -> None:
    """Give the attributes of a convolution a number for the height, before each that they have for the time."""
    for attribute in node.attribute:
        if attribute.name in _PER_AXIS:
            without = _PER_AXIS[attribute.name]
            attribute.ints[:] = [number for each in attribute.ints for number in (without, each)]


def _has_body(node: "NodeProto") -> bool:
    return any(each.HasField("g") or each.graphs for each in node.attribute)
