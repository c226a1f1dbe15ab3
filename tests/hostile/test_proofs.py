"""The process that tries a graph: whatever it meets, its parent gets one line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.hostile import graphs, provers
from tests.hostile.alive import is_alive, read, wait_for
from tests.support import DEADLINE, TINY_REPO
from wyoming_hayakoe.engine.jp_extra.bert import prove_bert
from wyoming_hayakoe.engine.jp_extra.network import prove_synthesizer
from wyoming_hayakoe.engine.prepare import proofs
from wyoming_hayakoe.engine.prepare.proofs import Proofs, UnprovedError, try_in_child
from wyoming_hayakoe.server import compiling


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


async def test_compiling_a_voice_has_an_end(monkeypatch):
    monkeypatch.setattr(compiling, "_LONGEST", 0.2)
    sleeping = [sys.executable, "-c", "import time; time.sleep(600)"]
    assert await compiling.compile_in_child(sleeping) == "preparing it took more than 0 s"
