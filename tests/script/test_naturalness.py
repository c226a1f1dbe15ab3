"""`script/bench naturalness`: what models of listeners think of ways of speaking."""

import numpy as np
import pytest

from script.bench_peer import __main__ as bench_peer
from script.bench_peer import naturalness
from script.trained import nisqa, packages
from tests.publish.shared import peer_python
from wyoming_hayakoe.cli import run_command
from wyoming_hayakoe.engine.prepare import rehearsal
from wyoming_hayakoe.text.sentences import split

RATE = 24_000


def tone(hertz=1000.0, seconds=0.5, amplitude=0.5, rate=RATE):
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def test_the_sentences_are_single_ones_and_none_of_the_preparation():
    assert len(naturalness.SENTENCES) == len(set(naturalness.SENTENCES)) == 20
    assert all(list(split(each)) == [each] for each in naturalness.SENTENCES)
    assert not {*naturalness.SENTENCES} & {*rehearsal.CALIBRATION, *rehearsal.HELD_OUT}


def test_sounds_are_brought_to_one_level_and_one_silence():
    quiet = np.concatenate([np.zeros(20_000), tone(amplitude=0.01), np.zeros(99)]).astype(np.float32)
    sound, rate = naturalness.even(quiet, RATE)
    loud, _ = naturalness.even(tone(amplitude=0.9), RATE)
    assert rate == RATE
    assert abs(len(sound) - len(loud)) < 50
    assert len(sound) / RATE == pytest.approx(0.7, abs=0.01)
    speech = sound[np.abs(sound) > 0.001]
    assert 10 * np.log10(np.square(speech).mean()) == pytest.approx(-23, abs=0.1)


def test_a_sound_of_high_peaks_is_not_clipped():
    click = np.concatenate([tone(amplitude=0.02, seconds=2), [1.0], tone(amplitude=0.02, seconds=2)]).astype(np.float32)
    sound, _ = naturalness.even(click, RATE)
    assert np.abs(sound).max() == pytest.approx(1.0)


def test_ways_are_compared_sentence_by_sentence():
    """The judge thinks of a sound what its first sample is."""
    spoken = {
        naturalness.PUBLISHED: [(np.array([value]), RATE) for value in (3.0, 4.0, 5.0)],
        naturalness.OURS: [(np.array([value]), RATE) for value in (3.5, 4.5, 5.5)],
    }
    found = naturalness.opinions(spoken, {"judge": lambda sound, _: float(sound[0])})
    assert {each.what: each.value for each in found} == {
        "judge: published": 4.0,
        "judge: with word accent": 4.5,
        "judge: with word accent less published": 0.5,
    }
    assert found[-1].goal == "± 0.00, 3 sentences"


def test_a_tone_is_in_its_band_and_silence_80_decibels_below():
    silence = np.zeros(RATE // 2, dtype=np.float32)
    spectrum = nisqa.decibels(np.concatenate([tone(), silence]), RATE)
    assert spectrum.shape == (48, 101)
    assert spectrum.max() - spectrum.min() == pytest.approx(80, abs=1e-4)
    # 48 bands up to 8 kHz, by Slaney's scale: 1 kHz is mel 15 of 45.2.
    assert abs(int(spectrum[:, 25].argmax()) - 15.0 / 45.25 * 49 + 1) <= 1
    assert nisqa.decibels(tone(rate=48_000), 48_000).shape == (48, 51)


def test_other_weights_are_refused(tmp_path):
    file = tmp_path / "nisqa.tar"
    file.write_bytes(b"\x80\x02cos\nsystem\n")
    with pytest.raises(nisqa.UsageError, match=r"is not the nisqa_tts\.tar"):
        nisqa.Listener(file)
    with pytest.raises(nisqa.UsageError, match="cannot be read"):
        nisqa.Listener(tmp_path / "nowhere")


def test_the_network_is_as_its_weights_are(monkeypatch, tmp_path):
    """With weights of 0, what is left of the network is its last bias."""
    peer_python()
    packages.let_import("torch")
    import torch

    widths = [1, 16, 32, 64, 64, 64, 64]
    weights = {"cnn.model.fc_out": (20, 768), "pool.model.linear": (1, 256)}
    state = {}
    for depth in range(1, 7):
        weights[f"cnn.model.conv{depth}"] = (widths[depth], widths[depth - 1], 3, 3)
        state |= {f"cnn.model.bn{depth}.{name}": torch.ones(widths[depth]) for name in ("weight", "bias")}
        state |= {f"cnn.model.bn{depth}.running_{name}": torch.ones(widths[depth]) for name in ("mean", "var")}
    for name, shape in weights.items():
        state |= {f"{name}.weight": torch.zeros(shape), f"{name}.bias": torch.zeros(shape[0])}
    for suffix in ("l0", "l0_reverse"):
        shapes = {"weight_ih": (512, 20), "weight_hh": (512, 128), "bias_ih": (512,), "bias_hh": (512,)}
        state |= {f"time_dependency.model.lstm.{name}_{suffix}": torch.zeros(shape) for name, shape in shapes.items()}
    state["pool.model.linear.bias"] = torch.tensor([3.5])
    file = tmp_path / "nisqa_tts.tar"
    torch.save({"model_state_dict": state}, file)
    monkeypatch.setattr(nisqa, "SHA256", nisqa.hashlib.sha256(file.read_bytes()).hexdigest())
    listener = nisqa.Listener(file)
    assert listener.opinion(tone(), RATE) == pytest.approx(3.5)
    with pytest.raises(ValueError, match="too few"):
        listener.opinion(tone(seconds=0.1), RATE)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--voice", "mei"], "mei is no voice of Kokoro's"), (["--nisqa", "/nowhere"], "/nowhere: cannot be read")],
)
def test_bad_usage_is_one_line(capsys, arguments, words):
    assert run_command(bench_peer, "script/bench", ["naturalness", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_judges_that_are_not_there_are_named(capsys, monkeypatch):
    def no_package(name):
        raise FileNotFoundError(f"{name} is not installed: run script/peer")

    monkeypatch.setattr(naturalness, "folder_of", no_package)
    monkeypatch.setattr(naturalness, "let_import", no_package)
    assert naturalness._judges(None) == {}
    assert naturalness._damage([], []) == []
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" is left out")[0] for line in lines] == ["DNSMOS", "NISQA-TTS", "PESQ"]
