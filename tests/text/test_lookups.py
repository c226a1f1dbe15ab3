import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.text import lookups
from wyoming_hayakoe.text.dictionary import UserDictionary
from wyoming_hayakoe.text.frontend import FrontEnd
from wyoming_hayakoe.text.lookups import Lookups

SURFACES = ["雪", "十", "行った", "HACS", "C++", 'a,"b', "担々麺"]


def learnt(file: Path) -> Lookups:
    found = Lookups(file)
    found.recall()
    assert list(found.learn(SURFACES)) == SURFACES
    found.keep(SURFACES)
    return found


def recalled(file: Path) -> Lookups:
    found = Lookups(file)
    found.recall()
    return found


def test_what_was_looked_up_is_remembered(tmp_path: Path) -> None:
    file = tmp_path / "words.known"
    first = learnt(file)
    again = recalled(file)
    assert again.missing(SURFACES) == []
    assert again._found == first._found
    assert again.missing(["霜"]) == ["霜"]


def test_only_the_words_of_now_are_remembered(tmp_path: Path) -> None:
    file = tmp_path / "words.known"
    learnt(file).keep(["雪"])
    assert recalled(file).missing(SURFACES) == SURFACES[1:]


def test_what_another_dictionary_said_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "words.known"
    learnt(file)
    monkeypatch.setattr(lookups, "_installed", lambda: ("another", 1377))
    assert recalled(file).missing(SURFACES) == SURFACES


@pytest.mark.parametrize("cut", [0, 1, 40, 100, -1])
def test_a_torn_file_is_as_none(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "words.known"
    learnt(file)
    file.write_bytes(file.read_bytes()[:cut])
    assert recalled(file).missing(SURFACES) == SURFACES


def test_what_a_killed_process_was_writing_is_removed(tmp_path: Path) -> None:
    learnt(tmp_path / "words.known")
    (tmp_path / ".words.known.77-99.incoming").write_bytes(b"1 0.4")
    assert recalled(tmp_path / "words.known").missing(SURFACES) == []
    assert [path.name for path in tmp_path.iterdir()] == ["words.known"]


@pytest.mark.parametrize(
    "line",
    [
        "雪\t100\t9999,1,1,名詞,一般,*,*,*,*",
        "雪\t100\t1377,1,1,名詞,一般,*,*,*,*",
        "雪\t100\t-1,1,1,名詞,一般,*,*,*,*",
        "雪\t100\t1,1,999999,名詞,一般,*,*,*,*",
        '雪\t100\t1,1,1,"名詞,一般,*,*,*,*',
        "雪\t100\t1,1,1,名詞,一般,*,*,*",
        "雪\t100\t1,1,1,名詞,一般,*,*,*,*,*",
        "雪\tx",
        "雪\t" + "9" * 5000,
        "雪\t１",
        "\t\t\t",
        "雪" * 101 + "\t1",
    ],
)
def test_a_forged_line_is_looked_up_again(tmp_path: Path, line: str) -> None:
    path = tmp_path / "words.csv"
    path.write_text("雪,セツ,1\n", encoding="utf-8")
    forge(path.with_suffix(".known"), f"{line}\n".encode())
    dictionary = UserDictionary(path)
    assert FrontEnd((), dictionary).read("雪").reading == "セツ"
    assert dictionary._lookups.missing(["雪"]) == []


def forge(file: Path, body: bytes) -> None:
    """Write look-ups whose digest is right."""
    file.write_bytes(f"1 {lookups._installed()[0]} {hashlib.sha256(body).hexdigest()}\n".encode() + body)


@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from(["雪", "\t", ",", "1", "-9", "9999", "*", "名詞", '"', "\n", "\0"])).map(
        lambda parts: "".join(parts).encode()
    )
)
def test_whatever_is_remembered_the_words_are_read(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    path = tmp_path_factory.mktemp("words") / "words.csv"
    path.write_text("雪,セツ,1\n", encoding="utf-8")
    forge(path.with_suffix(".known"), body)
    assert FrontEnd((), UserDictionary(path)).read("雪").reading == "セツ"


def test_a_file_that_can_be_neither_read_nor_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "words.known").mkdir()
    assert recalled(tmp_path / "words.known").missing(SURFACES) == SURFACES
    assert learnt(tmp_path / "words.known").missing(SURFACES) == []
    assert learnt(tmp_path / "no-folder" / "words.known").missing(SURFACES) == []
    os.mkfifo(tmp_path / "pipe")
    assert learnt(tmp_path / "pipe").missing(SURFACES) == []
    assert recalled(tmp_path / "pipe").missing(SURFACES) == []
