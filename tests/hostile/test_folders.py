"""Folders of voices in which anything may lie: the server starts, and what else lies there is found."""

import asyncio
import atexit
import errno
import functools
import os
import shutil
import socket
import stat
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wyoming.client import AsyncClient
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize

from tests.support import DEADLINE, TINY_REPO, program, receive
from tests.voice_kinds import as_folder
from wyoming_hayakoe.disk import read_regular, stamp
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.folders import BOUNDS, Bounds, walk
from wyoming_hayakoe.sources import inventory
from wyoming_hayakoe.sources.dropped_in import DroppedIn, dropped_into
from wyoming_hayakoe.sources.local import LocalSource
from wyoming_hayakoe.sources.location import open_source, parse

VOICE = ("config.json", "style_vectors.npy", "a.onnx")
SHIFT_JIS = os.fsdecode("声の箱".encode("shift_jis"))


def voice(folder: Path, *, without: str = "") -> Path:
    folder.mkdir(parents=True)
    for name in VOICE:
        if name != without:
            (folder / name).write_bytes(b"")
    return folder


@functools.cache
def crowd() -> Path:
    """A voice among 10,001 files, made once: that takes longer than all that is done with it."""
    made = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, made)
    voice(made / "anna")
    for number in range(BOUNDS.files + 1):
        (made / f"{number}.bin").touch()
    return made


def huge(folder: Path) -> None:
    folder.symlink_to(crowd())


def diamonds(folder: Path) -> None:
    """52 folders, each with two links to the next: 2⁵² paths."""
    folder.mkdir()
    for number in range(52):
        (folder / str(number)).mkdir()
        for side in "ab":
            (folder / str(number) / side).symlink_to(folder / str(number + 1))


def circle(folder: Path) -> None:
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "above").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")


def deep(folder: Path) -> None:
    (folder / "/".join(["d"] * (BOUNDS.depth + 8))).mkdir(parents=True)


def fifo_in_place_of_a_file(folder: Path) -> None:
    os.mkfifo(voice(folder, without="config.json") / "config.json")


def socket_in_place_of_a_file(folder: Path) -> None:
    place = voice(folder, without="a.onnx")
    before = Path.cwd()
    os.chdir(place)  # the name of a socket has a hundred bytes at most
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("a.onnx")
    finally:
        os.chdir(before)


def device_in_place_of_a_file(folder: Path) -> None:
    (voice(folder, without="style_vectors.npy") / "style_vectors.npy").symlink_to("/dev/zero")


def shift_jis(folder: Path) -> None:
    voice(folder / SHIFT_JIS)


BAD = {
    huge: "has more than 10000 files",
    diamonds: "",
    circle: "",
    deep: "lies more than 32 folders deep",
    os.mkfifo: "is no regular file",
    fifo_in_place_of_a_file: "is no regular file",
    socket_in_place_of_a_file: "is no regular file",
    device_in_place_of_a_file: "is no regular file",
    shift_jis: "its name is not UTF-8",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of voices with one voice in it, by which the others are measured."""
    voice(tmp_path / "voices" / "anna")
    return tmp_path / "voices"


def check_lines(found: DroppedIn) -> None:
    for line in found.lines:
        assert line.isprintable()
        assert line.encode()


@pytest.mark.parametrize(("make", "reason"), BAD.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_bad_is_left_out_with_one_line_and_its_neighbours_are_found(folder, make, reason):
    make(folder / "bad")
    voice(folder / "zoe")
    started = time.monotonic()
    found = dropped_into(folder)
    assert time.monotonic() - started < DEADLINE / 4
    assert list(found.voices) == ["anna", "zoe"]
    check_lines(found)
    (line,) = found.lines
    assert line.startswith(str(folder / "bad"))
    assert reason in line
    for name in ("anna", "zoe"):
        there = parse(found.voices[name])
        assert inventory.fetch(open_source(there.uri, folder), name, None).place == folder / name


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_a_stamp_ends_and_sees_a_change_beside_what_is_bad(folder, make):
    make(folder / "bad")
    before = stamp(folder)
    assert stamp(folder) == before
    (folder / "anna" / "config.json").write_bytes(b"{}")
    assert stamp(folder) != before


def test_links_that_meet_again_and_again_cost_as_much_as_there_are_folders(tmp_path, monkeypatch):
    diamonds(tmp_path / "many")
    listed = []
    scandir = os.scandir
    monkeypatch.setattr("os.scandir", lambda folder: listed.append(folder) or scandir(folder))
    walk(tmp_path / "many")
    by_entry = 52 * BOUNDS.visits
    assert len(listed) <= 52 * by_entry


def test_ten_thousand_files_beside_a_voice_are_no_ten_thousand_lines():
    found = dropped_into(crowd())
    assert list(found.voices) == ["anna"]
    assert len(found.lines) == 21
    assert found.lines[-1] == "9981 further folders and files are left out"


def test_a_folder_beyond_all_bounds_is_left_out_itself(folder):
    voice(folder / "zoe")
    for bounds in (Bounds(total=1), Bounds(seconds=-1.0)):
        found = dropped_into(folder, bounds)
        assert found.voices == {}
        assert found.lines
        check_lines(found)


def refusing(monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
    """Let one folder be refused by the disk. (These tests may run as root, who is refused nothing.)"""
    scandir = os.scandir

    def refuse(folder):
        if Path(folder).name == name:
            raise OSError(code, os.strerror(code), folder)
        return scandir(folder)

    monkeypatch.setattr("os.scandir", refuse)


@pytest.mark.parametrize(
    ("code", "lines"),
    [(errno.EACCES, ["may not be read: change"]), (errno.EIO, ["cannot be read (Input/output error)"])],
)
def test_a_folder_that_the_disk_refuses_is_left_out(folder, monkeypatch, code, lines):
    voice(folder / "private")
    refusing(monkeypatch, "private", code)
    found = dropped_into(folder)
    assert list(found.voices) == ["anna"]
    assert [line in told for line, told in zip(lines, found.lines, strict=True)] == [True]
    assert LocalSource(folder).list() == sorted(f"anna/{name}" for name in VOICE)
    assert stamp(folder) == stamp(folder)


def test_lost_and_found_is_nothing_to_speak_of(folder, monkeypatch):
    (folder / "lost+found").mkdir()
    refusing(monkeypatch, "lost+found", errno.EACCES)
    found = dropped_into(folder)
    assert list(found.voices) == ["anna"]
    assert found.lines == []


def test_a_folder_that_is_removed_while_it_is_looked_through_is_as_if_it_had_been_empty(folder, monkeypatch):
    voice(folder / "going")
    refusing(monkeypatch, "going", errno.ENOENT)
    assert list(dropped_into(folder).voices) == ["anna"]


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_a_process_without_file_descriptors_says_nothing_of_the_voices(folder, monkeypatch, code):
    refusing(monkeypatch, "anna", code)
    with pytest.raises(HayakoeError, match="try again later"):
        dropped_into(folder)
    with pytest.raises(OSError, match=os.strerror(code)):
        stamp(folder)


def test_a_source_in_a_folder_of_any_name_is_used(tmp_path):
    place = voice(tmp_path / SHIFT_JIS)
    source = open_source(parse(str(place)).uri, tmp_path)
    assert inventory.fetch(source, "anna", None).place == place


@pytest.mark.parametrize("text", ["/\ud800", "file:///%00", "file://[", "https://["])
def test_what_names_no_place_is_refused_in_one_line(text):
    with pytest.raises(HayakoeError):
        parse(text)


@pytest.mark.parametrize("prefix", ["", "README.md"])
def test_a_pipe_is_no_source(tmp_path, prefix):
    os.mkfifo(tmp_path / "README.md")
    source = LocalSource(tmp_path / "README.md" if not prefix else tmp_path)
    assert source.cached(prefix) is None
    with pytest.raises(HayakoeError, match="no regular file"):
        source.fetch(prefix)


def test_a_disk_that_does_not_answer_holds_up_nothing_but_what_is_on_it(folder, monkeypatch):
    voice(folder / "nas")
    voice(folder / "zoe")
    back, asked = threading.Event(), []
    scandir = os.scandir

    def hang(place):
        if Path(place).name == "nas":
            asked.append(place)
            assert back.wait(DEADLINE)
        return scandir(place)

    monkeypatch.setattr("os.scandir", hang)
    quick = Bounds(answer=0.05)
    for _ in range(3):
        found = dropped_into(folder, quick)
        assert list(found.voices) == ["anna", "zoe"]
        assert found.lines == [
            f"{folder / 'nas'} is left out: its disk does not answer: check the network or the mount"
        ]
    assert len(asked) == 1, "one thread waits, and no more"
    back.set()
    end = time.monotonic() + DEADLINE
    while list(dropped_into(folder, quick).voices) != ["anna", "nas", "zoe"]:
        assert time.monotonic() < end


def test_only_a_regular_file_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"12345")
    assert read_regular(tmp_path / "file", 5) == b"12345"
    for path, most in ((tmp_path / "pipe", 5), (tmp_path / "file", 4), (tmp_path, 5), (Path("/dev/zero"), 5)):
        with pytest.raises(OSError, match=str(path)):
            read_regular(path, most)


ODD = ["a\\b", "a\nb", "lost+found", SHIFT_JIS]
NAMES = st.sampled_from([*VOICE, "a", "b", "b.aivmx", "声", "onnx", "speakers", *ODD])
KINDS = st.sampled_from(["file", "folder", "pipe", "link", "voice"])


@settings(max_examples=60)
@given(st.lists(st.tuples(st.lists(NAMES, min_size=1, max_size=4), KINDS, st.lists(NAMES, max_size=3)), max_size=12))
def test_any_folder_is_looked_through(entries):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for parts, kind, target in entries:
            put(folder.joinpath(*parts), kind, folder.joinpath(*target))
        found = dropped_into(folder, Bounds(files=30, total=100, depth=3))
        check_lines(found)
        assert stamp(folder) == stamp(folder)
        for source in found.voices.values():
            assert parse(source).uri == folder.as_uri()


def put(place: Path, kind: str, target: Path) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        match kind:
            case "file":
                place.touch()
            case "folder":
                place.mkdir()
            case "pipe":
                os.mkfifo(place)
            case "link":
                place.symlink_to(target)
            case "voice":
                voice(place)
    except OSError:  # something else lies there
        pass


def test_the_server_starts_and_speaks_beside_all_of_it(tmp_path):
    folder = tmp_path / "voices"
    as_folder(folder / "anna")
    for make in BAD:
        make(folder / f"bad-{make.__name__}")
    (folder / f"{SHIFT_JIS}.aivmx").touch()
    environment = {"HAYAKOE_DATA_DIR": str(tmp_path), "HAYAKOE_BERT_SOURCE": str(TINY_REPO)}
    with program("--no-compile", **environment) as server:

        async def ask(event, until):
            async with AsyncClient.from_uri(server.uri, read_timeout=DEADLINE) as client:
                await client.write_event(event)
                return await receive(client, until=until)

        async def hear():
            heard = (await ask(Synthesize("はい。").event(), "audio-stop")).kinds
            names: set[str] = set()
            async with asyncio.timeout(DEADLINE):
                while not {"mei", "anna"} <= names:
                    await asyncio.sleep(0.05)  # the process that tries a voice is of low priority
                    info = Info.from_event((await ask(Describe().event(), "info")).events[-1])
                    names = {voice.name for voice in info.tts[0].voices}
            return heard

        assert asyncio.run(hear()) == ["audio-start", "audio-chunk", "audio-stop"]
        log = "".join(server.log)
        assert "Traceback" not in log
        for make in BAD:
            assert sum(f"bad-{make.__name__}" in line for line in server.log) == 1, log
        assert log.count("its name is not UTF-8") == 2
    assert stat.S_ISFIFO((folder / "bad-mkfifo").stat().st_mode)
