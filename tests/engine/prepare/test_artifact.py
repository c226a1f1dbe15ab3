"""Folders that are made once: whole or not there, whatever happens."""

import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import DEADLINE, in_threads
from wyoming_hayakoe.engine.prepare.artifact import REPORT, Artifact, content_hash

CONTENT = bytes(range(256)) * 4000
FORK = multiprocessing.get_context("fork")


def make(folder: Path) -> dict[str, object]:
    """Write slowly enough to be killed in the middle."""
    for name in ("a.onnx", "b.data"):
        with (folder / name).open("wb") as file:
            for start in range(0, len(CONTENT), 64_000):
                file.write(CONTENT[start : start + 64_000])
                file.flush()
                time.sleep(0.0005)
    return {"nodes": 7}


def fail(folder: Path) -> dict[str, object]:
    raise AssertionError("made twice")


def ensure(folder: Path) -> None:
    Artifact.ensure(folder, make)


def is_whole(folder: Path) -> bool:
    return all((folder / name).read_bytes() == CONTENT for name in ("a.onnx", "b.data"))


def test_it_is_made_once(tmp_path):
    folder = tmp_path / "voice-1"
    assert Artifact.open(folder) is None
    made = Artifact.ensure(folder, make)
    assert made.report["nodes"] == 7
    assert Artifact.ensure(folder, fail) == made == Artifact.open(folder)
    assert is_whole(made.folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["voice-1", "voice-1.lock"]


def test_threads_make_it_once(tmp_path):
    made = []

    def make_and_count(folder):
        made.append(folder)
        return make(folder)

    assert len({str(each) for each in in_threads(lambda: Artifact.ensure(tmp_path / "a", make_and_count))}) == 1
    assert len(made) == 1


def test_killed_at_any_moment_it_is_whole_or_made_again(tmp_path):
    folder = tmp_path / "voice"
    for seed in range(50):
        process = FORK.Process(target=ensure, args=(folder,))
        process.start()
        time.sleep(random.Random(seed).uniform(0, 0.03))
        os.kill(process.pid, signal.SIGKILL)
        process.join(DEADLINE)
        if (made := Artifact.open(folder)) is not None:
            assert is_whole(folder)
            made.discard()
    Artifact.ensure(folder, make)
    assert is_whole(folder)
    assert not list(tmp_path.glob("*.incoming"))


def test_processes_at_once_end_with_one(tmp_path):
    processes = [FORK.Process(target=ensure, args=(tmp_path / "voice",)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(DEADLINE)
    assert [process.exitcode for process in processes] == [0] * 4
    assert is_whole(tmp_path / "voice")


@settings(max_examples=40)
@given(
    name=st.sampled_from(["a.onnx", "b.data", REPORT]),
    start=st.integers(0, len(CONTENT) - 1),
    kind=st.sampled_from(["cut", "zero", "lost"]),
)
def test_what_a_power_cut_spoils_is_made_anew(tmp_path, name, start, kind):
    folder = tmp_path / "voice"
    Artifact.ensure(folder, make)
    path = folder / name
    content = path.read_bytes()
    start %= len(content)
    if kind == "lost":
        path.unlink()
    elif kind == "cut":
        path.write_bytes(content[:start])
    else:
        # A block of a file system, or the rest of a smaller file.
        size = max(1, min(8192, len(content) - start))
        start -= max(0, start + 8192 - len(content)) and min(start, 8192 - size)
        path.write_bytes(content[:start] + bytes(8192)[: len(content) - start] + content[start + 8192 :])
    Artifact.ensure(folder, make)
    assert is_whole(folder)


@pytest.mark.parametrize(
    "report", ["", "[]", "{}", "7", '{"files": 3}', '{"files": {"a.onnx": ""}}', '{"files": {"../x": ""}}']
)
def test_whatever_a_report_says_is_no_crash(tmp_path, report):
    made = Artifact.ensure(tmp_path / "voice", make)
    (made.folder / REPORT).write_text(report, encoding="utf-8")
    assert Artifact.open(made.folder) is None


def test_a_failure_leaves_nothing(tmp_path):
    with pytest.raises(AssertionError):
        Artifact.ensure(tmp_path / "voice", fail)
    assert [path.name for path in tmp_path.iterdir()] == ["voice.lock"]


def test_contents_are_remembered_until_they_change(tmp_path):
    memo, file = tmp_path / "memo", tmp_path / "model"
    file.write_bytes(b"one")
    assert content_hash([file], memo, only_remembered=True) is None
    first = content_hash([file], memo)
    assert content_hash([file], memo, only_remembered=True) == first
    file.write_bytes(b"other")
    assert content_hash([file], memo, only_remembered=True) is None
    assert content_hash([file], memo) != first
    file.write_bytes(b"one")
    assert content_hash([file], memo) == first
    next(memo.iterdir()).write_text("spoiled", encoding="ascii")
    assert len(content_hash([file], memo)) == 64


def test_a_report_is_readable_by_people(tmp_path):
    Artifact.ensure(tmp_path / "voice", lambda _: {"reason": "SNR 40 dB", "name": "声"})
    text = (tmp_path / "voice" / REPORT).read_text(encoding="utf-8")
    assert "声" in text
    assert json.loads(text)["files"] == {}
