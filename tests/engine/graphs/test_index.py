"""The index of a graph: makers, takers, before and after."""

import pytest
from onnx import TensorProto, helper

from wyoming_hayakoe.engine.graphs.index import GraphIndex, taken


def names(nodes):
    return [node.output[0] for node in nodes]


@pytest.fixture
def graph():
    """x → a → (b, c) → y, with a branch that takes c only inside, and a node that nothing takes."""
    branch = helper.make_graph(
        [helper.make_node("Neg", ["c"], ["inner"]), helper.make_node("Abs", ["inner"], ["branch"])], "branch", [], []
    )
    nodes = [
        helper.make_node("Shape", ["x"], ["size"]),
        helper.make_node("Mul", ["x", "w"], ["a"]),
        helper.make_node("Neg", ["a"], ["b"]),
        helper.make_node("Add", ["a", "a"], ["c"]),
        helper.make_node("If", ["b"], ["y"], then_branch=branch, else_branch=branch),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "w", "y")]
    weight = helper.make_tensor("w", TensorProto.FLOAT, [1], [2.0])
    return helper.make_graph(nodes, "test", ends[:2], ends[2:], [weight])


def test_each_value_has_a_maker_and_its_takers(graph):
    index = GraphIndex(graph)
    assert index.maker("a").op_type == "Mul"
    assert index.maker("x") is None
    assert names(index.takers("a")) == ["b", "c"]
    assert names(index.takers("c")) == ["y"]
    assert index.takers("y") == []
    assert (index.inputs, index.outputs, list(index.weights)) == (["x"], ["y"], ["w"])


def test_before_and_after_go_through_branches(graph):
    index = GraphIndex(graph)
    assert names(index.before(["y"])) == ["a", "b", "c", "y"]
    assert names(index.before(["y"], stop=["a", "c"])) == ["b", "y"]
    assert index.before(["x"]) == []
    assert index.after("x") == {"size", "a", "b", "c", "y"}
    assert index.after("c") == {"y"}
    assert set(taken(index.maker("y"))) == {"b", "c"}


def test_operators_can_be_left_out(graph):
    index = GraphIndex(graph, without={"Shape"})
    assert index.maker("size") is None
    assert names(index.takers("x")) == ["a"]
