"""`script/bench`: the program's own measurements, and the comparison with the peer."""

import numpy as np
import pytest

from script.bench_peer import __main__ as bench_peer
from script.bench_peer.chart import draw
from tests.voices import paced
from wyoming_hayakoe.audio import Audio
from wyoming_hayakoe.cli import run_command
from wyoming_hayakoe.cli.bench import engine, worker
from wyoming_hayakoe.cli.bench.figures import Comparison
from wyoming_hayakoe.engine.prepare.reports import write_report


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["engine"], "--voice: is missing"),
        (["engine", "--chart", "x.png"], "add --against peer"),
        (["text", "--against", "peer"], "engine"),
        (["engine", "--against", "nobody"], "nobody"),
    ],
)
def test_bad_usage_is_one_line(capsys, arguments, words):
    assert run_command(bench_peer, "script/bench", arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_without_a_peer_it_says_how_to_install_one(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(bench_peer, "PEER", tmp_path / "python")
    assert run_command(bench_peer, "script/bench", ["engine", "--against", "peer", "--voice", "a=/b"]) == 2
    assert "run script/peer" in capsys.readouterr().err


def test_every_figure_but_the_second_voice_has_its_goal_and_ratio(capsys, monkeypatch, tmp_path):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(bench_peer, "PEER", tmp_path)
    whats = [*bench_peer.GOALS, "a second voice takes"]

    def measure(voice, libraries):
        assert list(libraries) == ["int8", "peer"]
        assert libraries["peer"].module == "hayakoe"
        return [Comparison(what, "ms", {"int8": 2.0, "peer": 9.0}) for what in whats]

    monkeypatch.setattr(bench_peer, "measure", measure)
    chart = tmp_path / "chart.png"
    arguments = ["engine", "--against", "peer", "--voice", "a=/b", "--precision", "int8", "--chart", str(chart)]
    assert run_command(bench_peer, "script/bench", arguments) == 0
    rows = capsys.readouterr().out.splitlines()
    assert all("peer/int8 4.50" in row for row in rows)
    assert sum("(goal " in row for row in rows) == len(bench_peer.GOALS)
    assert chart.stat().st_size > 1000
    draw([Comparison("x", "ms", {"int8": 1.0, "peer": 2.0}, "peer")], "a voice", chart)


def test_streams_are_measured_to_their_first_and_to_their_last_window():
    spoken = []

    class Speaker:
        def stream(self, text, **params):
            for number in range(3):
                spoken.append(number)
                yield Audio(24_000, np.zeros(6000, dtype=np.int16))

        def generate(self, text, **params):
            spoken.append(text)
            return Audio(24_000, np.zeros(24_000, dtype=np.int16))

    windows, sounds = {}, {}
    for kind in ("first", "streamed", "whole"):
        spoken.clear()
        wall, computing, sounds[kind] = worker._measure(Speaker(), kind, "all")
        assert min(wall, computing) >= 0
        windows[kind] = list(spoken)
    assert windows == {"first": [0], "streamed": [0, 1, 2], "whole": ["all"]}
    assert sounds == {"first": 0.25, "streamed": 0.75, "whole": 1.0}


def test_the_table_says_what_was_prepared_of_the_voice(tmp_path):
    plans = [{"share": 0.4, "noise_to_mask": -11.0, "refused": "x"}, {"share": 0.3, "noise_to_mask": -13.0}]
    for precision, chosen in (("fp32", "fp32"), ("int8", "int8")):
        choice = {"chosen": chosen, "plans": plans if chosen == "int8" else []}
        folder = tmp_path / "compiled" / precision
        folder.mkdir(parents=True)
        pace = paced(0.2) if chosen == "int8" else {}
        write_report(folder, {"files": {}, "options": {"precision": precision}, "choice": choice, **pace})
    bert = tmp_path / "compiled" / "bert"
    bert.mkdir()
    write_report(bert, {"files": {}, "options": {"bits": 8}})
    libraries = {**engine.in_precisions(engine.PRECISIONS), "peer": engine.Library("hayakoe")}
    assert engine._forms("a", libraries, tmp_path) == [
        Comparison("a: arithmetic in int8", "%", {"fp32": 0.0, "int8": 30.0}),
        Comparison("a: noise to mask", "dB", {"int8": -13.0}),
        Comparison("a: first audio of 2 s, by its pace", "ms", {"int8": pytest.approx(400)}),
        Comparison("a: frames computed for 100 spoken in 2 s", "", {"int8": pytest.approx(106)}),
    ]
