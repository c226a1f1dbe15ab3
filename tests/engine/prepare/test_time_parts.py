"""A decoder's last stages, computed in parts of time."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tests.awake import awake, edited
from tests.support import TINY_REPO
from wyoming_hayakoe.engine.graphs.cutting import AUDIO, LATENT, cut
from wyoming_hayakoe.engine.prepare.calibrate import calibrate
from wyoming_hayakoe.engine.prepare.convolutions import convolutions
from wyoming_hayakoe.engine.prepare.grids import Grids, Integers
from wyoming_hayakoe.engine.prepare.quantize import Form, quantize
from wyoming_hayakoe.engine.prepare.time_parts import in_time_parts
from wyoming_hayakoe.engine.prepare.two_dimensions import in_two_dimensions
from wyoming_hayakoe.engine.runtime.session import Session

MODEL = TINY_REPO / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"
CHANNELS = 3


@pytest.fixture(scope="module")
def decoder():
    return in_two_dimensions(edited(cut(onnx.load(MODEL)).decoder, awake))


def latents(frames, seed=0):
    latent = np.random.default_rng(seed).standard_normal((1, 16, frames), dtype=np.float32)
    return {LATENT: latent, "sid": np.zeros(1, dtype=np.int64)}


def sound(model, frames):
    return Session(model, MODEL).run([AUDIO], latents(frames))[0]


def operators(model):
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("count", [2, 3, 4, 8])
def test_the_sound_of_a_decoder_is_the_same_for_any_number_of_frames(decoder, count):
    parts = in_time_parts(decoder, count)
    for frames in (1, 2, 3, 7, 20):
        expected, found = sound(decoder, frames), sound(parts, frames)
        assert np.abs(found - expected).max() <= 1e-6 * np.abs(expected).max()


def test_only_rates_are_cut_at_which_each_part_is_longer_than_what_it_depends_on(decoder):
    # Of 8, 64, 128, 256 and 512 points in a frame, with 60 points to either side.
    joins = [operators(in_time_parts(decoder, count)).count("Concat") // 2 for count in (2, 4, 8)]
    assert joins == [3, 3, 3]
    batches = [value for value in operators(in_time_parts(decoder, 4)) if value == "Slice"]
    # Two in the first of them, four in the others; each is cut once and joined by two slices.
    assert len(batches) == 3 * (2 + 4 + 4)


def test_nothing_can_be_cut_in_one_part_or_without_upsampling(decoder):
    assert in_time_parts(decoder, 1) is None
    assert in_time_parts(cut(onnx.load(MODEL)).flow, 4) is None


def upsampled(rate, middle, kernel=3, dilation=1):
    """Return a graph that upsamples to ``rate`` points, applies a centred convolution and what ``middle`` adds."""
    random = np.random.default_rng(0)
    weights = {
        "up": random.standard_normal((CHANNELS, CHANNELS, rate)),
        "kernel": random.standard_normal((CHANNELS, CHANNELS, kernel)),
        "post": random.standard_normal((1, CHANNELS, 1)),
    }
    margin = dilation * (kernel - 1) // 2
    nodes = [
        helper.make_node("ConvTranspose", ["x", "up"], ["a"], strides=[rate]),
        helper.make_node("Conv", ["a", "kernel"], ["b"], pads=[margin] * 2, dilations=[dilation]),
        *middle,
        helper.make_node("Conv", ["c", "post"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "decoder",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, None])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@given(
    rate=st.sampled_from([4, 6, 10, 16, 64]),
    count=st.integers(2, 5),
    kernel=st.sampled_from([1, 3, 5, 7]),
    dilation=st.integers(1, 3),
    frames=st.integers(1, 9),
)
@settings(max_examples=40, deadline=None)
def test_parts_of_any_size_give_the_same_values(tmp_path_factory, rate, count, kernel, dilation, frames):
    origin = tmp_path_factory.getbasetemp() / "voice.onnx"
    model = upsampled(rate, [helper.make_node("Add", ["a", "b"], ["c"])], kernel, dilation)
    parts = in_time_parts(model, count)
    reach = dilation * (kernel - 1) // 2
    can_be_cut = any(rate % number == 0 and rate // number >= reach > 0 for number in range(2, count + 1))
    assert (parts is not None) == can_be_cut
    if parts is not None:
        x = {"x": np.random.default_rng(frames).standard_normal((1, CHANNELS, frames), dtype=np.float32)}
        expected, found = (Session(each, origin).run(["y"], x)[0] for each in (model, parts))
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    "middle",
    [
        helper.make_node("CumSum", ["b", "post"], ["c"]),
        helper.make_node("GlobalAveragePool", ["b"], ["c"]),
        helper.make_node("Conv", ["b", "kernel"], ["c"], pads=[2, 0]),
        helper.make_node("Conv", ["b", "kernel"], ["c"], pads=[1, 1], strides=[2]),
    ],
    ids=lambda node: node.op_type,
)
def test_what_depends_on_more_than_its_neighbours_stays_whole(middle):
    model = upsampled(64, [middle])
    found = in_time_parts(model, 2)
    # The convolution before it is cut and joined.
    maker = {node.output[0]: node for node in found.graph.node}
    assert maker["b"].op_type == "Concat"
    assert list(maker["c"].input) == list(middle.input)


def test_an_int8_form_of_parts_sounds_as_one_of_the_whole(decoder):
    parts = in_time_parts(decoder, 2)
    sounds = []
    for model in (decoder, parts):
        fit = convolutions(model)
        forms = {name: list(Form)[number % 3] for number, name in enumerate(fit)}
        statistics = calibrate(model, fit, [latents(20, seed) for seed in range(3)], MODEL)
        int8 = quantize(model, forms, Grids(model, statistics, Integers(signed=False, greatest_weight=63)))
        sounds.append(sound(int8, 20))
    expected = sound(decoder, 20)
    for found in sounds:
        assert np.square(found - expected).mean() < 0.05 * np.square(expected).mean()
