"""The values of a graph that depend on none of its inputs, computed once."""

from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_hayakoe.engine.graphs.edits import replace_nodes
from wyoming_hayakoe.engine.graphs.index import taken
from wyoming_hayakoe.engine.graphs.operators import RANDOM
from wyoming_hayakoe.engine.runtime.session import Session

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

_NOWHERE = Path("constants.onnx")


def fold_constants(model: "ModelProto") -> None:
    """Make weights in place of all values that are constants, and remove the nodes that make them.

    Raises:
        HayakoeError: they cannot be computed.
    """
    from onnx import numpy_helper

    graph = model.graph
    names = {tensor.name for tensor in graph.initializer}
    literals, constant, rest = [], [], []
    for node in graph.node:
        if (tensor := _literal(node)) is not None:
            literals.append(tensor)
            names.update(node.output)
        elif node.op_type not in RANDOM and any(node.input) and all(name in names for name in taken(node)):
            constant.append(node)
            names.update(node.output)
        else:
            rest.append(node)
    graph.initializer.extend(literals)
    wanted = {name for node in rest for name in taken(node)} | {value.name for value in graph.output}
    made = [name for node in constant for name in node.output if name in wanted]
    if made:
        values = Session(_part(model, constant, made), _NOWHERE).run(made, {})
        graph.initializer.extend(numpy_helper.from_array(each, name) for each, name in zip(values, made, strict=True))
    replace_nodes(graph, rest)


def _literal(node: "NodeProto") -> "TensorProto | None":
    """Return the value of a Constant as a weight; None for another node, and for a value of another type."""
    from onnx import TensorProto, helper

    if node.op_type != "Constant" or not node.attribute:
        return None
    value, name = node.attribute[0], node.output[0]
    match value.name:
        case "value":
            tensor = TensorProto()
            tensor.CopyFrom(value.t)
            tensor.name = name
            return tensor
        case "value_int" | "value_ints":
            kind, numbers = TensorProto.INT64, list(value.ints) or [value.i]
        case "value_float" | "value_floats":
            kind, numbers = TensorProto.FLOAT, list(value.floats) or [value.f]
        case _:
            return None
    return helper.make_tensor(name, kind, [len(numbers)] if value.name.endswith("s") else [], numbers)


def _part(model: "ModelProto", nodes: "list[NodeProto]", wanted: list[str]) -> "ModelProto":
    """Return the nodes that make ``wanted`` as a graph without inputs."""
    from onnx import ValueInfoProto, helper

    used = {name for node in nodes for name in taken(node)}
    graph = helper.make_graph(
        nodes,
        "constants",
        [],
        [ValueInfoProto(name=name) for name in wanted],
        [tensor for tensor in model.graph.initializer if tensor.name in used],
    )
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=max(4, model.ir_version))
