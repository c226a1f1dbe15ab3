"""Prepared voices and the BERT: the same sound from the cache, whatever has become of the cache."""

import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.publish.shared import made_once
from tests.support import DEADLINE, FRONT_END, TINY_REPO, in_threads, run_program
from wyoming_hayakoe import TTS
from wyoming_hayakoe.disk import locked
from wyoming_hayakoe.engine.jp_extra.bert import Bert
from wyoming_hayakoe.engine.prepare.artifact import Artifact
from wyoming_hayakoe.engine.prepare.compiler import Compiler
from wyoming_hayakoe.engine.prepare.pace import forecast, kept_pace
from wyoming_hayakoe.engine.runtime.heap import give_back, resident_bytes
from wyoming_hayakoe.engine.runtime.session import Execution
from wyoming_hayakoe.engine.windows import SAFETY

TEXT = "今日は、いい天気ですね。"
BERT = TINY_REPO / "onnx" / "bert" / "q8" / "bert_q8.onnx"
TOKENIZER = TINY_REPO / "bert" / "tokenizer"
MOUNTED = 'mount {mount} "$1" || exit 77; shift; exec "$@"'


def load(data, repository=TINY_REPO, **options):
    tts = TTS(cache_dir=data, **{"precision": "fp32", **options}).load("rand-jp", repository.as_uri()).prepare()
    return tts.speakers["rand-jp"]


def say(data, repository=TINY_REPO, **options):
    return load(data, repository, **options).generate(TEXT, seed=1).data.astype(np.int64)


def entries(data, name="*"):
    return sorted(path.parent for path in (data / "compiled").glob(f"{name}/report.json"))


def report(entry):
    return json.loads((entry / "report.json").read_text(encoding="utf-8"))


def run_on(disk, mount, *command):
    """Run a Python program for which something else is mounted on the folder ``disk``."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HAYAKOE_")}
    isolated = ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNTED.format(mount=mount), "sh", str(disk)]
    ran = subprocess.run(
        [*isolated, sys.executable, *command],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env=environment,
        check=False,
    )
    if ran.returncode == 77 or "unshare" in ran.stderr:
        pytest.skip(f"this machine lets a test mount nothing: {ran.stderr.strip()}")
    return ran


def say_on(disk, mount):
    """Speak in such a program, and return what it logs."""
    ran = run_on(disk, mount, "-m", "tests.engine.prepare.test_compiler", str(disk))
    assert ran.returncode == 0, ran.stderr
    return ran.stderr


def compile_on(disk, mount):
    return run_on(disk, mount, "-m", "wyoming_hayakoe", "compile", f"rand-jp={TINY_REPO}", "--data-dir", str(disk))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Return a data folder with everything in it; not to be changed."""
    return made_once(tmp_path_factory, "prepared", say)


@pytest.fixture
def data(prepared, tmp_path):
    return shutil.copytree(prepared, tmp_path / "data")


def test_a_prepared_voice_sounds_as_its_source(prepared, tmp_path):
    assert np.abs(say(prepared) - say(tmp_path, compiled=False)).max() <= 2
    assert not entries(tmp_path)


@pytest.mark.parametrize("low_memory", [False, True])
def test_a_prepared_bert_gives_the_features_of_its_source(prepared, low_memory):
    ours = Bert(BERT, TOKENIZER, Compiler(prepared / "compiled"), Execution(low_memory=low_memory))
    for text in ("雨", TEXT, TEXT * 8):
        expected, found = Bert(BERT, TOKENIZER).features((text,))[0], ours.features((text,))[0]
        assert np.linalg.norm(found - expected) <= 1e-2 * np.linalg.norm(expected)


def test_a_second_start_makes_nothing(data, caplog):
    before = {path: path.stat().st_mtime_ns for path in (data / "compiled").rglob("*")}
    with caplog.at_level(logging.INFO):
        say(data)
    assert {path: path.stat().st_mtime_ns for path in (data / "compiled").rglob("*")} == before
    assert not [record for record in caplog.records if "prepared" in record.message]


@pytest.mark.parametrize("name", ["bert.data", "bert.onnx", "decoder.onnx", "flow.data"])
@pytest.mark.parametrize("damage", ["cut", "gone", "garbage"])
def test_what_is_damaged_is_made_anew_with_one_line(prepared, data, caplog, name, damage):
    (file,) = (data / "compiled").glob(f"*/{name}")
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(content[: len(content) // 2] if damage == "cut" else bytes(len(content)))
    with caplog.at_level(logging.WARNING):
        assert np.abs(say(data) - say(prepared)).max() <= 2
    assert [record.message for record in caplog.records] == [f"{file.parent}: is damaged; making it anew"]


def test_what_is_whole_but_does_not_load_is_made_anew(prepared, data, caplog):
    (entry,) = entries(data, "rand-jp-*")
    notes = report(entry)
    model = onnx.load(entry / "decoder.onnx", load_external_data=False)
    model.graph.node[0].op_type = "NoSuchThing"
    shutil.rmtree(entry)

    def make(folder):
        for name in ("encoder", "flow", "decoder"):
            onnx.save(model, folder / f"{name}.onnx")
        return {key: value for key, value in notes.items() if key != "files"}

    Artifact.ensure(entry, make)
    assert np.abs(say(data) - say(prepared)).max() <= 2
    assert "does not load; making it anew" in caplog.text


def test_its_report_says_what_was_made_how(prepared):
    (entry,) = entries(prepared, "rand-jp-*")
    made = report(entry)
    assert made["hop"] == 512
    assert sum(made["nodes"].values()) < 2000
    assert made["choice"]["chosen"] == "fp32"
    assert kept_pace(made).window(24) < kept_pace(made).window(240)
    assert made["pace"]["safety"] == SAFETY
    assert 0 < forecast(made).realtime < 100


def test_several_at_once_make_it_once(tmp_path, caplog):
    caplog.set_level(logging.INFO, "wyoming_hayakoe")
    in_threads(lambda: say(tmp_path), 4)
    assert sum("being prepared" in record.message for record in caplog.records) == 2


def test_a_changed_source_is_prepared_anew_and_its_old_entry_goes(tmp_path):
    repository = shutil.copytree(TINY_REPO, tmp_path / "repository")
    say(tmp_path / "data", repository)
    (old,) = entries(tmp_path / "data", "rand-jp-*")
    model = repository / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"
    changed = onnx.load(model)
    changed.doc_string = "another edition"
    onnx.save(changed, model)
    say(tmp_path / "data", repository)
    (new,) = entries(tmp_path / "data", "rand-jp-*")
    assert new != old
    assert not old.exists()


def test_the_same_source_under_another_name_is_not_prepared_again(data):
    before = entries(data)
    tts = TTS(cache_dir=data, precision="fp32").load("other", f"{TINY_REPO.as_uri()}#rand-jp").prepare()
    assert tts.speakers["other"].voice.is_compiled
    assert entries(data) == before


def test_another_runtime_prepares_anew(data, monkeypatch):
    old = entries(data)
    monkeypatch.setattr("onnxruntime.__version__", "0.0")
    say(data)
    assert not set(old) & set(entries(data))


@pytest.mark.parametrize("size", ["64k", "400k", "1m"])
def test_on_a_full_disk_a_voice_speaks_and_says_so_once(tmp_path, size):
    lines = say_on(tmp_path, f"-t tmpfs -o size={size} none").splitlines()
    warnings = [line for line in lines if "cannot be kept prepared" in line]
    assert 1 <= len(warnings) <= 2
    assert len({line.partition(": cannot")[0] for line in warnings}) == len(warnings)
    assert all("No space left on device" in line for line in warnings)


def test_a_folder_that_may_not_be_written_serves_what_it_has(data):
    assert not say_on(data, f"--bind -o ro '{data}'")


def test_a_folder_that_may_not_be_written_and_is_damaged_is_no_hindrance(data):
    (file,) = (data / "compiled").glob("*/decoder.data")
    file.write_bytes(b"")
    assert "Read-only" in say_on(data, f"--bind -o ro '{data}'")


def test_compile_fails_with_one_line_where_the_folder_may_not_be_written(tmp_path):
    ran = compile_on(tmp_path, f"--bind -o ro '{tmp_path}'")
    assert (ran.returncode, ran.stdout) == (1, "")
    (line,) = ran.stderr.splitlines()
    assert f"bert: cannot be kept prepared in {tmp_path / 'compiled'} (Read-only file system): " in line
    assert "choose another folder with --data-dir" in line


def test_compile_fails_with_one_line_where_the_disk_is_full(tmp_path):
    ran = compile_on(tmp_path, "-t tmpfs -o size=400k none")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "cannot be kept prepared" in ran.stderr
    assert "No space left on device" in ran.stderr.splitlines()[-1]
    assert "is prepared" not in ran.stderr


def test_compile_succeeds_where_the_folder_holds_it_all_and_may_not_be_written(data):
    args = ["-m", "wyoming_hayakoe", "compile", f"rand-jp={TINY_REPO}", "--precision", "fp32", "--data-dir", str(data)]
    ran = run_on(data, f"--bind -o ro '{data}'", *args)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "rand-jp is prepared\n", "")


def test_whoever_waited_for_a_lock_that_was_removed_locks_its_successor(tmp_path, caplog):
    path = tmp_path / "lock"

    def wait():
        with locked(path, "waiting"):
            return path.exists()

    with caplog.at_level(logging.INFO), ThreadPoolExecutor(1) as pool:
        with locked(path, ""):
            waiter = pool.submit(wait)
            deadline = time.monotonic() + DEADLINE
            while "waiting" not in caplog.text and time.monotonic() < deadline:
                time.sleep(0.001)
            path.unlink()
        assert waiter.result(DEADLINE)


def test_compile_does_it_ahead_and_voices_says_what_runs(tmp_path):
    data = {"HAYAKOE_DATA_DIR": str(tmp_path)}
    voice = ("--voice", f"rand-jp={TINY_REPO}", "--verbose", "--json")
    before = json.loads(run_program("voices", *voice, **data).stdout)[0]
    assert "first use" in before["why"]
    done = run_program("compile", f"rand-jp={TINY_REPO}", **data)
    assert done.stdout.decode() == "rand-jp is prepared\n"
    after = json.loads(run_program("voices", *voice, **data).stdout)[0]
    assert (after["precision"], after["why"]) == ("fp32", "fp32 was asked for")
    assert before["first_audio"] is None
    assert after["first_audio"] > 0
    assert after["waste"] > 1
    assert run_program("compile", **data).returncode == 2


def test_each_precision_has_an_entry_of_its_own(data):
    for precision in ("int8", "fp32"):
        say(data, precision=precision)
    assert sorted(report(entry)["choice"]["chosen"] for entry in entries(data, "rand-jp-*")) == ["fp32", "int8"]


def test_memory_comes_back_after_a_long_text(prepared):
    speaker = load(prepared)
    speaker.generate(TEXT)
    give_back()
    before = resident_bytes()
    for _ in speaker.stream((TEXT * 500)[:5000], seed=1):
        pass
    give_back()
    # What the BERT says of recent texts is kept, 16 MB of it.
    assert resident_bytes() - before < 32 << 20


def test_an_idle_voice_computes_nothing(prepared):
    speaker = load(prepared)
    speaker.generate(TEXT)
    start = time.process_time()
    # What must not happen has no end to wait for.
    threading.Event().wait(1)
    assert time.process_time() - start < 0.1


if __name__ == "__main__":
    FRONT_END.read(TEXT)
    logging.basicConfig(level=logging.WARNING)
    say(Path(sys.argv[1]))
