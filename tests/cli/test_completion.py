"""The scripts of `completion`, in the real shells."""

import os
import pty
import select
import shutil
import subprocess
import time

import pytest

from tests.support import DEADLINE
from wyoming_hayakoe.cli.completion import SHELLS

CASES = {
    "s": {"serve", "say"},
    "say --dev": {"--device"},
    "say --device cu": {"cuda"},
    "words ": {"add", "list", "remove", "import", "export"},
    "words add --p": {"--priority"},
    "--prec": {"--precision"},
    "completion ": {"bash", "zsh", "fish"},
    "serve --code a": {"announce"},
    "say -o {folder}/sou": {"{folder}/sound one.wav"},
    "serve --rate ": set(),
}
BASH = """\
compopt() { :; }  # works only where a person types
source "$1"; shift
while (( $# )); do
  line=$1; shift
  read -ra COMP_WORDS <<<"$line"
  if [[ $line == *" " ]]; then COMP_WORDS+=(""); fi
  COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
  _wyoming_hayakoe
  printf '%s\\t' "${COMPREPLY[@]}"; echo
done"""
FISH = """\
source $argv[1]
for line in $argv[2..]
  echo (complete -C $line | string replace -r '\\t.*' '' | string join \\t)
end"""


@pytest.fixture
def script(tmp_path, run_here):
    def written(shell):
        if shutil.which(shell) is None:
            pytest.skip(f"{shell} is not installed")
        printed = run_here("completion", shell)
        assert printed.code == 0
        path = tmp_path / f"completion.{shell}"
        path.write_text(printed.stdout, encoding="utf-8")
        subprocess.run([shell, "-n", str(path)], check=True)
        return path

    return written


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_commands_options_values_and_files_are_completed(shell, script, tmp_path):
    (tmp_path / "sound one.wav").touch()
    cases = {
        line.format(folder=tmp_path): {each.format(folder=tmp_path) for each in words} for line, words in CASES.items()
    }
    lines = [f"wyoming-hayakoe {line}" for line in cases]
    program = [shell, "-c", BASH, "-"] if shell == "bash" else [shell, "-c", FISH]
    ran = subprocess.run(
        [*program, str(script(shell)), *lines], check=True, capture_output=True, text=True, env=home(tmp_path)
    )
    rows = ran.stdout.split("\n")[: len(cases)]
    assert [{word.replace("\\ ", " ") for word in row.split("\t") if word} for row in rows] == list(cases.values())
    assert ran.stderr == ""


def test_zsh_completes_what_is_typed(script, tmp_path):
    path = script("zsh")
    (tmp_path / "sound.wav").touch()
    with typed(tmp_path, f"autoload -U compinit && compinit -u && source {path}") as shell:
        assert shell("wyoming-hayakoe say --dev\t", "--device ")
        assert shell("cu\t", "cuda ")
        assert shell(f"-o {tmp_path}/sou\t", "sound.wav ")
        assert shell("--code=an\t", "--code=announce ")
        assert shell("\x15wyoming-hayakoe words add --p\t", "--priority ")


def home(folder):
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb"}


class typed:  # noqa: N801 - read as a verb
    """A zsh on a terminal; called, it types keys and returns whether the text appears."""

    def __init__(self, folder, first):
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], home(folder))
        self._first = first

    def __enter__(self):
        assert self(f"PS1='ready> '; {self._first}; echo be''gin\n", "begin")
        return self

    def __call__(self, keys, expected):
        os.write(self._terminal, keys.encode())
        shown, end = "", time.monotonic() + DEADLINE
        while expected not in shown:
            left = end - time.monotonic()
            if left < 0 or not select.select([self._terminal], [], [], left)[0]:
                return False
            shown += os.read(self._terminal, 4096).decode(errors="replace")
        return True

    def __exit__(self, *_):
        os.close(self._terminal)
        os.waitpid(self._process, 0)


def test_another_shell_is_refused(run_here):
    result = run_here("completion", "tcsh")
    assert (result.code, len(result.stderr.splitlines())) == (2, 1)
    assert all(shell in result.stderr for shell in SHELLS)
