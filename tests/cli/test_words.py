import argparse
import io
import json
import resource
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest

from tests.support import command as command_line
from tests.support import program, run_program
from wyoming_hayakoe.cli import words as command
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.paths import data_dir


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HAYAKOE_DATA_DIR", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(arguments))


def test_add_list_remove(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("add", "HACS", "ハックス", "1") == 0
    assert run("add", "担々麺", "タンタンメン", "3", "--priority", "10") == 0
    assert run("add", "ＨＡＣＳ", "ハクス") == 0
    capsys.readouterr()
    assert run("list") == 0
    assert capsys.readouterr().out == (
        "surface  reading       accent  priority\nHACS     ハクス        0       8\n担々麺   タンタンメン  3       10\n"
    )
    assert run("list", "--json") == 0
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[1]) == {
        "surface": "担々麺",
        "reading": "タンタンメン",
        "accent": 3,
        "priority": 10,
    }
    assert run("remove", "HACS", "担々麺") == 0
    assert run("list") == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"{home / 'words.csv'}: holds no words yet: add one with: wyoming-hayakoe words add\n"
    assert (home / "words.csv").exists()


def test_a_reading_in_hiragana(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("add", "HACS", "はっくす", "1") == 0
    assert capsys.readouterr().out == "HACS → ハックス (accent 1)\n"
    assert "HACS,ハックス,1,8" in (home / "words.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("HACS", "白す"), "not katakana"),
        (("HACS", "ハックス", "5"), "beyond the 4 morae"),
        (("HACS", "ハックス", "x"), "not a whole number"),
        ((" ", "ハックス"), "the surface is empty"),
    ],
)
def test_a_bad_word_is_refused(home: Path, arguments: tuple[str, ...], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        run("add", *arguments)
    assert not (home / "words.csv").exists()


def test_bad_rows_are_told_on_stderr(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "words.csv").write_text("雫,しずく\n雪,ユキ,2\n", encoding="utf-8")
    assert run("list") == 0
    captured = capsys.readouterr()
    assert "雪" in captured.out
    assert captured.err == f"{home / 'words.csv'}:1: the reading 'しずく' is not katakana\n"


def test_remove_what_is_not_there(home: Path) -> None:
    with pytest.raises(HayakoeError, match="has no word HACS"):
        run("remove", "HACS")


def test_remove_removes_all_words_or_none(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("add", "七海", "ナナミ", "1") == 0
    before = (home / "words.csv").read_bytes()
    with pytest.raises(HayakoeError, match="has no word nope"):
        run("remove", "七海", "nope")
    assert (home / "words.csv").read_bytes() == before
    assert run("remove", "七海") == 0
    capsys.readouterr()
    assert run("list") == 0
    assert capsys.readouterr().out == ""


def test_a_full_disk_leaves_the_words_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("surface,reading,accent,priority\n" + "雪,ユキ,2,8\n" * 10, encoding="utf-8")
    before = path.read_bytes()
    added = subprocess.run(
        command_line("words", "add", "七海", "ナナミ", "1", "--data-dir", str(tmp_path)),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
        capture_output=True,
        check=False,
    )
    assert added.returncode == 1
    assert "File too large" in added.stderr.decode()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_import_and_export(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "user_dict.json"
    source.write_text(
        '{"1": {"surface": "ＨＡＣＳ", "pronunciation": "ハックス", "accent_type": 1}, "2": {"surface": "雫"}}',
        encoding="utf-8",
    )
    assert run("import", str(source)) == 0
    captured = capsys.readouterr()
    assert captured.out == f"1 word added to {home / 'words.csv'}\n"
    assert captured.err == f"{source}: word 2: None is not a text\n"
    assert run("export") == 0
    assert capsys.readouterr().out == "surface,reading,accent,priority\nHACS,ハックス,1,8\n"
    assert run("export", str(tmp_path / "out.json")) == 0
    assert run("export", "--format", "voicevox") == 0
    assert capsys.readouterr().out == (tmp_path / "out.json").read_text(encoding="utf-8")
    assert run("remove", "HACS") == 0
    assert run("import", str(tmp_path / "out.json")) == 0


def test_import_from_stdin(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("雪,ユキ,2\n".encode())))
    assert run("import", "-") == 0
    assert "雪,ユキ,2,8" in (home / "words.csv").read_text(encoding="utf-8")


def test_import_of_what_excel_writes(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "excel.csv"
    source.write_bytes("雪,ユキ,2\r\n".encode("cp932"))
    assert run("import", str(source)) == 0
    assert "雪,ユキ,2,8" in (home / "words.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [b"\xff\xff", b"", b"[]", "雫,しずく\n".encode()])
def test_import_of_nothing(home: Path, tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "file"
    source.write_bytes(content)
    with pytest.raises(HayakoeError, match="file: "):
        run("import", str(source))


def test_a_missing_file_is_one_line(home: Path) -> None:
    with pytest.raises(HayakoeError, match="no-such-file: No such file or directory"):
        run("import", "no-such-file")


def test_the_data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAYAKOE_DATA_DIR", "/from/environment")
    assert run("add", "雪", "ユキ", "--data-dir", str(tmp_path / "given")) == 0
    assert (tmp_path / "given" / "words.csv").exists()
    assert data_dir() == Path("/from/environment")
    monkeypatch.delenv("HAYAKOE_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", "/xdg")
    assert data_dir() == Path("/xdg/wyoming-hayakoe")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert data_dir() == Path("/home/me/.local/share/wyoming-hayakoe")
    assert data_dir("~/voices") == Path("/home/me/voices")


def test_a_running_server_and_say_learn_a_word_within_two_seconds(tmp_path: Path) -> None:
    """By the command and by hand, while it runs."""

    def seconds(*arguments: str) -> float:
        wav = run_program("say", "HACS", "-o", "-", *arguments, HAYAKOE_DATA_DIR=str(tmp_path)).stdout
        with wave.open(io.BytesIO(wav)) as file:
            return file.getnframes() / file.getframerate()

    with program(HAYAKOE_DATA_DIR=str(tmp_path)) as server:
        before = seconds("--uri", server.uri)
        taught = run_program("words", "add", "HACS", "ハックス" * 5, "2", "--data-dir", str(tmp_path))
        assert taught.returncode == 0, taught.stderr
        deadline = time.monotonic() + 2
        while (after := seconds("--uri", server.uri)) < 2 * before:
            assert time.monotonic() < deadline + 1, "the word is not known"
        assert seconds() == after
        (tmp_path / "words.csv").write_text("HACS,ハ\nbroken,ひらがな\n", encoding="utf-8")
        deadline = time.monotonic() + 2
        while seconds("--uri", server.uri) > before:
            assert time.monotonic() < deadline + 1, "the file is not read again"
        assert any("words.csv:2: the reading 'ひらがな' is not katakana" in line for line in server.log)


def test_words_taught_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    words = ["犬", "猫", "馬", "牛"]
    commands = [
        subprocess.Popen(
            command_line("words", "add", word, "ナマエ", "--data-dir", str(tmp_path)), stdout=subprocess.DEVNULL
        )
        for word in words
    ]
    assert [process.wait(60) for process in commands] == [0] * len(words)
    listed = run_program("words", "list", "--json", "--data-dir", str(tmp_path)).stdout.decode()
    assert {json.loads(line)["surface"] for line in listed.splitlines()} == set(words)
