"""Stages cut into a chain of pieces, so that a change in one piece is measured without computing those before it.

A decoder is cut at the inputs of its ConvTransposes, where its rate changes; a stage without one is a single piece.
Whatever a piece depends on beside the value at its cut, it computes from the inputs of the whole stage: that is right
for every graph, and nothing where the graph is a plain chain.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wyoming_hayakoe.engine.graphs.index import GraphIndex, taken

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a stage."""

    stage: str
    """The stage's name."""

    model: "ModelProto"
    """The part as a graph, which takes inputs of the stage, and the value at the cut before it under its name there."""

    outputs: Sequence[str]
    """Names of the values that it makes: the one at the cut after it, or all outputs of the stage."""

    is_last: bool
    """Whether it ends its stage."""


def pieces(stages: "Mapping[str, ModelProto]") -> list[Piece]:
    """Return the pieces of ``stages``, which run one after the other, in the order in which they run."""
    return [piece for name, stage in stages.items() for piece in _pieces(name, stage)]


def _pieces(name: str, stage: "ModelProto") -> Iterator[Piece]:
    index = GraphIndex(stage.graph)
    before: list[ValueInfoProto] = []
    for cut in _cuts(index):
        yield Piece(name, _extract(stage, index, before, [cut]), [cut.name], is_last=False)
        before = [cut]
    yield Piece(name, _extract(stage, index, before, stage.graph.output), index.outputs, is_last=True)


def _cuts(index: GraphIndex) -> "list[ValueInfoProto]":
    """Return the values that are computed and then go into a ConvTranspose with constant weights, in their order."""
    on_the_way = index.before(index.outputs)
    found = {node.input[0]: node for node in on_the_way if node.op_type == "ConvTranspose"}
    return [
        _value(name, index.weights[node.input[1]])
        for name, node in found.items()
        if index.maker(name) is not None and name not in index.outputs and node.input[1] in index.weights
    ]


def _value(name: str, weights: "TensorProto") -> "ValueInfoProto":
    """Return the input [B, C, ..., T] of a ConvTranspose, whose weights are [C, ...]; B may be sub-bands."""
    from onnx import TensorProto, helper

    shape = [None, weights.dims[0], *[1] * (len(weights.dims) - 3), None]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _extract(
    stage: "ModelProto", index: GraphIndex, before: "Sequence[ValueInfoProto]", wanted: "Sequence[ValueInfoProto]"
) -> "ModelProto":
    """Return the part that makes ``wanted`` of the values ``before`` it and the stage's inputs."""
    from onnx import helper

    names = [value.name for value in wanted]
    nodes: list[NodeProto] = index.before(names, [value.name for value in before])
    used = {name for node in nodes for name in taken(node)} | set(names)
    graph = helper.make_graph(
        nodes,
        stage.graph.name,
        [value for value in (*stage.graph.input, *before) if value.name in used],
        wanted,
        [tensor for tensor in stage.graph.initializer if tensor.name in used],
    )
    return helper.make_model(
        graph, opset_imports=stage.opset_import, functions=stage.functions, ir_version=stage.ir_version
    )
