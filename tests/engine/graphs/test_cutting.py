"""A published graph in three stages."""

import onnx
import pytest
from onnx import helper

from tests.support import TINY_REPO
from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.graphs.cutting import cut
from wyoming_hayakoe.engine.graphs.reach import UncuttableError

MODEL = TINY_REPO / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"


@pytest.fixture
def model():
    return onnx.load(MODEL)


def inputs_of(stage):
    return {value.name for value in stage.graph.input}


def test_each_stage_takes_only_what_it_needs(model):
    stages = cut(model)
    speaker = {"sid"}
    assert inputs_of(stages.encoder) == {value.name for value in model.graph.input} - {"noise_scale"} | {
        cutting.DURATION_NOISE
    }
    assert inputs_of(stages.flow) == speaker | {cutting.PRIOR, cutting.DURATIONS}
    assert inputs_of(stages.decoder) == speaker | {cutting.LATENT}
    assert (stages.hop, stages.reach) == (512, 13)


def test_no_weight_is_in_two_stages_but_the_speakers(model):
    stages = cut(model)
    names = [
        {tensor.name for tensor in stage.graph.initializer if tensor.ByteSize() > 1000}
        for stage in (stages.encoder, stages.flow, stages.decoder)
    ]
    shared = (names[0] & names[1]) | (names[0] & names[2]) | (names[1] & names[2])
    assert all("emb_g" in name for name in shared)


def test_names_inside_do_not_matter(model):
    kept = {value.name for value in (*model.graph.input, *model.graph.output)}
    known: dict[str, str] = {"": ""}

    def renamed(name):
        return name if name in kept else known.setdefault(name, f"v{len(known)}")

    for node in model.graph.node:
        node.name = ""
        node.input[:] = map(renamed, node.input)
        node.output[:] = map(renamed, node.output)
    for tensor in model.graph.initializer:
        tensor.name = renamed(tensor.name)
    stages = cut(model)
    assert (stages.hop, stages.reach) == (512, 13)


@pytest.mark.parametrize("operator", ["Ceil", "RandomNormalLike", "ConvTranspose", "MatMul"])
def test_a_graph_without_what_is_looked_for_is_not_cut(model, operator):
    for node in model.graph.node:
        if node.op_type == operator:
            node.op_type = "Identity"
            del node.input[1:]
    with pytest.raises(UncuttableError):
        cut(model)


def test_a_decoder_that_looks_everywhere_is_not_cut(model):
    nodes = list(model.graph.node)
    tanh = next(node for node in nodes if node.output[0] == "audio")
    softmax = helper.make_node("Softmax", [tanh.input[0]], ["everywhere"], axis=-1)
    tanh.input[0] = "everywhere"
    model.graph.node.insert(nodes.index(tanh), softmax)
    with pytest.raises(UncuttableError, match="Softmax"):
        cut(model)
