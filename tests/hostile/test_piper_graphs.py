"""A Piper graph that was published to do harm ends nothing, and is refused in one line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from tests.hostile import graphs
from wyoming_hayakoe.engine.graphs.checks import UnsafeGraphError, check
from wyoming_hayakoe.engine.graphs.cutting import cut
from wyoming_hayakoe.engine.graphs.reach import UncuttableError
from wyoming_hayakoe.engine.piper.graph import adapted, read_graph
from wyoming_hayakoe.errors import HayakoeError

VOICES = Path(__file__).parents[1] / "data" / "piper"
MODEL = VOICES / "piper-2026" / "random.onnx"
SHAPES = {"input": (1, 1000), "input_lengths": (1,), "scales": (3,)}


def changed(folder: Path, change: Callable[[ModelProto], None], model: Path = MODEL) -> Path:
    """Return a copy of a graph with one thing changed."""
    proto = onnx.load(model)
    change(proto)
    path = folder / model.name
    onnx.save(proto, path)
    return path


def one_line(error: Exception) -> str:
    text = str(error)
    assert "\n" not in text
    assert len(text) < 500
    return text


@pytest.mark.parametrize(
    "name",
    [
        "a constant of 4 GB",
        "weights that are not there",
        "a cycle",
        "an endless loop",
        "functions in functions",
        "branches in branches",
        "Conv with strides [0]",
        "ConvTranspose with strides [1073741824]",
    ],
)
def test_what_could_do_harm_is_refused_as_in_other_voices(name):
    model = onnx.load(MODEL)
    graphs.REFUSED[name](model)
    with pytest.raises(UnsafeGraphError) as error:
        check(model, MODEL, SHAPES)
    assert one_line(error.value).endswith(": do not use this voice")


def rename_input(model: ModelProto) -> None:
    model.graph.input[0].name = "text"
    for node in model.graph.node:
        node.input[:] = ["text" if name == "input" else name for name in node.input]


def another_input(model: ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("\x1b[2J\n" * 50, TensorProto.FLOAT, [1]))


def without_scales(model: ModelProto) -> None:
    kept = [value for value in model.graph.input if value.name != "scales"]
    del model.graph.input[:]
    model.graph.input.extend(kept)


@pytest.mark.parametrize("change", [rename_input, another_input, without_scales])
def test_a_graph_that_takes_other_inputs_is_refused(tmp_path, change):
    path = changed(tmp_path, change)
    with pytest.raises(HayakoeError) as error:
        read_graph(path)
    assert str(path) in one_line(error.value)
    assert str(error.value).isprintable()


def nodes(model: ModelProto, kind: str) -> list[onnx.NodeProto]:
    return [node for node in model.graph.node if node.op_type == kind]


def strange_scale(model: ModelProto) -> None:
    """Let a scale be the eighth of three."""
    for node in nodes(model, "Gather"):
        if node.input[0] == "scales":
            node.input[1] = "eighth"
    model.graph.initializer.append(numpy_helper.from_array(np.array(7, dtype=np.int64), "eighth"))


def sliced_scales(model: ModelProto) -> None:
    next(node for node in nodes(model, "Gather") if node.input[0] == "scales").op_type = "GatherND"


def without_rounding(model: ModelProto) -> None:
    nodes(model, "Ceil")[0].op_type = "Identity"


def without_noise(model: ModelProto) -> None:
    for node in nodes(model, "RandomNormalLike"):
        node.op_type = "Identity"
        del node.attribute[:]


def without_upsampling(model: ModelProto) -> None:
    for node in nodes(model, "ConvTranspose"):
        node.op_type = "Conv"


def unknown_operator_in_the_decoder(model: ModelProto) -> None:
    nodes(model, "LeakyRelu")[-1].op_type = "CumSum"


def sound_of_nothing(model: ModelProto) -> None:
    model.graph.output[0].name = "input_lengths"


@pytest.mark.parametrize(
    "change",
    [
        strange_scale,
        sliced_scales,
        without_rounding,
        without_noise,
        without_upsampling,
        unknown_operator_in_the_decoder,
        sound_of_nothing,
    ],
)
def test_a_graph_that_is_built_otherwise_is_not_cut(tmp_path, change):
    path = changed(tmp_path, change)
    with pytest.raises((UncuttableError, HayakoeError)) as error:
        cut(adapted(read_graph(path), path))
    one_line(error.value)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_graph_is_refused(tmp_path, share):
    content = MODEL.read_bytes()
    path = tmp_path / "voice.onnx"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises((UncuttableError, HayakoeError)) as error:
        cut(adapted(read_graph(path), path))
    assert str(path) in one_line(error.value)
