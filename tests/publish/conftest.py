import io
import signal
import subprocess
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.publish.shared import CHECKOUT, made_once, run_peer
from tests.sources.conftest import bucket, environment, hub, s3_server  # noqa: F401 - fixtures here as well
from tests.support import TINY_REPO, clean_environment, command

MAKER = CHECKOUT / "script" / "make_test_repo"
SPEAKER = TINY_REPO / "onnx" / "speakers" / "rand-jp"


@dataclass(frozen=True)
class Ran:
    """A command line that has ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(scope="session")
def tiny_repository(tmp_path_factory):
    """A tiny repository that was made in this run, with its checkpoint."""
    return made_once(tmp_path_factory, "tiny", lambda folder: run_peer(MAKER, "--size", "tiny", folder))


def given(*arguments, folder=SPEAKER, name="anna", bert_source=TINY_REPO):
    return ["publish", str(folder), "--name", name, "--bert-source", str(bert_source), *arguments]


@pytest.fixture
def start_publish(tmp_path):
    """Starts to publish the tiny voice as anna, in a process of its own."""
    started = []

    def start(*arguments, **variables):
        started.append(
            subprocess.Popen(
                command(*given(*arguments)),
                cwd=tmp_path,
                env=clean_environment(**{"PYTHONPATH": str(CHECKOUT)} | variables),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                # Where the tests run in the background of a shell, Ctrl-C is ignored, also by what they start.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it sets a signal only
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def publish(tmp_path, monkeypatch, capsys):
    """Publishes it in this process, and verifies in it too: a process of Python and its imports take 3 CPU seconds."""
    from wyoming_hayakoe.cli import main
    from wyoming_hayakoe.publish import verify

    def verify_here(arguments, **_):
        said = io.StringIO()
        with redirect_stderr(said):
            code = verify.main(arguments[3:])
        return SimpleNamespace(returncode=code, stderr=said.getvalue())

    monkeypatch.setattr(verify, "subprocess", SimpleNamespace(run=verify_here))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.chdir(tmp_path)
    for variable, value in clean_environment(HAYAKOE_DATA_DIR=str(tmp_path / "data")).items():
        monkeypatch.setenv(variable, value)

    def run(
        *arguments: str, folder: Path = SPEAKER, name: str = "anna", bert_source=TINY_REPO, **variables: str
    ) -> Ran:
        with monkeypatch.context() as changed:
            for variable, value in variables.items():
                changed.setenv(variable, value)
            code = main(given(*arguments, folder=folder, name=name, bert_source=bert_source))
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def publish_unheard(publish, monkeypatch):
    """Publishes it without computing its proofs, which takes two CPU seconds: for tests of what is uploaded."""
    from wyoming_hayakoe.publish import verify

    rate = 44100
    hum = (0.1 * np.sin(2 * np.pi * 220 / rate * np.arange(rate))).astype(np.float32)
    monkeypatch.setattr(verify, "_speak", lambda *_: (SimpleNamespace(sample_rate=rate), hum))
    return publish
