"""Whatever stands where ``words.csv`` does, and whatever is imported: the server speaks and the command line ends."""

import errno
import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pyopenjtalk
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.conftest import Ended, run_here
from tests.support import DEADLINE, eventually, local, program, speak
from wyoming_hayakoe.cli.client import Client
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.server.catalogue import Catalogue
from wyoming_hayakoe.server.server import Server
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text import dictionary, lookups, user_words
from wyoming_hayakoe.text.dictionary import UserDictionary
from wyoming_hayakoe.text.frontend import FrontEnd
from wyoming_hayakoe.text.user_words import UserWord

__all__ = ["run_here"]  # a fixture, which pytest finds by its name


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


ODD: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "a folder": Path.mkdir,
    "a device that never ends": lambda path: path.symlink_to("/dev/zero"),
    "a device that waits": lambda path: path.symlink_to("/dev/ptmx"),
    "the whole disk": lambda path: path.symlink_to("/"),
    "a link in a circle": lambda path: path.symlink_to(path.name),
    "a line of 1 GiB": _sparse,
}


@pytest.fixture
def csv() -> Iterator[Path]:
    # Short: the path of a socket has 107 characters at most.
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder, "words.csv")


def hacs(user_dictionary: UserDictionary) -> str:
    return FrontEnd((), user_dictionary).read("HACS").reading


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def write_words(path: Path, count: int, more: str = "") -> None:
    path.write_text("".join(f"単語{index},タンゴ\n" for index in range(count)) + more, encoding="utf-8")


@contextmanager
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Hold all look-ups until the event is set."""
    opened = threading.Event()
    look_up = lookups.look_up

    def held(*arguments):
        assert opened.wait(DEADLINE)
        return look_up(*arguments)

    monkeypatch.setattr(lookups, "look_up", held)
    try:
        yield opened
    finally:
        opened.set()


# -- the file --


@pytest.mark.parametrize("make", ODD.values(), ids=ODD.keys())
def test_what_is_no_file_of_words_is_one_line_and_the_words_stay(
    csv: Path, make: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dictionary, "RETRY_SECONDS", 0)
    user_words.put(csv, [UserWord("HACS", "ハックス", 1)])
    user_dictionary = UserDictionary(csv)
    assert hacs(user_dictionary) == "ハックス"
    csv.unlink()
    make(csv)
    for _ in range(3):
        assert not user_dictionary.refresh()
    assert hacs(user_dictionary) == "ハックス"
    (line,) = caplog.messages
    assert line.startswith(f"{csv}: cannot be loaded: ")
    csv.rmdir() if csv.is_dir() and not csv.is_symlink() else csv.unlink()
    user_words.put(csv, [UserWord("HACS", "ハクス", 1)])
    assert user_dictionary.refresh()
    assert hacs(user_dictionary) == "ハクス"


def test_what_may_not_be_read(csv: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(path: Path, limit: int) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    user_words.put(csv, [UserWord("HACS", "ハックス", 1)])
    monkeypatch.setattr(user_words, "read_regular", forbid)  # root may read everything
    assert hacs(UserDictionary(csv)) == "エイチエーシーエス"
    assert "Permission denied" in caplog.text


def test_forty_thousand_bad_rows_are_eleven_lines_of_the_log(csv: Path, caplog: pytest.LogCaptureFixture) -> None:
    csv.write_text("雫,しずく\n" * 39_990 + "HACS,ハックス,1\n", encoding="utf-8")
    user_dictionary = UserDictionary(csv)
    assert hacs(user_dictionary) == "ハックス"
    assert len(caplog.messages) == 11
    assert caplog.messages[-1] == f"{csv}: 39,980 more rows cannot be used"
    os.utime(csv, ns=(0, 0))
    assert user_dictionary.refresh()
    assert len(caplog.messages) == 11, "the same again"


_ROWS = st.lists(
    st.sampled_from(
        ["雪", "HACS", "セツ", ",", '"', "\n", "\r", "\0", "#", "9" * 30, "ｱ", "\u3000", "ー", "十", "\u0301"]
    )
    | st.text(max_size=3),
    max_size=30,
).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass"))


@given(content=st.binary(max_size=200) | _ROWS)
@settings(max_examples=60)
def test_any_bytes_are_loaded_without_an_exception(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("words") / "words.csv"
    path.write_bytes(content)
    user_dictionary = UserDictionary(path)
    assert user_dictionary.refresh()
    assert FrontEnd((), user_dictionary).read("今日は雪です。").reading.startswith("キョーワ")


# -- the time --


def test_a_second_start_looks_up_no_word_again(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_words(csv, 300, "HACS,ハックス,1\n")
    assert hacs(UserDictionary(csv)) == "ハックス"
    looked_up: list[str] = []
    look_up = lookups.look_up
    monkeypatch.setattr(lookups, "look_up", lambda surface, plain: looked_up.append(surface) or look_up(surface, plain))
    assert hacs(UserDictionary(csv)) == "ハックス"
    assert looked_up == []
    user_words.put(csv, [UserWord("雪", "セツ", 1)])
    assert FrontEnd((), UserDictionary(csv)).read("雪").reading == "セツ"
    assert looked_up == ["雪"]


def test_four_times_as_many_words_load_in_about_four_times_the_time(csv: Path) -> None:
    def seconds(count: int) -> float:
        write_words(csv, count)
        UserDictionary(csv).refresh()
        took = []
        for _ in range(3):
            start = time.perf_counter()
            UserDictionary(csv).refresh()
            took.append(time.perf_counter() - start)
        return min(took)

    assert seconds(3200) < 10 * seconds(800)


async def test_no_request_waits_for_words_that_are_looked_up(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictionary, "FIRST_SECONDS", 0.1)
    user_words.put(csv, [UserWord("HACS", "ハックス", 1)])
    assert hacs(UserDictionary(csv)) == "ハックス"
    user_words.put(csv, [UserWord("雪", "セツ" * 20, 1)])
    with gate(monkeypatch) as opened:
        user_dictionary = UserDictionary(csv)
        front_end = FrontEnd((), user_dictionary)
        server = Server(local(), Catalogue([Speaker(OpenJTalkVoice(), front_end)]))
        await server.start()
        try:
            before = (await speak(server, "雪")).seconds
            assert 0 < before < 1
            assert hacs(user_dictionary) == "ハックス", "the words of the last start are read"
            opened.set()
            await eventually(lambda: front_end.read("雪").reading != "ユキ", "the new word is read")
            assert (await speak(server, "雪")).seconds > 2 * before
        finally:
            await server.stop()


async def test_a_server_that_stops_does_not_wait_for_words(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_words(csv, 2000)
    monkeypatch.setattr(dictionary, "FIRST_SECONDS", 0)
    look_up = lookups.look_up

    def slow(*arguments):
        time.sleep(0.01)
        return look_up(*arguments)

    monkeypatch.setattr(lookups, "look_up", slow)
    user_dictionary = UserDictionary(csv)
    server = Server(local(), Catalogue([Speaker(OpenJTalkVoice(), FrontEnd((), user_dictionary))]))
    await server.start()
    start = time.monotonic()
    await server.stop()
    assert time.monotonic() - start < 10  # all look-ups take 20 s
    assert "words" not in {thread.name for thread in threading.enumerate()}
    monkeypatch.setattr(lookups, "look_up", look_up)
    known = len(lookups._read(csv.with_suffix(".known")))
    assert 0 < known < 2000, "what was begun is kept"
    assert user_dictionary.refresh(), "what was left is loaded by who reads next"


def test_a_file_that_always_changes_is_compiled_once_at_a_time(csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dictionary, "CHECK_SECONDS", 0)
    compiled, running, most = dictionary.compiled, [0], [0]

    def counted(rows):
        running[0] += 1
        most[0] = max(most[0], running[0])
        try:
            return compiled(rows)
        finally:
            running[0] -= 1

    monkeypatch.setattr(dictionary, "compiled", counted)
    user_dictionary = UserDictionary(csv)
    done = threading.Event()

    def write() -> None:
        for index in range(30):
            user_words.put(csv, [UserWord("HACS", "ハックス", 1), UserWord(f"単語{index}", "タンゴ")])
        done.set()

    def read() -> set[str]:
        readings = set()
        while not done.is_set():
            readings.add(hacs(user_dictionary))
        return readings

    with ThreadPoolExecutor(5) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        pool.submit(write).result(DEADLINE)
        assert set().union(*(reader.result(DEADLINE) for reader in readers)) <= {"ハックス", "エイチエーシーエス"}
    assert most == [1]


def test_nothing_is_on_the_disk_while_words_are_compiled(
    csv: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So a process that is killed leaves nothing behind."""
    user_words.put(csv, [UserWord("HACS", "ハックス", 1)])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    index = pyopenjtalk.mecab_dict_index
    seen: list[list[str]] = []

    def watched(source: str, binary: str) -> None:
        index(source, binary)
        seen.append(sorted(path.name for path in (*tmp_path.iterdir(), *csv.parent.iterdir())))

    monkeypatch.setattr(pyopenjtalk, "mecab_dict_index", watched)
    descriptors = open_descriptors()
    assert hacs(UserDictionary(csv)) == "ハックス"
    assert seen == [["words.csv", "words.known"]]
    assert open_descriptors() == descriptors


# -- the real program --


async def test_a_server_whose_words_are_a_pipe_speaks_learns_and_ends(tmp_path: Path) -> None:
    csv = tmp_path / "words.csv"
    os.mkfifo(csv)
    with program(HAYAKOE_DATA_DIR=str(tmp_path)) as server:
        async with Client(server.uri) as client:

            async def spoken() -> int:
                return sum([len(chunk.pcm) async for chunk in client.speak("HACS", None, None)])

            before = await spoken()
            csv.unlink()
            user_words.put(csv, [UserWord("HACS", "ハックス" * 6, 1)])
            end = time.monotonic() + DEADLINE
            while await spoken() < 2 * before:
                assert time.monotonic() < end, "the word is not known"
        server.process.terminate()
        assert server.wait() == 0
        log = server.whole_log()
        assert "Traceback" not in log
        assert log.count(f"{csv}: cannot be loaded: not a regular file") == 1


def test_a_numeral_that_is_taught_leaves_numbers_alone(run_here: Callable[..., Ended], tmp_path: Path) -> None:
    assert run_here("words", "add", "十", "トー", "1", HAYAKOE_DATA_DIR=str(tmp_path)).code == 0

    def words(text: str) -> list[dict[str, Any]]:
        return json.loads(run_here("say", "--explain", "--json", text, HAYAKOE_DATA_DIR=str(tmp_path)).stdout)["words"]

    assert "".join(word["reading"] for word in words("三十人")) == "サンジューニン"
    assert [word["reading"] for word in words("十は名前")] == ["トー", "ワ", "ナマエ"]


# -- the command line --

COMMANDS = [("add", "雪", "ユキ"), ("remove", "雪"), ("list",), ("export",)]


@pytest.mark.parametrize("make", ODD.values(), ids=ODD.keys())
def test_a_command_on_what_is_no_file_of_words_ends_with_one_line(
    run_here: Callable[..., Ended], csv: Path, make: Callable[[Path], object]
) -> None:
    make(csv)
    for arguments in COMMANDS:
        ended = run_here("words", *arguments, HAYAKOE_DATA_DIR=str(csv.parent))
        assert_one_line(ended, str(csv))
    assert list(csv.parent.iterdir()) == [csv]


@pytest.mark.parametrize("make", ODD.values(), ids=ODD.keys())
def test_an_import_of_what_is_no_file_ends_with_one_line(
    run_here: Callable[..., Ended], csv: Path, make: Callable[[Path], object]
) -> None:
    source = csv.with_name("source")
    make(source)
    assert_one_line(run_here("words", "import", str(source), HAYAKOE_DATA_DIR=str(csv.parent)), str(source))
    assert not csv.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"surface":' * 100_000, "nested too deeply"),
        ('[{"surface": "雪", "reading": "ユキ", "accent": ' + "9" * 5000 + "}]", "thousands of digits"),
        ('[{"surface": "雪"', "not JSON"),
        ("[" + "1," * 100_000 + "1]", "more than 100,000 words"),
        ("雪,ユキ\n" * 100_001, "more than 100,000 words"),
    ],
)
def test_an_import_of_what_is_no_dictionary_ends_with_one_line(
    run_here: Callable[..., Ended], csv: Path, content: str, reason: str
) -> None:
    source = csv.with_name("source.json")
    source.write_text(content, encoding="utf-8")
    ended = run_here("words", "import", str(source), HAYAKOE_DATA_DIR=str(csv.parent))
    assert_one_line(ended, reason)
    assert not csv.exists()


@pytest.mark.parametrize("accent", ["1e999", "NaN", "[[[]]]", '"１"', "9" * 4000])
def test_an_import_of_odd_accents_adds_no_word(run_here: Callable[..., Ended], csv: Path, accent: str) -> None:
    source = csv.with_name("source.json")
    source.write_text('[{"surface": "雪", "reading": "ユキ", "accent": ' + accent + "}]", encoding="utf-8")
    ended = run_here("words", "import", str(source), HAYAKOE_DATA_DIR=str(csv.parent))
    assert ended.code == 1
    assert "Traceback" not in ended.stderr
    assert all(len(line) < 400 for line in ended.stderr.splitlines())
    assert not csv.exists()


def test_an_import_of_bad_rows_names_ten(run_here: Callable[..., Ended], csv: Path) -> None:
    source = csv.with_name("source.csv")
    source.write_text("雫,しずく\n" * 5000 + "雪,ユキ,2\n", encoding="utf-8")
    ended = run_here("words", "import", str(source), HAYAKOE_DATA_DIR=str(csv.parent))
    assert ended.code == 0
    assert ended.stderr.splitlines()[-1] == f"{source}: 4,990 more rows cannot be used"
    assert len(ended.stderr.splitlines()) == 11
    assert user_words.read(csv).entries == (UserWord("雪", "ユキ", 2),)


def assert_one_line(ended: Ended, what: str) -> None:
    """Expect exit code 1, and on standard error one line that says ``what``."""
    assert ended.code == 1, ended
    (line,) = ended.stderr.splitlines()
    assert what in line
