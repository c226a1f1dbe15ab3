"""The BERT's weights in four bits: half of what they take in eight, for boards of 1 GB.

Blocks of 32 weights share a scale. ONNX Runtime's MatMulNBits multiplies them with activations in eight bits, as the
published model has them.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs.index import GraphIndex

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

_BLOCK = 32
_WHOLE_NUMBERS = 4
"""MatMulNBits' accuracy level with activations in int8, the fastest."""

# Inputs of a node: activations, weights, their scale, their zero point and the bias.
_PLACES = {"DynamicQuantizeMatMul": (0, 1, 2, 3, 4), "MatMulIntegerToFloat": (0, 1, 3, 5, 6)}


def to_four_bits(model: "ModelProto") -> int:
    """Replace the eight-bit matrix products of an optimised graph by four-bit ones; return their number."""
    graph = model.graph
    index = GraphIndex(graph)
    weights = index.weights
    made: dict[str, tuple[int, int]] = {}
    count = 0
    for node in graph.node:
        if node.op_type not in _PLACES:
            continue
        given = [*node.input, "", "", "", ""]
        activations, name, scale, zero, bias = (given[place] for place in _PLACES[node.op_type])
        if node.op_type == "MatMulIntegerToFloat":
            quantizer = index.maker(activations)
            if quantizer is None or quantizer.op_type != "DynamicQuantizeLinear":
                continue
            activations = quantizer.input[0]
        if not {name, scale, zero} <= {*weights, ""} or len(weights[name].dims) != 2:
            continue
        if name not in made:
            matrix = _decoded(weights[name], weights[scale], weights.get(zero))
            if matrix.shape[0] % _BLOCK:
                continue
            made[name] = matrix.shape
            graph.initializer.extend(_packed(matrix, name))
        _replace(node, activations, name, made[name], bias)
        count += 1
    return count


def _decoded(weights: "TensorProto", scale: "TensorProto", zero: "TensorProto | None") -> npt.NDArray[np.float32]:
    """Return weights [inputs, outputs] in fp32."""
    from onnx import numpy_helper

    codes = numpy_helper.to_array(weights).astype(np.float32)
    offset = np.float32(0) if zero is None else numpy_helper.to_array(zero).astype(np.float32)
    decoded: npt.NDArray[np.float32] = (codes - offset) * numpy_helper.to_array(scale)
    return decoded


def _packed(matrix: npt.NDArray[np.float32], name: str) -> "list[TensorProto]":
    """Return four-bit codes [outputs, blocks, 16], two in a byte and 8 for nothing, and scales [outputs × blocks]."""
    from onnx import numpy_helper

    blocks = np.ascontiguousarray(matrix.T).reshape(matrix.shape[1], -1, _BLOCK)
    # The weight of the largest magnitude becomes -8: the codes reach further down than up.
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=2)[..., None], axis=2)
    scales = largest / np.float32(-8)
    inverse = np.divide(1, scales, out=np.zeros_like(scales), where=scales != 0)
    codes = np.clip(np.rint(blocks * inverse) + 8, 0, 15).astype(np.uint8)
    return [
        numpy_helper.from_array(codes[..., ::2] | codes[..., 1::2] << 4, f"{name}/four_bits"),
        numpy_helper.from_array(scales.reshape(-1), f"{name}/scales"),
    ]


def _replace(node: "NodeProto", activations: str, name: str, shape: tuple[int, int], bias: str) -> None:
    from onnx import helper

    inputs = [activations, f"{name}/four_bits", f"{name}/scales", "", "", bias]
    while not inputs[-1]:
        inputs.pop()
    new = helper.make_node("MatMulNBits", inputs, list(node.output), domain="com.microsoft")
    settings = {"K": shape[0], "N": shape[1], "bits": 4, "block_size": _BLOCK, "accuracy_level": _WHOLE_NUMBERS}
    new.attribute.extend(helper.make_attribute(key, value) for key, value in settings.items())
    node.CopyFrom(new)
