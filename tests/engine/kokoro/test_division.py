"""A Kokoro graph in four stages, each of which gives what the whole gives."""

import numpy as np
import onnx
import pytest

from tests.engine.kokoro.published import (
    AUDIO,
    DURATIONS,
    ENERGY,
    F0,
    HARMONICS,
    TEXT,
    published,
    ratio,
    session,
)
from tests.support import TINY_REPO
from wyoming_hayakoe.engine.kokoro.dequantize import dequantized
from wyoming_hayakoe.engine.kokoro.division import divide
from wyoming_hayakoe.engine.kokoro.harmonics import harmonics, phases
from wyoming_hayakoe.engine.kokoro.norms import with_own_statistics
from wyoming_hayakoe.engine.kokoro.structure import NotKokoroError


def names(values):
    return [value.name for value in values]


def test_stages_take_and_give_what_they_are_to(stages):
    assert {name: (names(graph.graph.input), names(graph.graph.output)) for name, graph in stages.graphs.items()} == {
        "prosody": (["tokens", "style", "speed"], ["durations", "text", "f0", "energy"]),
        "source": (["f0", "phase"], ["harmonics"]),
        "blocks": (["text", "f0", "energy", "style"], ["latent"]),
        "generator": (["latent", "harmonics", "style", "means", "squares"], ["audio"]),
    }


def test_stages_are_whole_graphs(stages):
    for graph in stages.graphs.values():
        onnx.checker.check_model(graph)


def test_prosody_is_the_published_one_to_the_last_bit(stages, feeds, in_int8):
    found = session(stages.prosody).run(["durations", "text", "f0", "energy"], feeds)
    for name, value in zip([DURATIONS, TEXT, F0, ENERGY], found, strict=True):
        np.testing.assert_array_equal(value, in_int8[name])


def test_harmonics_are_the_published_ones_to_the_last_bit(stages, in_fp32):
    source = session(stages.source)
    f0 = in_fp32[F0]
    np.testing.assert_array_equal(harmonics(source, f0, phases(f0), 0, f0.shape[1]), in_fp32[HARMONICS])


def test_harmonics_of_windows_are_those_of_the_sentence_to_the_last_bit(stages, in_fp32):
    source = session(stages.source)
    f0 = in_fp32[F0]
    phase = phases(f0)
    for start, stop in [(0, 1), (0, 7), (3, 4), (7, 50), (50, f0.shape[1]), (f0.shape[1] - 1, f0.shape[1])]:
        expected = in_fp32[HARMONICS][:, :, 60 * start : 60 * stop + 1]
        np.testing.assert_array_equal(harmonics(source, f0, phase, start, stop), expected)


def test_sound_of_the_stages_is_that_of_the_whole(stages, feeds, in_fp32):
    melody = {"text": in_fp32[TEXT], "f0": in_fp32[F0], "energy": in_fp32[ENERGY], "style": feeds["style"]}
    latent = session(stages.blocks).run(["latent"], melody)[0]
    generator = session(with_own_statistics(stages.generator))
    values = {"latent": latent, "harmonics": in_fp32[HARMONICS], "style": feeds["style"]}
    assert ratio(in_fp32[AUDIO], generator.run(["audio"], values)[0]) > 90


@pytest.fixture(scope="module")
def renamed():
    """The published graph in fp32, under the names that others give its inputs and output."""
    model = dequantized(published())
    model.graph.input[0].name, model.graph.output[0].name = "input_ids", "waveform"
    for node in model.graph.node:
        node.input[:] = ["input_ids" if name == "tokens" else name for name in node.input]
        node.output[:] = ["waveform" if name == AUDIO else name for name in node.output]
        node.name = ""
    return model


def test_a_graph_in_fp32_with_other_names_is_divided_alike(renamed, stages):
    found = divide(renamed)
    assert names(found.prosody.graph.input) == ["tokens", "style", "speed"]
    for name in ("source", "blocks", "generator"):
        one, other = stages.graphs[name].graph.node, found.graphs[name].graph.node
        assert [node.op_type for node in one] == [node.op_type for node in other]


@pytest.fixture(scope="module")
def skeleton():
    """The published graph without its large weights, which cuts do not depend on."""
    model = published()
    for tensor in model.graph.initializer:
        if len(tensor.raw_data) > 100_000:
            tensor.ClearField("raw_data")
    return model.SerializeToString()


def without(operator):
    def change(graph):
        for node in graph.node:
            node.op_type = "Identity" if node.op_type == operator else node.op_type

    return change


def with_noise(graph):
    graph.node.append(onnx.helper.make_node("RandomNormal", [], ["noise"], shape=[1]))


def with_another_input(graph):
    graph.input.append(onnx.helper.make_tensor_value_info("speaker", onnx.TensorProto.INT64, [1]))


def at_another_rate(graph):
    for tensor in graph.initializer:
        if tensor.name.endswith("l_sin_gen/Constant_1_output_0"):
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.array(22_050, dtype=np.float32), tensor.name))


def without_axis(graph):
    for node in graph.node:
        if node.op_type == "CumSum":
            del node.input[1:]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (with_another_input, "takes tokens, style, speed, speaker instead"),
        (with_noise, "draws random values"),
        (without("Round"), "rounds 0 values"),
        (without("Resize"), "repeats no pitch"),
        (without("CumSum"), "instead of|CumSum"),
        (without("Sqrt"), "magnitude and phase"),
        (without("ConvTranspose"), "upsamples nothing"),
        (at_another_rate, "another rate"),
        (without_axis, "odd operators"),
    ],
)
def test_a_graph_that_is_built_otherwise_is_refused_with_the_reason(skeleton, change, reason):
    model = onnx.load_model_from_string(skeleton)
    change(model.graph)
    with pytest.raises(NotKokoroError, match=reason) as error:
        divide(model)
    assert "\n" not in str(error.value)


def test_a_voice_of_another_kind_is_refused():
    with pytest.raises(NotKokoroError, match="random values"):
        divide(onnx.load(TINY_REPO / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"))
