"""What C code prints stays out of the log, as it may hold what was said."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from wyoming.client import AsyncTcpClient
from wyoming.tts import Synthesize

from tests.support import clean_environment, program, run_program

# Open JTalk's C code warns about a text that begins with a long vowel.
TEXT = "ーあ"
WARNING = "First mora should not be long vowel symbol"


def say(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return run_program("say", TEXT, "-o", "-", *arguments, **environment)


def test_say_prints_no_warning_of_c_code() -> None:
    result = say()
    assert (result.returncode, result.stderr) == (0, b"")
    assert len(result.stdout) > 1000


def test_debug_shows_what_c_code_prints() -> None:
    assert WARNING in say("--debug").stderr.decode()
    assert WARNING in say(HAYAKOE_DEBUG="1").stderr.decode()


def test_pythons_own_errors_are_shown() -> None:
    result = run_program("say", "はい", "-o", "/no/such/folder/file.wav")
    assert result.returncode == 1
    assert result.stderr.decode().startswith("wyoming-hayakoe: ")


def speak(uri: str, text: str) -> None:
    async def once() -> None:
        host, port = uri.removeprefix("tcp://").split(":")
        async with AsyncTcpClient(host, int(port)) as client:
            await client.write_event(Synthesize(text).event())
            while (event := await client.read_event()) is not None and event.type != "audio-stop":
                assert event.type != "error", event.data

    asyncio.run(once())


def test_a_server_logs_no_warning_of_c_code_and_no_word_of_a_user(tmp_path: Path) -> None:
    run_program("words", "add", "七海", "ナナミ", "1", HAYAKOE_DATA_DIR=str(tmp_path))
    with program(HAYAKOE_DATA_DIR=str(tmp_path)) as server:
        speak(server.uri, TEXT)
        speak(server.uri, "七海さん、こんにちは。")
    assert all("INFO" in line for line in server.log), server.log


@pytest.mark.parametrize("place", ["flag", "file"])
def test_a_server_with_debug_logs_it(tmp_path: Path, place: str) -> None:
    config = tmp_path / "hayakoe.toml"
    config.write_text(f"debug = {'true' if place == 'file' else 'false'}\n", encoding="utf-8")
    with program("--config", str(config), *(["--debug"] if place == "flag" else [])) as server:
        speak(server.uri, TEXT)
    assert any(WARNING in line for line in server.log)


def test_a_host_of_the_library_keeps_its_standard_error() -> None:
    code = (
        "import os, sys, wyoming_hayakoe\n"
        "from wyoming_hayakoe.cli import main\n"
        "before, stream = os.fstat(2), sys.stderr\n"
        "tts = wyoming_hayakoe.TTS().load('mei').prepare()\n"
        "tts.speakers['mei'].generate('はい')\n"
        "assert main(['voices']) == 0\n"
        "assert os.path.samestat(os.fstat(2), before) and sys.stderr is stream\n"
        "os.write(2, b'mine')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, env=clean_environment(), check=False)
    assert (run.returncode, run.stderr) == (0, b"mine")


def test_closed_standard_error_stays_closed() -> None:
    result = subprocess.run(
        ["sh", "-c", f'exec "{sys.executable}" -m wyoming_hayakoe say はい -o - 2>&-'],
        capture_output=True,
        env=clean_environment(),
        check=False,
    )
    assert result.returncode == 0
    assert len(result.stdout) > 1000


def test_a_crash_is_traced_where_python_is_asked_to(tmp_path: Path) -> None:
    """PYTHONFAULTHANDLER writes to the descriptor of its start."""
    code = (
        "import ctypes, sys\n"
        "from wyoming_hayakoe.cli import main, words\n"
        "words.run = lambda args: ctypes.string_at(0)\n"
        "sys.argv[1:] = ['words', 'list']\n"
        "main()"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={**clean_environment(), "PYTHONFAULTHANDLER": "1"} | {"HAYAKOE_DATA_DIR": os.fspath(tmp_path)},
        check=False,
    )
    assert b"Segmentation fault" in run.stderr
