"""The units of systemd: checked by its own tools, and started by itself."""

import configparser
import re
import subprocess
import wave
from pathlib import Path

import pytest

from tests.deploy import machine
from tests.deploy.containers import run
from tests.deploy.needs import DEPLOY, need
from tests.support import TINY_REPO
from wyoming_hayakoe.cli.options.table import SERVING

UNIT = "wyoming-hayakoe.service"
UNITS = [UNIT, "linux-voice-assistant.service"]


@pytest.fixture
def installed(tmp_path):
    """Copies of the units that start a program which is there."""
    need("systemd-analyze")
    for unit in UNITS:
        text = (DEPLOY / unit).read_text()
        (tmp_path / unit).write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    return tmp_path


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_it(installed, unit):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", installed / unit], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert unit not in done.stderr


def test_it_may_do_little(installed):
    # In tenths; systemd calls up to 2.0 OK, where hardly anything comes.
    found = run("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", installed / UNIT)
    assert "Overall exposure level" in found


def test_its_variables_are_options():
    text = (DEPLOY / UNIT).read_text()
    named = set(re.findall(r"HAYAKOE_\w+", text))
    assert named <= {option.variable for option in SERVING}
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read_string(text)
    assert unit["Service"]["Type"] == "notify"
    assert "WatchdogSec" in unit["Service"]


@pytest.fixture
def root(tmp_path):
    need(*machine.TOOLS, root=True, heavy=True)
    return machine.unpack(tmp_path)


def seconds(path: Path) -> float:
    with wave.open(str(path)) as sound:
        return sound.getnframes() / sound.getframerate()


def test_systemd_starts_it_and_starts_it_again(root, tmp_path):
    run("cp", "--recursive", TINY_REPO, root / "srv/voices")
    (root / "etc/default/wyoming-hayakoe").write_text("HAYAKOE_VOICE=rand-jp=/srv/voices\nHAYAKOE_OFFLINE=1\n")
    machine.install(root, UNIT, "[Service]\nWatchdogSec=5s\n")
    with machine.booted(root) as booted:
        # Until it has told that it is ready, it is `activating`.
        booted.until(UNIT, "ActiveState", "active")
        machine.assert_unprivileged(booted, UNIT)
        booted.say("こんにちは。", target := tmp_path / "hello.wav", "--voice", "mei")
        assert seconds(target) > 0.5

        # Neural voices compute, and are prepared, within what the unit allows.
        booted.until_logged(UNIT, "voices: rand-jp")
        booted.say("こんにちは。", target, "--voice", "rand-jp")
        assert seconds(target) > 0.2
        compiled = root / "var/lib/private/wyoming-hayakoe/compiled"
        assert list(compiled.glob("rand-jp-*/report.json"))
        assert "Traceback" not in booted.journal(UNIT)

        # What hangs is killed by the watchdog and started again.
        hung = booted.shows(UNIT, "MainPID")
        booted.systemctl("kill", "--kill-whom=main", "--signal=SIGSTOP", UNIT)
        booted.until(UNIT, "NRestarts", "1")
        booted.until(UNIT, "ActiveState", "active")
        assert booted.shows(UNIT, "MainPID") != hung
        booted.say("はい。", target)

        booted.systemctl("stop", UNIT)
        assert booted.shows(UNIT, "ActiveState") == "inactive"
        assert booted.shows(UNIT, "Result") == "success"
