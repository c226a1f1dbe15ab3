import logging
import multiprocessing
import random
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.sources import children
from tests.sources import hub as hubs
from tests.sources.shared import contents
from tests.support import DEADLINE, in_threads
from wyoming_hayakoe.errors import HayakoeError

OLD = {"config.json": b'{"old": 1}', "style_vectors.npy": b"same" * 1000, "synthesizer.onnx": b"old model" * 100_000}
NEW = OLD | {"config.json": b'{"new": 1}', "synthesizer.onnx": b"new model" * 100_000, "more/声.onnx": b"more"}


def commit(hub, files):
    hub.repository("me/voices").commit({f"v/{path}": data for path, data in files.items()})


@pytest.fixture
def processes():
    """Processes that start quickly, because they fork from one that has imported what they need."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.sources.children", "huggingface_hub.errors", "huggingface_hub.utils"])
    return context


def ended(process) -> int:
    process.join(DEADLINE)
    return process.exitcode


def arrived(data: Path) -> int:
    """Return the size of the largest file that is arriving."""
    sizes = [0]
    for part in (data / "sources").glob("*/partial/*"):
        with suppress(FileNotFoundError):  # it has just been given its name
            sizes.append(part.stat().st_size)
    return max(sizes)


class TestKilled:
    ROUNDS = 30

    def steps_of_a_fetch(self, hub, tmp_path, processes) -> int:
        """Return about how many steps a whole fetch takes, by halving."""
        low, high = 1, 4096
        while low < high:
            middle = (low + high) // 2
            shutil.rmtree(tmp_path / "probe", ignore_errors=True)
            arguments = (hub.endpoint, str(tmp_path / "probe"), "v", middle)
            process = processes.Process(target=children.fetch_and_die, args=arguments)
            process.start()
            if ended(process) == 0:
                high = middle
            else:
                low = middle + 1
        return low

    def test_a_download_that_is_killed_anywhere_leaves_a_whole_voice_or_none(self, hub, opened, tmp_path, processes):
        commit(hub, OLD)
        steps = self.steps_of_a_fetch(hub, tmp_path, processes)
        dice = random.Random(5)
        source, data, whole = opened("me/voices"), tmp_path / "data", None
        died = 0
        for turn in range(self.ROUNDS):
            if turn % 10 == 0:
                shutil.rmtree(data, ignore_errors=True)
                whole = None
            commit(hub, OLD if turn % 2 else NEW)
            step = dice.randint(1, steps)
            process = processes.Process(target=children.fetch_and_die, args=(hub.endpoint, str(data), "v", step))
            process.start()
            died += ended(process) == -signal.SIGKILL
            kept = source.cached("v")
            if kept is None:
                assert whole is None, "what was whole is lost"
            else:
                assert contents(kept) in (OLD, NEW), f"killed at step {step} of {steps}"
                whole = kept
        assert died > self.ROUNDS // 2
        commit(hub, NEW)
        assert contents(source.fetch("v")) == NEW

    def test_a_download_that_was_killed_goes_on_where_it_broke_off(self, hub, opened, tmp_path, processes):
        commit(hub, OLD)
        hub.faults += [hubs.send, hubs.send, hubs.stalled(500_000)]
        process = processes.Process(target=children.fetch, args=(hub.endpoint, str(tmp_path / "data"), "v"))
        process.start()
        while arrived(tmp_path / "data") < 400_000:
            assert process.is_alive()
        process.kill()
        assert ended(process) == -signal.SIGKILL
        hub.count()
        assert contents(opened("me/voices").fetch("v")) == OLD
        (resumed,) = hub.bytes_requests()
        assert int(resumed.headers["Range"].removeprefix("bytes=").removesuffix("-")) >= 400_000


def test_two_processes_download_once(hub, opened, tmp_path, processes):
    commit(hub, OLD)
    arguments = (hub.endpoint, str(tmp_path / "data"), "v")
    both = [processes.Process(target=children.fetch, args=arguments) for _ in range(2)]
    for process in both:
        process.start()
    assert [ended(process) for process in both] == [0, 0]
    assert hub.count() == {"api": 2, "resolve": len(OLD), "bytes": len(OLD)}
    assert contents(opened("me/voices").cached("v")) == OLD


def test_threads_download_once(hub, opened):
    commit(hub, OLD)
    places = in_threads(lambda: opened("me/voices").fetch("v"), 4)
    assert len(set(places)) == 1
    assert hub.count()["bytes"] == len(OLD)


def test_offline_serves_with_all_sockets_blocked(hub, opened, tmp_path):
    commit(hub, OLD)
    place = opened("me/voices").fetch("v")
    code = [sys.executable, "-m", "tests.sources.children", "serve_with_sockets_blocked", str(tmp_path / "data"), "v"]
    ran = subprocess.run(code, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == str(place)


def test_offline_asks_nothing_and_says_what_is_missing(hub, opened):
    commit(hub, OLD)
    opened("me/voices").fetch("v")
    hub.count()
    offline = opened("me/voices", offline=True)
    assert contents(offline.fetch("v")) == OLD
    assert offline.list() == sorted(f"v/{path}" for path in OLD)
    with pytest.raises(HayakoeError, match=r"not here: hf://me/voices: other: run .*download"):
        offline.fetch("other")
    with pytest.raises(HayakoeError, match=r"not here: hf://me/other: run .*download"):
        opened("me/other", offline=True).list()
    with pytest.raises(HayakoeError, match="--offline"):
        offline.delete("v")
    assert hub.count() == {}


@pytest.mark.parametrize("down", ["no network", "private", "server"])
def test_what_is_cached_serves_when_its_source_fails_with_one_line_in_the_log(hub, opened, monkeypatch, caplog, down):
    commit(hub, OLD)
    place = opened("me/voices").fetch("v")
    if down == "no network":
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    elif down == "private":
        hub.repository("me/voices").token = "hf_other"
    else:
        hub.down += [503] * 9
    hub.count()
    caplog.clear()
    assert opened("me/voices").fetch("v") == place
    assert hub.count()["api"] <= 1, "whoever has a voice does not wait for another"
    assert opened("me/voices").list("v")
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.WARNING]
    assert all(len(record.getMessage().splitlines()) == 1 for record in caplog.records)


def test_what_is_cached_serves_when_its_update_breaks_off(hub, opened):
    commit(hub, OLD)
    opened("me/voices").fetch("v")
    commit(hub, NEW)
    hub.faults += [hubs.status(503)] * 3
    assert contents(opened("me/voices").fetch("v")) == OLD
    hub.faults.clear()
    assert contents(opened("me/voices").fetch("v")) == NEW


def test_a_file_that_is_lost_from_the_cache_is_fetched_again(hub, opened):
    commit(hub, OLD)
    place = opened("me/voices").fetch("v")
    (place / "config.json").unlink()
    (place / "synthesizer.onnx").write_bytes(b"cut")
    source = opened("me/voices")
    assert source.cached("v") is None
    hub.count()
    assert contents(source.fetch("v")) == OLD
    assert hub.count()["bytes"] == 2


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b'{"files": [["../../x", 1, ""]]}', b'{"files": 3}', b"\xff"])
def test_a_damaged_manifest_is_as_none(hub, opened, tmp_path, manifest):
    commit(hub, OLD)
    opened("me/voices").fetch("v")
    (path,) = (tmp_path / "data").rglob("manifest.json")
    path.write_bytes(manifest)
    source = opened("me/voices")
    assert source.cached("v") is None
    hub.count()
    assert contents(source.fetch("v")) == OLD
    assert hub.count()["bytes"] == 0, "the files themselves had been checked"


def test_an_old_set_goes_when_nothing_new_was_found_since(hub, opened, tmp_path):
    for files in (OLD, NEW, OLD, NEW):
        commit(hub, files)
        opened("me/voices").fetch("v")
    place = opened("me/voices").fetch("v")
    assert [path for path in place.parent.iterdir() if path.is_dir()] == [place]


def test_files_of_no_bytes_are_files(hub, opened):
    commit(hub, {"empty.txt": b"", "empty.onnx": b"", "one.onnx": b"1"})
    assert contents(opened("me/voices").fetch("v")) == {"empty.txt": b"", "empty.onnx": b"", "one.onnx": b"1"}


def test_progress_is_told_from_nothing_to_all(hub, opened):
    commit(hub, OLD)
    told = []
    opened("me/voices").fetch("v", told.append)
    done = [transfer.done for transfer in told]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, told[0].total)
    assert told[0].total == sum(map(len, OLD.values()))
    assert {transfer.name for transfer in told} == {"hf://me/voices: v"}


def test_sources_and_prefixes_with_names_alike_do_not_meet(hub, opened):
    hub.repository("me/voices").commit({"a-b/x": b"1", "a/b/x": b"2", "声/x": b"3"})
    hub.repository("me/voices-a").commit({"b/x": b"4"})
    found = [opened("me/voices").fetch(prefix) for prefix in ("a-b", "a/b", "声", "a")]
    found.append(opened("me/voices-a").fetch("b"))
    assert [sorted(contents(place).values()) for place in found] == [[b"1"], [b"2"], [b"3"], [b"2"], [b"4"]]


ON_A_DISK = """
mount {mount} "$1" || exit 77
exec "$2" -m tests.sources.children fetch "$3" "$1" v
"""


def fetch_onto(disk: Path, mount: str, hub) -> subprocess.CompletedProcess[str]:
    """Fetch in a mount namespace, where something else is mounted on ``disk``."""
    isolated = ["unshare", "--map-root-user", "--mount", "sh", "-c", ON_A_DISK.format(mount=mount)]
    ran = subprocess.run(
        [*isolated, "sh", str(disk), sys.executable, hub.endpoint],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    if ran.returncode == 77 or "unshare" in ran.stderr:
        pytest.skip(f"this machine lets a test mount nothing: {ran.stderr.strip()}")
    return ran


@pytest.mark.parametrize(
    ("mount", "line"),
    [
        ("-t tmpfs -o size=64k none", "needs 1 MiB and the disk has 0: make room, or choose another --data-dir"),
        ("-t tmpfs -o size=64m,nr_inodes=7 none", "the disk is full: make room, or choose another --data-dir"),
        ("-t tmpfs -o ro none", "may not be used: change its owner or permissions, or choose another --data-dir"),
    ],
)
def test_a_disk_that_takes_nothing_is_told_with_a_remedy(hub, tmp_path, mount, line):
    commit(hub, OLD)
    ran = fetch_onto(tmp_path, mount, hub)
    told = ran.stderr.splitlines()[-1]
    assert re.match(r"wyoming_hayakoe\.[a-z.]+\.(Hayakoe|Source)Error: ", told)
    assert told.endswith(line)


def test_a_cache_that_may_not_be_written_still_serves(hub, opened, tmp_path):
    commit(hub, OLD)
    opened("me/voices").fetch("v")
    commit(hub, NEW)
    ran = fetch_onto(tmp_path / "data", f"--bind -o ro '{tmp_path / 'data'}'", hub)
    assert ran.returncode == 0, ran.stderr
    assert contents(opened("me/voices", offline=True).fetch("v")) == OLD
