"""Small edits of a graph in place; none changes what the graph computes for one unpadded sentence."""

from typing import TYPE_CHECKING

from wyoming_hayakoe.engine.graphs.index import GraphIndex, taken
from wyoming_hayakoe.engine.graphs.operators import numbers

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_SHAPING = frozenset({"Cast", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})


def drop_masks(graph: "GraphProto") -> int:
    """Remove the masks over time, which are all ones where nothing is padded; return how many products they were in."""
    index = GraphIndex(graph)
    ones: set[str] = set()
    nothing: set[str] = set()
    count = 0
    for node in graph.node:
        known = [name for name in node.input if name in ones]
        if _marks_time(node, index) or (known and node.op_type in _SHAPING):
            ones.update(node.output)
        elif known and node.op_type == "Equal":
            nothing.update(node.output)
        elif known and node.op_type == "Mul":
            others = [name for name in node.input if name not in ones]
            if others:
                _pass(node, others[0])
                count += 1
            else:
                ones.update(node.output)
        elif node.op_type == "Where" and node.input[0] in nothing:
            _pass(node, node.input[2])
            count += 1
    return count


def merge_pads(graph: "GraphProto") -> int:
    """Move padding with zeros into the convolutions, where they alone take it; return how many do so."""
    from onnx import helper, numpy_helper

    index = GraphIndex(graph)
    count = 0
    for node in graph.node:
        if node.op_type != "Pad" or node.input[1] not in index.weights or any(node.input[2:]):
            continue
        margins = numpy_helper.to_array(index.weights[node.input[1]]).tolist()
        users = index.takers(node.output[0])
        is_plain = not any(each.name == "mode" and each.s != b"constant" for each in node.attribute)
        if len(margins) != 6 or any(margins[:2] + margins[3:5]) or min(margins) < 0 or not is_plain:
            continue
        if not users or any(user.op_type != "Conv" or user.input[0] != node.output[0] for user in users):
            continue
        for user in users:
            old = numbers(user, "pads", [0, 0])
            kept = [each for each in user.attribute if each.name != "pads"]
            del user.attribute[:]
            user.attribute.extend([*kept, helper.make_attribute("pads", [old[0] + margins[2], old[1] + margins[5]])])
            user.input[0] = node.input[0]
            count += 1
    return count


def drop_dead(model: "ModelProto") -> None:
    """Remove nodes and weights on which no output depends."""
    graph = model.graph
    index = GraphIndex(graph)
    kept = index.before(index.outputs)
    needed = {*index.outputs, *(name for node in kept for name in taken(node))}
    replace_nodes(graph, kept)
    # One by one: protobuf keeps the memory of a list that is replaced, so that all weights would be in memory twice.
    for position in reversed(range(len(graph.initializer))):
        if graph.initializer[position].name not in needed:
            del graph.initializer[position]


def replace_nodes(graph: "GraphProto", nodes: "list[NodeProto]") -> None:
    """Replace the graph's nodes by ``nodes``, some of which may be in the graph."""
    # Protobuf may free what is removed: nodes that stay are copied first.
    copies = [type(node).FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)


def _marks_time(node: "NodeProto", index: GraphIndex) -> bool:
    """Return whether a node makes a mask over time: the positions before an end."""
    if node.op_type != "Less":
        return False
    position = index.maker(node.input[0])
    while position is not None and position.op_type in _SHAPING:
        position = index.maker(position.input[0])
    return position is not None and position.op_type == "Range"


def _pass(node: "NodeProto", name: str) -> None:
    """Make a node pass on ``name`` unchanged."""
    node.op_type = "Identity"
    del node.attribute[:]
    node.input[:] = [name]
