"""Graphs that an ill-meaning author could publish: the tiny network, with one thing changed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from tests.support import TINY_REPO

SYNTHESIZER = Path("onnx", "speakers", "rand-jp", "synthesizer.onnx")
BERT = Path("onnx", "bert", "q8", "bert_q8.onnx")

Change = Callable[[ModelProto], None]


def repository(folder: Path, change: Change, file: Path = SYNTHESIZER) -> Path:
    """Return a copy of the tiny repository in ``folder``, with one graph changed."""
    shutil.copytree(TINY_REPO, folder)
    model = onnx.load(folder / file)
    change(model)
    onnx.save(model, folder / file)
    return folder


def convolution(model: ModelProto, kind: str = "Conv") -> NodeProto:
    """Return the last convolution of a kind, which is one of the decoder's."""
    return [node for node in model.graph.node if node.op_type == kind][-1]


def attribute(kind: str, name: str, values: list[int]) -> Change:
    """Return a change that gives the last convolution of a kind an attribute."""

    def change(model: ModelProto) -> None:
        node = convolution(model, kind)
        kept = [each for each in node.attribute if each.name != name]
        del node.attribute[:]
        node.attribute.extend(kept)
        given = node.attribute.add()
        given.name, given.type = name, onnx.AttributeProto.INTS
        given.ints.extend(values)

    return change


def without_inputs(model: ModelProto) -> None:
    del convolution(model).input[1:]


def behind_audio(model: ModelProto, *nodes: NodeProto, out: str) -> None:
    """Add nodes that take ``found`` and make ``out``, which is added to the sound."""
    sound = model.graph.output[0].name
    last = next(node for node in model.graph.node if node.output[0] == sound)
    last.output[0] = "found"
    zero = numpy_helper.from_array(np.zeros(1, dtype=np.float32), "zero")
    model.graph.initializer.append(zero)
    model.graph.node.extend(nodes)
    model.graph.node.append(helper.make_node("ReduceMax", [out], ["peak"], keepdims=0))
    model.graph.node.append(helper.make_node("Mul", ["peak", "zero"], ["nothing"]))
    model.graph.node.append(helper.make_node("Add", ["found", "nothing"], [sound]))


def weights(model: ModelProto, **values: list[int]) -> None:
    model.graph.initializer.extend(
        numpy_helper.from_array(np.array(value, dtype=np.int64), name) for name, value in values.items()
    )


def four_gigabytes(model: ModelProto) -> None:
    """Add a constant of 4 GB, which takes forty bytes in the file."""
    weights(model, huge=[1 << 15, 1 << 15])
    behind_audio(model, helper.make_node("ConstantOfShape", ["huge"], ["out"]), out="out")


def hidden_gigabytes(model: ModelProto) -> None:
    """Add a value of 40 GB whose size depends on values that only running the graph gives."""
    weights(model, factor=[100_000_000])
    behind_audio(
        model,
        helper.make_node("ReduceMax", [model.graph.input[0].name], ["most"], keepdims=1),
        helper.make_node("Mul", ["most", "factor"], ["many"]),
        helper.make_node("Reshape", ["many", "one"], ["size"]),
        helper.make_node("ConstantOfShape", ["size"], ["out"]),
        out="out",
    )
    weights(model, one=[1])


def many_weights(model: ModelProto) -> None:
    """Declare 4 GB of weights and hold none."""
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.dims[:] = [1 << 15, 1 << 15]


def cycle(model: ModelProto) -> None:
    """Let two copies of a value take each other."""
    behind_audio(
        model,
        helper.make_node("Identity", ["b"], ["a"]),
        helper.make_node("Identity", ["a"], ["b"]),
        helper.make_node("Identity", ["a"], ["out"]),
        out="out",
    )


def attention_cycle(model: ModelProto) -> None:
    """Let the value that the first transposition takes depend on itself."""
    node = next(node for node in model.graph.node if node.op_type == "Transpose")
    model.graph.node.append(helper.make_node("Identity", ["round"], ["round"]))
    node.input[0] = "round"


def loop(model: ModelProto) -> None:
    """Count to the end of int64."""
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["held"], ["kept"])],
        "body",
        [value("step", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("held", TensorProto.FLOAT, [])],
        [value("on", TensorProto.BOOL, []), value("kept", TensorProto.FLOAT, [])],
    )
    yes = numpy_helper.from_array(np.array(1, dtype=np.bool_), "yes")
    start = numpy_helper.from_array(np.array(0, dtype=np.float32), "start")
    model.graph.initializer.extend([yes, start])
    most = numpy_helper.from_array(np.array(2**63 - 1, dtype=np.int64), "most")
    model.graph.initializer.append(most)
    behind_audio(model, helper.make_node("Loop", ["most", "yes", "start"], ["out"], body=body), out="out")


def functions(model: ModelProto) -> None:
    """Add functions that call each other twice, forty deep: 2^40 nodes when they are written out."""
    opset = helper.make_opsetid("", 17)
    own = helper.make_opsetid("own", 1)
    for depth in range(40):
        name = f"f{depth + 1}" if depth < 39 else "Abs"
        domain = "own" if depth < 39 else ""
        model.functions.append(
            helper.make_function(
                "own",
                f"f{depth}",
                ["x"],
                ["z"],
                [
                    helper.make_node(name, ["x"], ["y"], domain=domain),
                    helper.make_node(name, ["y"], ["z"], domain=domain),
                ],
                [opset, own],
            )
        )
    model.opset_import.append(own)
    behind_audio(model, helper.make_node("f0", ["found"], ["out"], domain="own"), out="out")


def endless(model: ModelProto) -> None:
    """Multiply large matrices until somebody ends it: some ten minutes on a fast machine, by three lines of Python."""
    side = 1024
    model.graph.initializer.append(numpy_helper.from_array(np.full((side, side), 1 / side, dtype=np.float32), "m0"))
    steps = [helper.make_node("MatMul", [f"m{at}", "m0"], [f"m{at + 1}"]) for at in range(40_000)]
    behind_audio(model, *steps, out=f"m{len(steps)}")


def own_operator(model: ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    behind_audio(model, helper.make_node("Run", ["found"], ["out"], domain="com.example"), out="out")


def deep_branches(model: ModelProto) -> None:
    """Put branches into branches, twenty deep."""
    inner = helper.make_node("Identity", ["found"], ["out"])
    for depth in range(20):
        graph = helper.make_graph(
            [inner], f"g{depth}", [], [helper.make_tensor_value_info(inner.output[0], TensorProto.FLOAT, None)]
        )
        inner = helper.make_node("If", ["yes"], [f"o{depth}"], then_branch=graph, else_branch=graph)
        if depth >= 7:
            break
    yes = numpy_helper.from_array(np.array(1, dtype=np.bool_), "yes")
    model.graph.initializer.append(yes)
    behind_audio(model, inner, out=inner.output[0])


def sparse(model: ModelProto) -> None:
    values = helper.make_tensor("s", TensorProto.FLOAT, [1], [1.0])
    indices = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [1 << 40]))


REFUSED: dict[str, Change] = {
    "a constant of 4 GB": four_gigabytes,
    "weights that are not there": many_weights,
    "a cycle": cycle,
    "a cycle in the attention": attention_cycle,
    "an endless loop": loop,
    "functions in functions": functions,
    "an operator of its own": own_operator,
    "branches in branches": deep_branches,
    "sparse weights": sparse,
    "a convolution of one input": without_inputs,
    **{
        f"{kind} with {name} {values}": attribute(kind, name, values)
        for kind, name, values in (
            ("Conv", "strides", []),
            ("Conv", "pads", []),
            ("Conv", "strides", [0]),
            ("Conv", "dilations", [0]),
            ("Conv", "dilations", [1 << 40]),
            ("Conv", "kernel_shape", [1 << 40]),
            ("ConvTranspose", "strides", []),
            ("ConvTranspose", "strides", [0]),
            ("ConvTranspose", "strides", [1 << 30]),
            ("ConvTranspose", "pads", [-1, -1]),
            ("ConvTranspose", "pads", [1]),
        )
    },
}
"""Changes that make a graph unsafe, by what they are."""
