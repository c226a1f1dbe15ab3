"""Checks of a published graph, which may come from anybody, before anything edits it or computes with it.

What passes ends, since the nodes run once each and in order: the only operator with graphs inside is ``If``. And its
values have bounded sizes, as far as they follow from the graph and the shapes of its inputs. Sizes that depend on
values are found by running it, which is done in a process with bounded memory (:mod:`~.prepare.proofs`).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_hayakoe.engine.graphs.model_file import tensors
from wyoming_hayakoe.errors import HayakoeError, in_brief

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

Shapes = Mapping[str, Sequence[int]]
"""The largest shape of each input, by its name."""

# The standard's operators, and those that ONNX Runtime's own tools write.
_DOMAINS = frozenset({"", "ai.onnx", "com.microsoft"})

# A full-size voice has 9,800 nodes, the BERT 8,600; their largest depth of branches is 1.
_MOST_NODES = 100_000
_MOST_DEPTH = 3

# The BERT has 472 MB of weights, and its largest value for 256 characters 4 MB.
_MOST_WEIGHTS = 2 << 30
_MOST_VALUE = 512 << 20

# Weights up to this number of elements are shapes, axes and ends: inference reads them.
_SMALL = 1024

_WINDOWED = frozenset(
    {"AveragePool", "Conv", "ConvInteger", "ConvTranspose", "LpPool", "MaxPool", "MaxUnpool", "QLinearConv"}
)
# By attribute: how often it has a number for each axis, and the least one.
_WINDOW = {"dilations": (1, 1), "kernel_shape": (1, 1), "output_padding": (1, 0), "pads": (2, 0), "strides": (1, 1)}
_MOST_WINDOW = 1 << 16


class UnsafeGraphError(HayakoeError):
    """A graph is refused, and is never going to be taken."""


def check(model: "ModelProto", origin: Path, shapes: Shapes) -> None:
    """Check a graph with all its weights, which is not changed.

    Args:
        model: the graph.
        origin: its file, which errors name.
        shapes: of the longest inputs that it is going to get.

    Raises:
        UnsafeGraphError: it does not pass.
    """
    try:
        reason = next(_faults(model, shapes), None)
    except Exception as error:  # noqa: BLE001 - the checker's own classes, and whatever odd content brings about
        reason = f"is not valid: {in_brief(error)}"
    if reason is not None:
        raise UnsafeGraphError(f"{origin}: {reason}: do not use this voice")


def _faults(model: "ModelProto", shapes: Shapes) -> Iterator[str]:
    """Yield what is wrong; each check relies on those before it."""
    import onnx

    if model.functions:
        yield "has functions of its own"
    if model.training_info:
        yield "holds a training"
    yield from _unlike_graphs(model.graph)
    yield from _oversized_weights(model.graph)
    for node in _nodes(model.graph):
        yield from _odd_node(node)
    light = skeleton(model, shapes)
    onnx.checker.check_model(light)
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in _nodes(model.graph):
        yield from _odd_window(node, weights)
    inferred = onnx.shape_inference.infer_shapes(light, data_prop=True)
    yield from _oversized_values(inferred.graph)


def _unlike_graphs(graph: "GraphProto", depth: int = 0) -> Iterator[str]:
    """Yield faults of a graph's parts and its depth, before anything walks through all of it."""
    if graph.sparse_initializer:
        yield "has sparse weights"
    if depth > _MOST_DEPTH:
        yield f"has branches within branches, more than {_MOST_DEPTH} deep"
        return
    if depth == 0 and sum(1 for _ in _first(_nodes(graph), _MOST_NODES + 1)) > _MOST_NODES:
        yield f"has more than {_MOST_NODES} nodes"
    for node in graph.node:
        for attribute in node.attribute:
            if (attribute.HasField("g") or attribute.graphs) and (node.domain, node.op_type) != ("", "If"):
                yield f"has a {node.op_type[:40]}, which runs a graph of its own"
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _unlike_graphs(inner, depth + 1)


def _first(nodes: "Iterator[NodeProto]", count: int) -> "Iterator[NodeProto]":
    return (node for _, node in zip(range(count), nodes, strict=False))


def _nodes(graph: "GraphProto", depth: int = 0) -> "Iterator[NodeProto]":
    """Yield every node, also those of branches; no deeper than is checked."""
    for node in graph.node:
        yield node
        for attribute in node.attribute if depth <= _MOST_DEPTH else ():
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _nodes(inner, depth + 1)


def _oversized_weights(graph: "GraphProto") -> Iterator[str]:
    total = 0
    for tensor in tensors(graph):
        if not _holds_what_it_declares(tensor):
            yield f"has weights that are not as large as they say ({tensor.name[:40]})"
        total += _size(tensor)
    if total > _MOST_WEIGHTS:
        yield f"has more than {_MOST_WEIGHTS >> 20} MB of weights"


def _holds_what_it_declares(tensor: "TensorProto") -> bool:
    if any(size < 0 for size in tensor.dims):
        return False
    if tensor.raw_data:
        return len(tensor.raw_data) == _size(tensor)
    fields = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")
    numbers = sum(len(getattr(tensor, field)) for field in fields)
    # The smallest types have several elements in a number, complex ones two numbers for an element.
    count = _count(tensor)
    return count <= 8 * numbers <= 16 * count


def _count(tensor: "TensorProto") -> int:
    return math.prod(int(size) for size in tensor.dims)


def _size(tensor: "TensorProto") -> int:
    """Return the bytes of a tensor of the declared shape."""
    from onnx import TensorProto, helper

    count = _count(tensor)
    if tensor.data_type in {TensorProto.INT4, TensorProto.UINT4}:
        return (count + 1) // 2
    if tensor.data_type == TensorProto.STRING:
        return count
    return count * int(helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)


def _odd_node(node: "NodeProto") -> Iterator[str]:
    if node.domain not in _DOMAINS:
        yield f"has an operator of its own ({node.domain[:40]}.{node.op_type[:40]})"
    if not any(node.output):
        yield f"has a {node.op_type[:40]} without an output"
    if any(attribute.ref_attr_name for attribute in node.attribute):
        yield f"has a {node.op_type[:40]} of a function"


def _odd_window(node: "NodeProto", weights: "Mapping[str, TensorProto]") -> Iterator[str]:
    """Yield what is wrong with the window of a convolution or a pool."""
    if node.op_type not in _WINDOWED:
        return
    kernel = weights.get(node.input[1]) if len(node.input) > 1 else None
    axes = len(kernel.dims) - 2 if kernel is not None else None
    if axes is not None and axes < 1:
        yield f"has a {node.op_type} without a kernel"
    for attribute in node.attribute:
        each, least = _WINDOW.get(attribute.name, (0, 0))
        numbers = list(attribute.ints)
        is_whole = len(numbers) == each * axes if axes is not None else bool(numbers)
        if each and not (is_whole and all(least <= number <= _MOST_WINDOW for number in numbers)):
            yield f"has a {node.op_type} with {attribute.name} {str(numbers)[:40]}"
        if attribute.name == "group" and not 1 <= attribute.i <= _MOST_WINDOW:
            yield f"has a {node.op_type} in {attribute.i} groups"


def skeleton(model: "ModelProto", shapes: Shapes) -> "ModelProto":
    """Return the graph without large weights, its inputs in the shapes given, and of each output the shape."""
    from onnx import ModelProto, TensorProto, helper

    light = ModelProto(ir_version=max(4, model.ir_version))
    light.opset_import.extend(model.opset_import)
    graph = light.graph
    graph.name = "skeleton"
    small = [tensor for tensor in model.graph.initializer if _count(tensor) <= _SMALL]
    large = [tensor for tensor in model.graph.initializer if _count(tensor) > _SMALL]
    graph.initializer.extend(small)
    for node in model.graph.node:
        value = next((each.t for each in node.attribute if each.name == "value"), None)
        if node.op_type == "Constant" and value is not None and _count(value) > _SMALL:
            graph.input.append(helper.make_tensor_value_info(node.output[0], value.data_type, list(value.dims)))
        else:
            graph.node.append(node)
    names = {tensor.name for tensor in model.graph.initializer}
    for value in model.graph.input:
        if value.name not in names:
            kind = value.type.tensor_type.elem_type
            shape = shapes.get(value.name)
            graph.input.append(helper.make_tensor_value_info(value.name, kind, shape) if shape else value)
    graph.input.extend(helper.make_tensor_value_info(each.name, each.data_type, list(each.dims)) for each in large)
    for number, value in enumerate(model.graph.output):
        graph.node.append(helper.make_node("Shape", [value.name], [f"skeleton/{number}"]))
        graph.output.append(helper.make_tensor_value_info(f"skeleton/{number}", TensorProto.INT64, [None]))
    return light


def _oversized_values(graph: "GraphProto") -> Iterator[str]:
    for value in graph.value_info:
        known = [size.dim_value for size in value.type.tensor_type.shape.dim if size.HasField("dim_value")]
        if any(size < 0 for size in known) or 4 * math.prod(known) > _MOST_VALUE:
            yield f"makes a value of {4 * math.prod(known) >> 20} MB ({value.name[:40]})"
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _oversized_values(attribute.g)
