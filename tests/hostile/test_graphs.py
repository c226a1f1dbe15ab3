"""A graph that was published to do harm ends nothing, and is never loaded by the server."""

import asyncio
import json
import signal
import subprocess
import time
from pathlib import Path

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile import graphs
from tests.hostile.alive import is_alive, read, wait_for
from tests.hostile.speaking import info, peak_megabytes, said
from tests.support import TINY_REPO, clean_environment, command, eventually, program, run_program
from wyoming_hayakoe.engine.graphs.checks import UnsafeGraphError, check
from wyoming_hayakoe.engine.jp_extra.inputs import LONGEST, random_inputs
from wyoming_hayakoe.engine.jp_extra.network import prove_synthesizer
from wyoming_hayakoe.engine.prepare import proving
from wyoming_hayakoe.engine.prepare.proofs import try_in_child
from wyoming_hayakoe.engine.runtime.session import shapes
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.utterance import SynthesisParams

MODEL = TINY_REPO / graphs.SYNTHESIZER
SHAPES = shapes(random_inputs(LONGEST).feeds(SynthesisParams()))


@pytest.mark.parametrize("change", graphs.REFUSED.values(), ids=graphs.REFUSED)
def test_what_could_do_harm_is_refused_with_one_line(change):
    model = onnx.load(MODEL)
    change(model)
    with pytest.raises(UnsafeGraphError) as error:
        check(model, MODEL, SHAPES)
    message = str(error.value)
    assert message.startswith(f"{MODEL}: ")
    assert message.endswith(": do not use this voice")
    assert "\n" not in message
    assert len(message) < 500


@pytest.mark.parametrize("path", [path.relative_to(TINY_REPO) for path in TINY_REPO.rglob("*.onnx")], ids=str)
def test_what_is_published_passes_and_is_not_changed(path):
    tokens = {"input_ids": (1, 256), "attention_mask": (1, 256)}
    model = onnx.load(TINY_REPO / path)
    check(model, path, {**SHAPES, **tokens})
    assert model == onnx.load(TINY_REPO / path)


# -- any graph --

_NUMBERS = st.integers(-(1 << 40), 1 << 40) | st.integers(-1, 3)


@given(st.data())
@settings(max_examples=60)
def test_any_edit_is_refused_by_one_line_or_passes(data):
    model = onnx.load(MODEL)
    for _ in range(data.draw(st.integers(1, 3))):
        edit(model, data)
    try:
        check(model, MODEL, SHAPES)
    except HayakoeError as error:
        refusal = str(error)
    else:
        refusal = ""
    assert "\n" not in refusal


@given(st.data())
@settings(max_examples=3, derandomize=True)
def test_any_edit_ends_nothing_but_the_process_that_tries_it(tmp_path_factory, data):
    model = onnx.load(MODEL)
    edit(model, data)
    path = tmp_path_factory.mktemp("edited") / "synthesizer.onnx"
    onnx.save(model, path)
    reason = try_in_child(path, prove_synthesizer).reason
    assert "\n" not in reason


def edit(model, data):
    """Change one thing at one node or one weight."""
    nodes = model.graph.node
    node = nodes[data.draw(st.integers(0, len(nodes) - 1))]
    match data.draw(st.sampled_from(["inputs", "outputs", "attribute", "operator", "dims", "domain", "order", "copy"])):
        case "inputs":
            del node.input[data.draw(st.integers(0, len(node.input))) :]
        case "outputs":
            del node.output[:]
        case "attribute" if node.attribute:
            attribute = node.attribute[data.draw(st.integers(0, len(node.attribute) - 1))]
            attribute.ints[:] = data.draw(st.lists(_NUMBERS, max_size=4))
            attribute.i = data.draw(_NUMBERS)
            attribute.type = data.draw(st.integers(0, 14))
        case "operator":
            node.op_type = data.draw(st.sampled_from([*sorted({each.op_type for each in nodes}), "Loop", "", "Scan"]))
        case "dims":
            tensors = model.graph.initializer
            tensor = tensors[data.draw(st.integers(0, len(tensors) - 1))]
            tensor.dims[:] = data.draw(st.lists(_NUMBERS, max_size=5))
        case "domain":
            node.domain = data.draw(st.sampled_from(["com.microsoft", "ai.onnx", "own"]))
        case "order":
            other = nodes[data.draw(st.integers(0, len(nodes) - 1))]
            node.input[:], other.input[:] = list(other.input), list(node.input)
        case "copy":
            nodes.append(node)


# -- the server and the command line --

SERVED = {
    "compiling": (
        graphs.four_gigabytes,
        graphs.hidden_gigabytes,
        graphs.attribute("Conv", "strides", []),
        graphs.cycle,
    ),
    "no-compile": (
        graphs.hidden_gigabytes,
        graphs.without_inputs,
        graphs.attribute("ConvTranspose", "strides", [0]),
        graphs.loop,
    ),
}
"""What is offered to a server, by how it runs."""


@pytest.mark.parametrize("how", SERVED)
async def test_a_server_serves_on_without_voices_that_do_harm(tmp_path, how):
    more = ("--no-compile",) if how == "no-compile" else ()
    voices = {f"v{at}": change for at, change in enumerate(SERVED[how])}
    arguments = [f"{name}={graphs.repository(tmp_path / name, change)}#rand-jp" for name, change in voices.items()]
    flags = [part for each in arguments for part in ("--voice", each)]
    bert = ("--bert-source", str(TINY_REPO), "--data-dir", str(tmp_path / "data"))
    with program(*flags, *bert, *more) as served:
        uri = served.uri
        assert (await info(uri))["tts"]
        assert (await said(uri, "mei"))[-1] == "audio-stop"
        await eventually(
            lambda: all(sum(f"voice {name} is left out" in line for line in served.log) == 1 for name in voices),
            "each voice is refused",
        )
        assert (await said(uri, "mei"))[-1] == "audio-stop"
        names = {voice["name"] for program_ in (await info(uri))["tts"] for voice in program_["voices"]}
        assert not names & voices.keys()
        peak = peak_megabytes(served.process.pid)
        served.process.send_signal(signal.SIGTERM)
        assert served.wait() == 0
    assert peak < 400
    assert "Traceback" not in "".join(served.log)
    lines = [line for line in served.log if "left out" in line]
    assert len(lines) == len(voices)


def test_compile_and_say_fail_with_one_line(tmp_path):
    voice = f"rand-jp={graphs.repository(tmp_path / 'bad', graphs.loop)}"
    for arguments in (
        ("compile", voice),
        ("compile", voice, "--prove"),
        ("say", "--voice", voice, "-o", "-", "はい。"),
    ):
        ran = run_program(*arguments, "--bert-source", str(TINY_REPO), HAYAKOE_DATA_DIR=str(tmp_path / "data"))
        assert ran.returncode == 1
        assert b"has a Loop, which runs a graph of its own: do not use this voice" in ran.stderr.splitlines()[-1]
        assert b"Traceback" not in ran.stderr
    kept = [json.loads(path.read_bytes())["reason"] for path in (tmp_path / "data" / "compiled" / "proofs").iterdir()]
    assert sum("Loop" in reason for reason in kept) == 1
    assert proving.PASSED not in kept


def test_with_no_compile_a_voice_is_tried_once_and_nothing_is_made(tmp_path):
    flags = ("--no-compile", "--voice", f"rand-jp={TINY_REPO}", "--data-dir", str(tmp_path))
    for _ in range(2):
        with program(*flags) as served:
            uri = served.uri
            wait_for(lambda uri=uri: asyncio.run(said(uri, "rand-jp"))[-1] == "audio-stop", "it speaks")
        assert len(list(tmp_path.glob("compiled/proofs/*"))) == 2
        assert not list(tmp_path.glob("compiled/*/report.json"))


def trying(pid):
    """Return the processes below one that try a graph."""
    below = [int(each) for path in Path("/proc", str(pid), "task").glob("*/children") for each in read(path).split()]
    own = [each for each in below if "proving" in read(Path("/proc", str(each), "cmdline"))]
    return own + [found for each in below for found in trying(each)]


@pytest.fixture
def busy(tmp_path):
    """Return the flags of a voice whose graph computes for ever."""
    folder = graphs.repository(tmp_path / "busy", graphs.endless)
    return (f"busy={folder}#rand-jp", "--bert-source", str(TINY_REPO), "--data-dir", str(tmp_path / "data"))


def test_sigterm_ends_a_server_and_what_it_tries(busy):
    with program("--no-compile", "--voice", *busy) as served:
        wait_for(lambda: trying(served.process.pid), "the graph is tried")
        (child,) = trying(served.process.pid)
        assert asyncio.run(said(served.uri, "mei"))[-1] == "audio-stop"
        served.process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        assert served.wait() == 0
        assert time.monotonic() - start < 10
    wait_for(lambda: not is_alive(child), "it ends, too")


def test_sigterm_ends_compile_and_what_it_tries(busy):
    process = subprocess.Popen(command("compile", "--prove", *busy), env=clean_environment())
    wait_for(lambda: trying(process.pid), "the graph is tried")
    (child,) = trying(process.pid)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == -signal.SIGTERM
    wait_for(lambda: not is_alive(child), "it ends, too")
