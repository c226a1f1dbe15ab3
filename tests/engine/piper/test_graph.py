"""Published Piper graphs of every layout, adapted and cut."""

from math import prod

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from tests.engine.piper.layouts import LAYOUTS, MULTI_BAND, files_of
from tests.support import TINY_REPO
from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.graphs.reach import UncuttableError
from wyoming_hayakoe.engine.piper.graph import adapted, read_graph
from wyoming_hayakoe.engine.piper.network import PIPER
from wyoming_hayakoe.errors import HayakoeError

REACHES = {layout: 20 if layout in MULTI_BAND else 13 if layout.endswith("high") else 11 for layout in LAYOUTS}


@pytest.fixture
def model():
    return read_graph(files_of("piper-2023-speakers").model)


def inputs_of(stage):
    return {value.name for value in stage.graph.input}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_cut(layout):
    model = read_graph(files_of(layout).model)
    stages = PIPER.cut(model)
    speaker = inputs_of(model) & {"sid", "lid"}
    of_text = inputs_of(model) & {"input", "input_lengths", "prosody_features"}
    assert inputs_of(stages.encoder) == speaker | of_text | {"length_scale", "noise_scale_w", cutting.DURATION_NOISE}
    assert inputs_of(stages.flow) == speaker | {cutting.PRIOR, cutting.DURATIONS}
    assert inputs_of(stages.decoder) == speaker | {cutting.LATENT}
    assert (stages.hop, stages.reach) == (256, REACHES[layout])


@pytest.mark.parametrize("layout", ["piper-2023-high", "piper-plus-mask"])
def test_nothing_that_is_constant_is_computed_again(layout):
    graph = adapted(read_graph(files_of(layout).model)).graph
    constant = {tensor.name for tensor in graph.initializer} | {""}
    assert not [node.op_type for node in graph.node if node.input and constant.issuperset(node.input)]
    assert not any(node.op_type == "Constant" for node in graph.node)


def test_a_graph_is_not_changed(model):
    before = model.SerializeToString(deterministic=True)
    PIPER.cut(model)
    assert model.SerializeToString(deterministic=True) == before


def test_weights_of_16_bits_have_32_again():
    model = read_graph(files_of("piper-plus").model)
    halves = [tensor for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT16]
    assert halves
    weights = {tensor.name: tensor for tensor in adapted(model).graph.initializer}
    assert not any(tensor.data_type == onnx.TensorProto.FLOAT16 for tensor in weights.values())
    large = {numpy_helper.to_array(each).astype(np.float32).tobytes() for each in halves if prod(each.dims) > 1000}
    assert large <= {numpy_helper.to_array(each).tobytes() for each in weights.values()}


def test_prosody_in_other_numbers_is_given_as_whole_ones():
    model = read_graph(files_of("piper-plus").model)
    next(value for value in model.graph.input if value.name == "prosody_features").type.tensor_type.elem_type = 1
    encoder = PIPER.cut(model).encoder
    given = {value.name: value.type.tensor_type.elem_type for value in encoder.graph.input}
    assert given["prosody_features"] == onnx.TensorProto.INT64
    onnx.checker.check_model(encoder, full_check=True)


def test_durations_may_have_no_noise():
    # piper-plus exports its duration predictor with zeros in its place.
    model = read_graph(files_of("piper-plus").model)
    for node in model.graph.node:
        if node.op_type == "RandomNormalLike":
            node.op_type = "Sub"
            del node.attribute[:]
            node.input[:] = [node.input[0]] * 2
            break
    assert cutting.DURATION_NOISE not in inputs_of(PIPER.cut(model).encoder)


def split(graph):
    graph.node.insert(0, helper.make_node("Split", ["scales"], ["a", "b", "c"], axis=0))
    gathers = [node for node in graph.node if "scales" in node.input and node.op_type == "Gather"]
    gathers[0].op_type = "Squeeze"
    del gathers[0].attribute[:]
    gathers[0].input[:] = ["a"]


def reach_past(graph):
    place = numpy_helper.from_array(np.array(7), "seven")
    graph.initializer.append(place)
    next(node for node in graph.node if "scales" in node.input).input[1] = "seven"


@pytest.mark.parametrize("change", [split, reach_past])
def test_scales_that_are_taken_otherwise_leave_the_graph_uncut(model, change):
    change(model.graph)
    with pytest.raises(UncuttableError, match="scales"):
        PIPER.cut(model)


def test_another_network_is_refused_in_one_line(tmp_path):
    other = TINY_REPO / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"
    with pytest.raises(HayakoeError, match=r"is no Piper voice .* not known to those") as caught:
        read_graph(other)
    assert "\n" not in str(caught.value)
    model = onnx.load(files_of("piper-2023").model)
    del model.graph.input[2:]
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(HayakoeError, match="'scales' is missing"):
        read_graph(tmp_path / "other.onnx")
