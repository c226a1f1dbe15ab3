"""Simplified stages give what the stages gave."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tests.support import TINY_REPO
from wyoming_hayakoe.engine.graphs.cutting import AUDIO, DURATIONS, LATENT, LOG_SCALE, MEAN, cut
from wyoming_hayakoe.engine.graphs.edits import drop_masks, merge_pads
from wyoming_hayakoe.engine.jp_extra.network import JP_EXTRA
from wyoming_hayakoe.engine.prepare.simplify import remark
from wyoming_hayakoe.engine.runtime.session import Session
from wyoming_hayakoe.engine.vits.preparation import samples, simplified

MODEL = TINY_REPO / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"
OUTPUTS = {"encoder": [DURATIONS, MEAN, LOG_SCALE], "flow": [LATENT], "decoder": [AUDIO]}


@pytest.fixture(scope="module")
def stages():
    return cut(onnx.load(MODEL))


@pytest.fixture(scope="module")
def simple(stages):
    return simplified(JP_EXTRA, stages)


@pytest.fixture(scope="module")
def pairs(stages, simple):
    """Return by name each stage as it was and as it is."""
    return {name: [Session(getattr(each, name), MODEL) for each in (stages, simple)] for name in OUTPUTS}


@pytest.mark.parametrize("stage", OUTPUTS)
@given(length=st.integers(1, 120))
@settings(max_examples=8)
def test_any_length_gives_the_same(stages, pairs, stage, length):
    feeds = samples(JP_EXTRA, stages, [length])[0]
    for expected, found in zip(*(session.run(OUTPUTS[stage], feeds) for session in pairs[stage]), strict=True):
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def test_few_nodes_are_left(simple):
    assert sum(len(getattr(simple, name).graph.node) for name in OUTPUTS) < 1200
    operators = {node.op_type for node in simple.flow.graph.node}
    assert "ScatterElements" in operators
    assert not operators & {"Pad", "Where", "ConstantOfShape"}
    assert remark(simple.flow).startswith("37 masks, 6 attentions; ")
    assert remark(simple.encoder).startswith("46 masks, 3 attentions; ")


def test_what_the_stages_take_and_make_stays(stages, simple):
    for name in OUTPUTS:
        before, after = (getattr(each, name).graph for each in (stages, simple))
        assert {value.name for value in after.input} == {value.name for value in before.input}
        assert [value.name for value in after.output] == [value.name for value in before.output]
    assert (simple.hop, simple.reach) == (stages.hop, stages.reach)


def test_a_mask_that_masks_is_kept(stages):
    """What looks like a mask but is none is found by its values: the stage stays, but for its constants."""
    flow = onnx.ModelProto()
    flow.CopyFrom(stages.flow)
    less = next(node for node in flow.graph.node if node.op_type == "Less")
    flow.graph.initializer.append(numpy_helper.from_array(np.array(5, dtype=np.int64), "five"))
    index = list(flow.graph.node).index(less)
    flow.graph.node.insert(index, helper.make_node("Min", [less.input[1], "five"], ["at most five"]))
    flow.graph.node[index + 1].input[1] = "at most five"
    kept = simplified(JP_EXTRA, replace(stages, flow=flow)).flow
    assert remark(kept).startswith("constants only: differs by ")
    feeds = samples(JP_EXTRA, stages, [30])[0]
    expected, found = (Session(each, MODEL).run([LATENT], feeds)[0] for each in (flow, kept))
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_a_graph_of_another_build_stays_as_it_is(stages):
    """Attention that cannot be told is left alone."""
    flow = onnx.ModelProto()
    flow.CopyFrom(stages.flow)
    for node in flow.graph.node:
        if node.op_type == "Softmax":
            node.op_type = "LogSoftmax"
    kept = simplified(JP_EXTRA, replace(stages, flow=flow)).flow
    assert ", 0 attentions; " in remark(kept)


def convolution_behind_pad(margins, value):
    nodes = [
        helper.make_node("Pad", ["x", "margins", value] if value else ["x", "margins"], ["padded"]),
        helper.make_node("Conv", ["padded", "w"], ["y"], pads=[1, 0]),
    ]
    weights = {"margins": np.array(margins), "w": np.ones((2, 2, 3), dtype=np.float32), "half": np.float32(0.5)}
    return helper.make_model(
        helper.make_graph(
            nodes,
            "test",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, "time"])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, "after"])],
            [numpy_helper.from_array(np.asarray(values), name) for name, values in weights.items()],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


@pytest.mark.parametrize(
    ("margins", "value", "count"),
    [
        ([0, 0, 2, 0, 0, 1], "", 1),
        ([0, 0, 0, 0, 0, 0], "", 1),
        ([0, 1, 2, 0, 0, 1], "", 0),
        ([0, 0, -1, 0, 0, 1], "", 0),
        ([0, 0, 2, 0, 0, 1], "half", 0),
    ],
)
def test_convolutions_pad_by_themselves_what_is_padded_with_zeros_in_time(margins, value, count):
    model = convolution_behind_pad(margins, value)
    if margins[1]:
        # Another channel more than the convolution takes: only the count matters.
        assert merge_pads(model.graph) == 0
        return
    feeds = {"x": np.random.default_rng(0).standard_normal((1, 2, 9), dtype=np.float32)}
    expected = Session(model, MODEL).run(["y"], feeds)[0]
    assert merge_pads(model.graph) == count
    assert np.allclose(Session(model, MODEL).run(["y"], feeds)[0], expected)


def test_products_that_no_mask_is_in_stay(stages):
    decoder = onnx.ModelProto()
    decoder.CopyFrom(stages.decoder)
    assert drop_masks(decoder.graph) == 0
    assert decoder == stages.decoder
