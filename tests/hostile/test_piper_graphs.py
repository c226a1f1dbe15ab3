"""A Piper graph that was published to do harm ends nothing, and is refused in one line."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from tests.hostile import graphs
from tests.hostile.alive import wait_for
from tests.hostile.speaking import info, peak_megabytes, said
from tests.support import program
from wyoming_hayakoe.engine.graphs.checks import UnsafeGraphError, check
from wyoming_hayakoe.engine.graphs.reach import UncuttableError
from wyoming_hayakoe.engine.piper.inputs import random_inputs
from wyoming_hayakoe.engine.piper.network import PIPER, prove_piper
from wyoming_hayakoe.engine.piper.phonemes import LONGEST
from wyoming_hayakoe.engine.prepare.proofs import try_in_child
from wyoming_hayakoe.engine.runtime.session import shapes
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.utterance import SynthesisParams

VOICES = Path(__file__).parents[1] / "data" / "piper"
MODEL = VOICES / "piper-2026" / "random.onnx"
SHAPES = shapes(random_inputs(onnx.load(MODEL).graph, LONGEST).feeds(SynthesisParams()))


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
        PIPER.read(path)
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
        PIPER.cut(PIPER.read(path))
    one_line(error.value)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_graph_is_refused(tmp_path, share):
    content = MODEL.read_bytes()
    path = tmp_path / "voice.onnx"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises((UncuttableError, HayakoeError)) as error:
        PIPER.cut(PIPER.read(path))
    assert str(path) in one_line(error.value)


# -- what only running it shows --


def endless_sound(model: ModelProto) -> None:
    """Let each phone last for ten billion years or so."""
    ceil = nodes(model, "Ceil")[0]
    model.graph.initializer.append(numpy_helper.from_array(np.full((1, 1, 1), 1e13, dtype=np.float32), "ages"))
    place = list(model.graph.node).index(ceil)
    model.graph.node.insert(place, helper.make_node("Mul", [ceil.input[0], "ages"], ["long"]))
    model.graph.node[place + 1].input[0] = "long"


def endless_sound_in_one_piece(model: ModelProto) -> None:
    """The same in a graph that cannot be cut."""
    endless_sound(model)
    without_rounding(model)


def huge_embedding(model: ModelProto) -> None:
    """Ask for a speaker's embedding of a terabyte."""
    (value,) = (value for value in model.graph.input if value.name == "speaker_embedding")
    value.type.tensor_type.shape.dim[1].dim_value = 1 << 38


@pytest.mark.parametrize(
    ("change", "layout"),
    [
        (huge_embedding, "piper-plus-embedding/model.onnx"),
        (endless_sound_in_one_piece, "piper-2023/random.onnx"),
    ],
)
def test_a_graph_that_asks_for_all_memory_ends_nothing_but_the_process_that_tries_it(tmp_path, change, layout):
    reason = try_in_child(changed(tmp_path, change, VOICES / layout), prove_piper).reason
    assert reason
    assert "\n" not in reason
    assert len(reason) < 500


# -- the server --


def voice(folder: Path, change: Callable[[ModelProto], None]) -> Path:
    """Return a folder with a voice whose graph has one thing changed."""
    shutil.copytree(MODEL.parent, folder)
    changed(folder, change)
    return folder


def test_a_server_serves_on_without_piper_voices_that_do_harm(tmp_path):
    voices = {
        "memory": voice(tmp_path / "memory", graphs.hidden_gigabytes),
        "ages": voice(tmp_path / "ages", endless_sound),
        "deep": voice(tmp_path / "deep", rename_input),
    }
    (voices["deep"] / "random.onnx.json").write_text('{"phoneme_id_map": ' * 10_000, encoding="utf-8")
    flags = [part for name, folder in voices.items() for part in ("--voice", f"{name}={folder}")]
    with program(*flags, "--voice", f"anna={MODEL.parent}", "--no-compile", "--data-dir", str(tmp_path)) as served:
        wait_for(
            lambda: all(any(f"voice {name} is left out" in line for line in served.log) for name in voices),
            "each voice is refused",
        )
        wait_for(lambda: asyncio.run(said(served.uri, "anna"))[-1] == "audio-stop", "the good one speaks")
        names = {each["name"] for program_ in asyncio.run(info(served.uri))["tts"] for each in program_["voices"]}
        peak = peak_megabytes(served.process.pid)
    assert "anna" in names
    assert not names & voices.keys()
    assert peak < 400
    assert "Traceback" not in "".join(served.log)
