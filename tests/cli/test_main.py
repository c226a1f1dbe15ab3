import contextlib
import subprocess
import sys
import time

import pytest

from tests.support import command, run_program
from wyoming_hayakoe.cli import main
from wyoming_hayakoe.version import __version__


def test_version(run_here):
    result = run_here("--version")
    assert (result.code, result.stdout.strip()) == (0, __version__)


@pytest.mark.parametrize(
    "arguments", [["say", "--version"], ["say", "こんにちは", "--version"], ["words", "--version"]]
)
def test_version_may_stand_anywhere(arguments, capsys):
    with contextlib.suppress(SystemExit):
        main(arguments)
    assert capsys.readouterr().out.strip() == __version__


def test_version_imports_nothing_heavy():
    program = (
        "import sys; from wyoming_hayakoe.cli import main; main(['--version'])\n"
        "assert not {'numpy', 'pyopenjtalk', 'onnxruntime', 'wyoming'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
    started = time.monotonic()
    subprocess.run(command("--version"), check=True, timeout=30, capture_output=True)
    assert time.monotonic() - started < 5  # the goal of 0.3 s is for an idle machine


@pytest.mark.parametrize("subcommand", ["", "serve", "say", "voices", "words", "health", "bench", "load"])
def test_every_command_has_help(subcommand, capsys):
    with pytest.raises(SystemExit) as exit_info:
        main([*filter(None, [subcommand]), "--help"])
    assert exit_info.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith("usage: wyoming-hayakoe")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--no-such-flag"], "--no-such-flag"),
        (["sya"], "sya"),
        (["--rate", "5"], "a whole number from 8000 to 192000"),
        (["--rate", "fast"], "a whole number from 8000 to 192000"),
        (["--length-scale", "0"], "a number from 0.2 to 5"),
        (["--length-scale", "nan"], "a number from 0.2 to 5"),
        (["--allow", "home"], "a network such as 192.168.0.0/16"),
        (["--zeroconf", "x" * 64], "a name of at most 63 bytes"),
        (["--log-format", "%(nonsense"], "a format of Python's logging"),
        (["--voice", "tsukuyomi:Happy"], "there is mei"),
        (["--voice", "x=nowhere"], "'nowhere' names no source of voices"),
        (["--speaker", "angry"], "it has normal"),
        (["--config", "/no/such/file.toml"], "/no/such/file.toml"),
        (["bench", "everything"], "everything"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(arguments, words, run_here):
    result = run_here(*arguments)
    (line,) = result.stderr.splitlines()
    assert result.code == 2
    assert words in line


def test_a_process_ends_with_that_line_and_exit_code():
    for arguments, code, words in (
        (["--no-such-flag"], 2, "--no-such-flag"),
        (["say", "-o", "-"], 1, "standard input"),
    ):
        result = run_program(*arguments, stdin=b"\xff")
        (line,) = result.stderr.decode().splitlines()
        assert result.returncode == code
        assert words in line


def test_a_traceback_only_with_debug(tmp_path):
    for flags, shown in (([], False), (["--debug"], True)):
        result = run_program("--uri", f"unix://{tmp_path}/no/such/folder", *flags)
        assert result.returncode == 1
        assert (b"Traceback" in result.stderr) is shown
