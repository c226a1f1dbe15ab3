"""The files that the program keeps in its data folder: whatever is found there instead, it starts, speaks and mends it.

The files of the user, and those that come from sources, have tests of their own.
"""

import json
import logging
import os
import random
import shutil
import socket

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.publish.shared import made_once
from tests.support import TINY_REPO, eventually, program, run_program
from tests.voice_kinds import SPEAKER
from wyoming_hayakoe import TTS
from wyoming_hayakoe.engine.loudness import remembered_gain
from wyoming_hayakoe.engine.prepare.artifact import Artifact, content_hash
from wyoming_hayakoe.engine.prepare.reports import REPORT, read_report, write_report
from wyoming_hayakoe.engine.vits.preparation import accepts
from wyoming_hayakoe.server.instance_name import InstanceName

TEXT = "今日は、いい天気ですね。"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just(10**4000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)
FIELDS = st.sampled_from(
    ["name", "model", "content", "options", "seconds", "hop", "reach", "pace", "choice", "files", "uncut"]
)

ODD = [None, True, 0, -1, 0.5, 1e400, float("nan"), 10**4000, "", "512", [], {}, [[]] * 3, {"a": {"b": 1}}]


def bind(path):
    # A socket's name has 107 bytes at most.
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(path.parent, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)


# What a file may be in place of the program's own; each gets the path.
KINDS = {
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(random.Random(0).randbytes(100_000)),
    "nested": lambda path: path.write_text("[" * 100_000),
    "digits": lambda path: path.write_text("9" * 5_000),
    "huge": lambda path: os.truncate(path, 1 << 40),
    "gone": lambda _: None,
    "pipe": os.mkfifo,
    "folder": lambda path: (path / "inner").mkdir(parents=True),
    "loop": lambda path: path.symlink_to(path),
    "dangling": lambda path: path.symlink_to("nowhere"),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "socket": bind,
}


def put(path, kind):
    if kind != "huge":
        path.unlink(missing_ok=True)
    KINDS[kind](path)


def load(data):
    tts = TTS(cache_dir=data, precision="fp32", threads=1)
    return tts.load("rand-jp", TINY_REPO.as_uri()).speakers["rand-jp"]


def said(data):
    return load(data).generate(TEXT, seed=1).data.astype(np.int64)


def is_same(one, other):
    return one.shape == other.shape and np.abs(one - other).max() <= 2


def kept(data):
    return sorted(path for path in data.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """Return a data folder in which a voice has spoken, and what it said; not to be changed."""
    data = made_once(tmp_path_factory, "spoken-once", said)
    return data, said(data)


@pytest.fixture
def data(spoken, tmp_path):
    return shutil.copytree(spoken[0], tmp_path / "data")


def entry(data, name="rand-jp"):
    (found,) = data.glob(f"compiled/{name}-*/{REPORT}")
    return found.parent


@pytest.mark.parametrize("turn", range(3))
def test_whatever_is_in_place_of_all_files_the_voice_speaks_and_mends_them(spoken, data, caplog, turn):
    files = kept(data)
    assert {path.parent.name.partition("-")[0] for path in files} >= {"levels", "hashes", "compiled", "rand", "bert"}
    for index, path in enumerate(files):
        put(path, list(KINDS)[(index * 5 + turn) % len(KINDS)])
    assert is_same(said(data), spoken[1])
    assert [path.relative_to(data) for path in kept(data)] == [path.relative_to(spoken[0]) for path in kept(spoken[0])]
    caplog.clear()
    with caplog.at_level(logging.INFO):
        voice = load(data).voice
        assert (voice.is_compiled, voice.has_spoken) == (True, True)
        assert is_same(said(data), spoken[1])
    assert not [record.message for record in caplog.records if "prepared" in record.message]


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_in_place_of_one_file_is_seen(data, kind):
    folder = entry(data)
    for path in kept(folder):
        put(path, kind)
        assert Artifact.open(folder) is None
        path.rmdir() if kind == "folder" and (path / "inner").rmdir() is None else path.unlink(missing_ok=True)
    (note, *_) = data.glob("compiled/hashes/*")
    model = SPEAKER / "synthesizer.onnx"
    put(note, kind)
    before = content_hash([model], note.parent)
    assert content_hash([model], note.parent, only_remembered=True) == before
    (level,) = data.glob("levels/*")
    put(level, kind)
    assert remembered_gain(level, lambda: 0.5) == 0.5
    assert remembered_gain(level, pytest.fail) == 0.5


@pytest.mark.parametrize("name", ["rand-jp", "bert"])
def test_a_report_that_was_changed_by_hand_is_none(data, name):
    folder = entry(data, name)
    text = (folder / REPORT).read_text(encoding="utf-8")
    written = json.loads(text)
    for field in [*written, "uncut"]:
        for value in ODD:
            (folder / REPORT).write_text(json.dumps(written | {field: value}))
            assert read_report(folder) is None or written.get(field) == value
    (folder / REPORT).write_text(text[:-2] + "\n}\n", encoding="utf-8")  # what an editor changes means nothing
    assert read_report(folder) is not None


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_a_report_of_another_version_has_what_is_read_of_it(spoken, value):
    report = read_report(entry(spoken[0]))
    assert accepts(report)
    for field in ("hop", "reach", "pace", "choice"):
        assert not accepts(report | {field: value})
        assert not accepts({key: report[key] for key in report if key != field})
    for field in ("chosen", "reason"):
        assert isinstance(value, str) or not accepts(report | {"choice": report["choice"] | {field: value}})
    assert not accepts(report | {"uncut": value})


def test_a_report_of_another_version_is_made_anew(data):
    folder = entry(data)
    report = read_report(folder)
    for change in (
        {"hop": 0},
        {"pace": {}},
        {"seconds": 1e300},
        {"seconds": float("nan")},
        {"content": "x"},
        {"options": [[]]},
    ):
        write_report(folder, report | change)
        assert load(data).voice.report is None
    write_report(folder, report | {"hop": 0})
    # Nor is it taken where this version's form is not here.
    voice = load(data).voice
    voice.run_as_it_is()
    assert not voice._resources.compiler.available(voice._forms._recipe)


@given(JSON | st.dictionaries(FIELDS, JSON))
def test_whatever_a_report_says_it_is_none(tmp_path, content):
    for text in (json.dumps(content), json.dumps(content)[:-1]):
        (tmp_path / REPORT).write_text(text, encoding="utf-8")
        assert Artifact.open(tmp_path) is None


@given(st.binary(max_size=100))
def test_whatever_bytes_a_report_has_it_is_none(tmp_path, content):
    (tmp_path / REPORT).write_bytes(content)
    assert Artifact.open(tmp_path) is None


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "a\0b", "..", ".", "", "inner/a.onnx", "a" * 5000])
def test_a_report_lists_files_of_its_folder_only(tmp_path, name):
    folder = tmp_path / "voice"
    folder.mkdir()
    (tmp_path / "outside").write_bytes(b"")
    empty = f"0 {'e3b0c44298fc1c149afbf4c8996fb924'}"
    write_report(folder, {"files": {}})
    assert Artifact.open(folder) is not None
    write_report(folder, {"files": {name: empty}})
    assert Artifact.open(folder) is None


def test_a_graph_that_is_not_listed_is_not_used(spoken, data):
    folder = entry(data)
    report = read_report(folder)
    (folder / "flow.onnx").write_bytes((folder / "decoder.onnx").read_bytes())
    for files in ({}, {name: digest for name, digest in report["files"].items() if not name.startswith("flow")}):
        write_report(folder, report | {"files": files})
        assert load(data).voice.report is None
    assert is_same(said(data), spoken[1])
    assert load(data).voice.is_compiled
    # Nor are weights, which a graph names without saying what is in them; a desktop's own files do no harm.
    (folder / ".DS_Store").write_bytes(b"x")
    assert load(data).voice.is_compiled
    (folder / "other.data").write_bytes(b"x")
    assert not load(data).voice.is_compiled


def test_what_is_damaged_or_of_a_version_without_digests_is_removed_with_the_outdated(data):
    folder = entry(data)
    old = (folder / REPORT).read_text(encoding="utf-8").replace('"digest"', '"x"')
    for name, text in (("old-1", old), ("odd-2", "["), ("empty-3", "")):
        shutil.copytree(folder, folder.with_name(name))
        (folder.with_name(name) / REPORT).write_text(text, encoding="utf-8")
    shutil.rmtree(folder)
    load(data).prepare()
    assert not {path.name for path in folder.parent.iterdir()} & {"old-1", "odd-2", "empty-3"}
    assert (entry(data) == folder, entry(data, "bert").exists()) == (True, True)


def test_another_voices_artifact_under_this_ones_name_is_none(data):
    folder = entry(data)
    shutil.rmtree(folder)
    shutil.copytree(entry(data, "bert"), folder)
    assert load(data).voice.report is None


def test_a_note_of_a_hash_counts_only_for_its_file(tmp_path):
    memo = tmp_path / "hashes"
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(name.encode())
        content_hash([tmp_path / name], memo)
    one, two = sorted(memo.iterdir())
    hashes = {content_hash([tmp_path / name], memo) for name in ("one", "two")}
    shutil.copyfile(one, two)
    assert {content_hash([tmp_path / name], memo) for name in ("one", "two")} == hashes
    for text in ("0" * 64, "0" * 64 + " " + "0" * 16, "Ａ" * 64, one.read_text() + "\n"):
        one.write_text(text, encoding="utf-8")
        assert {content_hash([tmp_path / name], memo) for name in ("one", "two")} == hashes


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_name_is_the_wanted_one_again(tmp_path, kind):
    file = tmp_path / "zeroconf-name-10200"
    if kind == "huge":
        file.write_bytes(b"")
    KINDS[kind](file)
    name = InstanceName("kitchen", file)
    assert name.current == "kitchen"
    name.keep("kitchen-2")
    assert InstanceName("kitchen", file).current == "kitchen-2"


def test_the_command_line_speaks_through_a_tampered_report(data):
    path = entry(data) / REPORT
    path.write_text(json.dumps(json.loads(path.read_text()) | {"hop": 0}))
    ran = run_program(
        "say", "--voice", f"rand-jp={TINY_REPO.as_uri()}", "--data-dir", str(data), "-o", str(data / "a.wav"), TEXT
    )
    assert (ran.returncode, b"Traceback" in ran.stderr) == (0, False), ran.stderr
    assert len((data / "a.wav").read_bytes()) > 60_000
    assert load(data).voice.is_compiled


def is_mended(data):
    reports = [read_report(path.parent) for path in data.glob(f"compiled/rand-jp-*/{REPORT}")]
    return any(report is not None and report["hop"] == 512 for report in reports)


async def test_a_server_mends_tampered_reports(data):
    for name in ("rand-jp", "bert"):
        write_report(entry(data, name), read_report(entry(data, name)) | {"hop": 0, "seconds": 1e300, "files": {}})
    with program("--voice", f"rand-jp={TINY_REPO.as_uri()}", "--data-dir", str(data)) as server:
        await eventually(lambda: server.process.poll() is not None or is_mended(data), "the voice is prepared")
        assert server.process.poll() is None
    assert "Traceback" not in "".join(server.log)
    assert load(data).voice.is_compiled
