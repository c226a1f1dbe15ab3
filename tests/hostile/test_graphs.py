"""A graph that was published to do harm ends nothing, and is never loaded by the server."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wyoming.client import AsyncClient
from wyoming.info import Describe
from wyoming.tts import Synthesize, SynthesizeVoice

from tests.hostile import graphs, provers
from tests.support import (
    DEADLINE,
    TINY_REPO,
    clean_environment,
    command,
    eventually,
    program,
    receive,
    run_program,
)
from wyoming_hayakoe.engine.graphs.checks import UnsafeGraphError, check
from wyoming_hayakoe.engine.jp_extra.bert import prove_bert
from wyoming_hayakoe.engine.jp_extra.inputs import LONGEST, random_inputs
from wyoming_hayakoe.engine.jp_extra.synthesizer import prove_synthesizer
from wyoming_hayakoe.engine.prepare import proofs, proving
from wyoming_hayakoe.engine.prepare.proofs import Proofs, UnprovedError, try_in_child
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
def test_what_is_published_passes(path):
    tokens = {"input_ids": (1, 256), "attention_mask": (1, 256)}
    check(onnx.load(TINY_REPO / path), path, {**SHAPES, **tokens})


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


# -- the process that tries a graph --


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"weights of " + os.fsencode(tmp_path))
    return path


@pytest.mark.parametrize(
    ("prove", "words"),
    [
        (provers.killed, "SIGKILL"),
        (provers.segfault, "SIGSEGV"),
        (provers.deeply, "RecursionError"),
        (provers.greedily, "needs more than 1024 MB to be loaded and to speak: choose another voice"),
        (provers.noisily, ""),
    ],
)
def test_whatever_happens_there_is_one_line_here(model, prove, words):
    reason = try_in_child(model, prove).reason
    assert words in reason
    assert bool(reason) == bool(words)
    assert "\n" not in reason


def test_what_has_no_end_is_ended(model, monkeypatch):
    monkeypatch.setattr(proofs, "_SECONDS", 3.0)
    verdict = try_in_child(model, provers.for_ever)
    assert "takes more than 3 s" in verdict.reason
    note = model.with_suffix(".pid")
    assert not note.exists() or not Path("/proc", note.read_text()).exists()


def test_what_is_known_is_not_tried_again(model, tmp_path, monkeypatch):
    tried = []

    def counted(*_):
        tried.append(1)
        return proofs.Verdict("is odd")

    monkeypatch.setattr(proofs, "try_in_child", counted)
    for _ in range(2):
        monkeypatch.setattr(proofs, "_KNOWN", {})
        with pytest.raises(UnprovedError, match=r"model\.onnx: is odd"):
            Proofs(tmp_path).require(model, provers.noisily)
    assert len(tried) == 1
    assert not Proofs(tmp_path).has(model, provers.noisily)
    for record in (tmp_path / "proofs").iterdir():
        record.write_bytes(b"[" * 100_000)
    monkeypatch.setattr(proofs, "_KNOWN", {})
    with pytest.raises(UnprovedError):
        Proofs(tmp_path).require(model, provers.noisily)
    assert len(tried) == 2


def test_a_failure_that_may_pass_is_tried_again_later(model, tmp_path, monkeypatch):
    found = [proofs.Verdict("", None), proofs.Verdict.of_failure("is short of memory")]
    monkeypatch.setattr(proofs, "try_in_child", lambda *_: found.pop())
    for _ in range(2):
        with pytest.raises(UnprovedError, match="short of memory"):
            Proofs(tmp_path).require(model, provers.noisily)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    Proofs(tmp_path).require(model, provers.noisily)
    assert Proofs(tmp_path).has(model, provers.noisily)


def test_what_takes_memory_only_when_it_runs_is_refused(tmp_path):
    folder = graphs.repository(tmp_path / "hidden", graphs.hidden_gigabytes)
    reason = try_in_child(folder / graphs.SYNTHESIZER, prove_synthesizer).reason
    assert "MB to be loaded and to speak: choose another voice" in reason


def test_a_bert_is_tried_as_a_voice_is(tmp_path):
    def change(model):
        model.graph.node.append(model.graph.node[0])

    folder = graphs.repository(tmp_path / "bert", change, graphs.BERT)
    assert "do not use this voice" in try_in_child(folder / graphs.BERT, prove_bert).reason
    assert try_in_child(TINY_REPO / graphs.BERT, prove_bert).reason == ""


def test_it_ends_with_the_process_that_started_it(model):
    script = (
        "from pathlib import Path; from tests.hostile.provers import for_ever; "
        f"from wyoming_hayakoe.engine.prepare.proofs import try_in_child; try_in_child(Path({str(model)!r}), for_ever)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script])
    note = model.with_suffix(".pid")
    wait_for(lambda: read(note), "it runs")
    assert is_alive(read(note))
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(DEADLINE) == -signal.SIGTERM
    wait_for(lambda: not is_alive(read(note)), "it ends, too")


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


def peak_megabytes(pid):
    status = Path("/proc", str(pid), "status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) >> 10


async def info(uri):
    async with AsyncClient.from_uri(uri) as client:
        await client.write_event(Describe().event())
        return (await receive(client, until="info")).events[-1].data


async def said(uri, name):
    async with AsyncClient.from_uri(uri) as client:
        await client.write_event(Synthesize("はい。", voice=SynthesizeVoice(name=name)).event())
        return (await receive(client, until="audio-stop")).kinds


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


def trying(pid):
    """Return the processes below one that try a graph."""
    below = [int(each) for path in Path("/proc", str(pid), "task").glob("*/children") for each in read(path).split()]
    own = [each for each in below if "proving" in read(Path("/proc", str(each), "cmdline"))]
    return own + [found for each in below for found in trying(each)]


def read(path):
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def wait_for(condition, what):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


@pytest.fixture
def busy(tmp_path):
    """Return the flags of a voice whose graph computes for ever."""
    folder = graphs.repository(tmp_path / "busy", graphs.endless)
    return (f"busy={folder}#rand-jp", "--bert-source", str(TINY_REPO), "--data-dir", str(tmp_path / "data"))


def is_alive(pid):
    return "State:\tZ" not in (status := read(Path("/proc", str(pid), "status"))) and bool(status)


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
