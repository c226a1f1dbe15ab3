"""Stages cut into a chain of pieces."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.support import TINY_REPO
from wyoming_hayakoe.engine.graphs.cutting import AUDIO, DURATIONS, LATENT, PRIOR, cut
from wyoming_hayakoe.engine.prepare.pieces import pieces
from wyoming_hayakoe.engine.runtime.session import Session

MODEL = TINY_REPO / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"


@pytest.fixture(scope="module")
def stages():
    cuts = cut(onnx.load(MODEL))
    return {"flow": cuts.flow, "decoder": cuts.decoder}


def run(chain, feeds):
    values = dict(feeds)
    for piece in chain:
        values.update(zip(piece.outputs, Session(piece.model, MODEL).run(piece.outputs, values), strict=True))
    return values


def test_the_pieces_one_after_the_other_compute_what_the_stages_do(stages):
    random = np.random.default_rng(0)
    feeds = {
        PRIOR: random.standard_normal((1, 16, 20), dtype=np.float32),
        DURATIONS: np.full((1, 1, 10), 2, dtype=np.float32),
        "sid": np.ones(1, dtype=np.int64),
    }
    latent = Session(stages["flow"], MODEL).run([LATENT], feeds)[0]
    sound = Session(stages["decoder"], MODEL).run([AUDIO], {**feeds, LATENT: latent})[0]
    values = run(pieces(stages), feeds)
    assert np.abs(values[LATENT] - latent).max() <= 1e-5
    assert np.abs(values[AUDIO] - sound).max() <= 1e-5


def test_a_decoder_is_cut_where_its_rate_changes_and_a_flow_is_not(stages):
    chain = pieces(stages)
    assert [piece.stage for piece in chain] == ["flow", *["decoder"] * 6]
    assert [piece.is_last for piece in chain] == [True, *[False] * 5, True]
    operators = [[node.op_type for node in piece.model.graph.node] for piece in chain]
    assert [found.count("ConvTranspose") for found in operators] == [0, 0, 1, 1, 1, 1, 1]
    nodes = sum(len(stage.graph.node) for stage in stages.values())
    # Only the speaker's embedding may be looked up twice.
    assert sum(map(len, operators)) <= nodes + 4


def tensor(name, *shape):
    values = np.random.default_rng(len(name)).standard_normal(shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


@pytest.mark.parametrize("rank", [3, 4])
def test_what_goes_around_a_cut_is_computed_again(rank):
    """One ConvTranspose after the other, and a way around the first, as of a source signal."""
    high = [1] * (rank - 3)
    strides = [*high, 2]
    nodes = [
        helper.make_node("LeakyRelu", ["x"], ["a"]),
        helper.make_node("ConvTranspose", ["a", "up1"], ["b"], strides=strides),
        helper.make_node("ConvTranspose", ["x", "around"], ["c"], strides=strides),
        helper.make_node("Add", ["b", "c"], ["d"]),
        helper.make_node("ConvTranspose", ["d", "up2"], ["y"], strides=strides),
    ]
    weights = [tensor(name, 2, 2, *high, 2) for name in ("up1", "around", "up2")]
    shape = [1, 2, *high, None]
    graph = helper.make_graph(
        nodes,
        "stage",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    x = np.random.default_rng(0).standard_normal((1, 2, *high, 5)).astype(np.float32)
    chain = pieces({"stage": model})
    assert [list(piece.outputs) for piece in chain] == [["a"], ["d"], ["y"]]
    expected = Session(model, MODEL).run(["y"], {"x": x})[0]
    assert np.abs(run(chain, {"x": x})["y"] - expected).max() <= 1e-6
