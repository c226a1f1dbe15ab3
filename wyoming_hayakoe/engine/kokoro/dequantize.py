"""Weights in fp32 instead of a graph's dynamic int8, tensor by tensor.

The published graph finds the range of each value while it runs, and multiplies integers. Its convolutions are no faster
than those in fp32 for that, and the rounding can be heard. Its weights are int8, so their fp32 form holds the same.

==============================================  ===========================
published                                       becomes
==============================================  ===========================
``MatMulInteger``, ``Cast``, ``Mul``            ``MatMul``
``ConvInteger``, ``Add``, ``Cast``, ``Mul``     ``Conv``, the bias unrounded
``DynamicQuantizeLSTM``                         ``LSTM``
``Gather``, ``DequantizeLinear``                ``Gather``
==============================================  ===========================
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from wyoming_hayakoe.engine.graphs.edits import drop_dead
from wyoming_hayakoe.engine.kokoro.structure import Array, NotKokoroError, Structure, odd_is_refused

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_ROUNDING = ("Reshape", "Cast", "Floor", "Round", "Div")
"""Operators between a bias and what is added to integers."""


@odd_is_refused()
def dequantized(model: "ModelProto") -> "ModelProto":
    """Return a graph without integer weights; a graph that has none comes back alike.

    Args:
        model: any graph; it is not changed. Its integers are read one after another, so that the memory of both graphs
            together is about that of their weights.

    Raises:
        NotKokoroError: integer operators are connected unlike those that ONNX Runtime's quantisation writes.
    """
    from onnx import ModelProto

    result = ModelProto(ir_version=model.ir_version)
    result.opset_import.extend(model.opset_import)
    result.graph.name = model.graph.name
    result.graph.input.extend(model.graph.input)
    result.graph.output.extend(model.graph.output)
    writer = _FloatWriter(model.graph, result.graph)
    for node in model.graph.node:
        writer.write(node)
    needed = {name for node in result.graph.node for name in node.input}
    result.graph.initializer.extend(each for each in model.graph.initializer if each.name in needed)
    drop_dead(result)
    return result


class _FloatWriter:
    """The nodes of a graph in fp32, written in its order."""

    def __init__(self, graph: "GraphProto", target: "GraphProto") -> None:
        self._structure = Structure(graph)
        self._target = target
        # Nodes in place of those that make a value, and values that need not be made any more.
        self._instead: dict[str, NodeProto] = {}
        self._gone: set[str] = set()
        self._weights: set[str] = set()

    def write(self, node: "NodeProto") -> None:
        """Append a node, or what stands for it."""
        writers: Mapping[str, Callable[[NodeProto], None]] = {
            "MatMulInteger": self._product,
            "ConvInteger": self._convolution,
            "DynamicQuantizeLSTM": self._recurrence,
            "DequantizeLinear": self._row,
        }
        if node.op_type in writers:
            writers[node.op_type](node)
        if node.output[0] in self._instead:
            self._target.node.append(self._instead[node.output[0]])
        elif node.output[0] not in self._gone and node.op_type != "DynamicQuantizeLinear":
            self._target.node.append(node)

    def _product(self, node: "NodeProto") -> None:
        from onnx import helper

        structure = self._structure
        cast = structure.only_taker(node.output[0], "Cast")
        scaled = structure.only_taker(cast.output[0], "Mul")
        kernel = self._kernel(node, self._scale(scaled, cast.output[0]), axis=-1)
        self._gone |= {node.output[0], cast.output[0]}
        self._instead[scaled.output[0]] = helper.make_node(
            "MatMul", [self._source(node), kernel], [scaled.output[0]], name=node.name
        )

    def _convolution(self, node: "NodeProto") -> None:
        from onnx import helper

        structure = self._structure
        behind = structure.only_taker(node.output[0], "Add", "Cast")
        self._gone.add(node.output[0])
        bias = None
        if behind.op_type == "Add":
            bias = self._bias(structure.other(behind, node.output[0]))
            self._gone.add(behind.output[0])
            behind = structure.only_taker(behind.output[0], "Cast")
        scaled = structure.only_taker(behind.output[0], "Mul")
        self._gone.add(behind.output[0])
        inputs = [self._source(node), self._kernel(node, self._scale(scaled, behind.output[0]), axis=0)]
        if bias is not None:
            inputs.append(bias)
        convolution = helper.make_node("Conv", inputs, [scaled.output[0]], name=node.name)
        convolution.attribute.extend(node.attribute)
        self._instead[scaled.output[0]] = convolution

    def _recurrence(self, node: "NodeProto") -> None:
        from onnx import helper

        names = [*node.input, *[""] * (12 - len(node.input))]
        gates = [
            self._constant(f"{weights}/float", self._gates(weights, scale, zero))
            for weights, scale, zero in (names[1:2] + names[8:10], names[2:3] + names[10:12])
        ]
        kept = [names[0], *gates, *names[3:8]]
        recurrence = helper.make_node("LSTM", kept, list(node.output), name=node.name)
        recurrence.attribute.extend(node.attribute)
        self._instead[node.output[0]] = recurrence

    def _row(self, node: "NodeProto") -> None:
        from onnx import helper

        table = self._structure.maker(node.input[0], "Gather")
        zero = self._structure.array(node.input[2]) if len(node.input) > 2 else np.zeros((), dtype=np.float32)
        scale = self._structure.array(node.input[1])
        if scale.size != 1 or zero.size != 1:
            raise NotKokoroError("has a table with a scale for each row")
        values = self._structure.array(table.input[0]).astype(np.float32)
        rows = self._constant(f"{table.input[0]}/float", (values - zero.astype(np.float32)) * scale)
        gather = helper.make_node("Gather", [rows, table.input[1]], [node.output[0]], name=node.name)
        gather.attribute.extend(table.attribute)
        self._instead[node.output[0]] = gather

    def _source(self, node: "NodeProto") -> str:
        """Return the value that an integer operator's first input was made of."""
        return str(self._structure.maker(node.input[0], "DynamicQuantizeLinear").input[0])

    def _scale(self, scaled: "NodeProto", integers: str) -> str:
        """Return the scale of the weights, which is multiplied with that of the values first."""
        return self._structure.constant_input(self._structure.maker(self._structure.other(scaled, integers), "Mul"))

    def _kernel(self, node: "NodeProto", scale: str, axis: int) -> str:
        """Return an operator's weights in fp32; scale and zero point may be given for each channel of ``axis``."""
        # Layers share weights: those are made once.
        name = f"{node.input[1]} in {scale}"
        if name in self._weights:
            return name
        integers = self._structure.array(node.input[1])
        zero = self._structure.array(node.input[3]) if len(node.input) > 3 else np.zeros((), dtype=np.float32)
        shape = [1] * integers.ndim
        shape[axis] = -1
        result = integers.astype(np.float32)
        for each, apply in ((zero, np.subtract), (self._structure.array(scale), np.multiply)):
            if each.size not in {1, integers.shape[axis]}:
                raise NotKokoroError(f"has weights with an odd number of scales ({node.input[1][:80]})")
            apply(result, each.astype(np.float32).reshape(shape if each.size > 1 else ()), out=result)
        return self._constant(name, result)

    def _gates(self, weights: str, scale: str, zero: str) -> Array:
        """Return an LSTM's weights [directions, 4 * hidden, size], which its int8 form has transposed."""
        array = self._structure.array
        integers, steps, offsets = array(weights), array(scale), array(zero)
        if integers.ndim != 3 or steps.ndim < 1 or steps.shape[0] != integers.shape[0] or steps.shape != offsets.shape:
            raise NotKokoroError(f"has an LSTM with odd scales ({weights[:80]})")
        wide = (len(steps), 1, -1)
        result = (integers.astype(np.float32) - offsets.astype(np.float32).reshape(wide)) * steps.reshape(wide)
        return np.ascontiguousarray(result.transpose(0, 2, 1))

    def _bias(self, name: str) -> str:
        """Return the constant that a rounded bias was made of."""
        first = self._structure.maker(name, "Reshape")
        name = first.input[0]
        while (node := self._structure.index.maker(name)) is not None and node.op_type in _ROUNDING:
            name = node.input[0]
        if self._structure.array(name).ndim != 1:
            raise NotKokoroError(f"has a bias with several axes ({name[:80]})")
        return name

    def _constant(self, name: str, values: Array) -> str:
        """Add fp32 weights once, and return their name."""
        from onnx import numpy_helper

        if name not in self._weights:
            self._weights.add(name)
            single = np.ascontiguousarray(values, dtype=np.float32)
            self._target.initializer.append(numpy_helper.from_array(single, name))
        return name
