"""The commands that install extras."""

import shlex
import sys
from pathlib import Path

from wyoming_hayakoe import extras


def test_a_checkout_installs_its_own_extras():
    *command, what = shlex.split(extras.install_command("publish"))
    assert command == [sys.executable, "-m", "pip", "install"]
    assert what == f"{Path(extras.__file__).parents[1]}[publish]"


def test_an_installed_program_is_known_by_its_name(monkeypatch, tmp_path):
    monkeypatch.setattr(extras, "_CHECKOUT", tmp_path)
    assert shlex.split(extras.install_command("publish"))[-1] == "wyoming-hayakoe[publish]"
