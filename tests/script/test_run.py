"""script/run: the program in a checkout, with the page."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "script" / "run"


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose setup does nothing, and whose program prints where it would serve the page."""
    (tmp_path / "script").mkdir()
    shutil.copy(SCRIPT, tmp_path / "script" / "run")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name, line in (("script/setup", ":"), (".venv/bin/python", 'echo "$HAYAKOE_HTTP $*"')):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "served"),
    [(None, "tcp://127.0.0.1:10201"), ("tcp://0.0.0.0:80", "tcp://0.0.0.0:80"), ("", "")],
)
def test_it_serves_the_page_to_this_machine_unless_told_otherwise(checkout, given, served):
    environment = {name: value for name, value in os.environ.items() if name != "HAYAKOE_HTTP"}
    if given is not None:
        environment["HAYAKOE_HTTP"] = given
    done = subprocess.run(
        [checkout / "script" / "run", "--voice", "mei"], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{served} -m wyoming_hayakoe --voice mei\n"
