"""Beside HayaKoe 1.3.1: its network on the same weights, and its runtime on the same repository."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.publish.conftest import MAKER
from tests.publish.shared import run_peer
from tests.support import FRONT_END
from wyoming_hayakoe import TTS
from wyoming_hayakoe.engine.jp_extra.bert import Bert
from wyoming_hayakoe.engine.jp_extra.parts import counts_with_blanks, with_blanks
from wyoming_hayakoe.symbols import language_ids, phone_ids, tone_ids
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Delivery

STILL = SynthesisParams(noise=0.0, noise_w=0.0, sdp_ratio=0.0, seed=0)
CASES = [
    ("こんにちは。", STILL),
    ("明日は全国的に晴れて、気温が上がるでしょう。", replace(STILL, style="Happy", style_weight=1.4, speed=0.9)),
    ("エアコンの設定温度を、二十六度に変更しました！", replace(STILL, style="Sad", speed=1.3, speaker_id=1)),
]
LIVELY = ("照明をつけました。", SynthesisParams())
RUNS = 100
# Both read these alike; where they do not, pauses differ with the reading.
TEXTS = [
    ["こんにちは。", "今日は晴れです。"],
    ["元気ですか？", "はい、元気です！"],
    ["雨です！", "傘をどうぞ。"],
]


@pytest.fixture(scope="module")
def voice(tiny_repository, tmp_path_factory):
    tts = TTS(cache_dir=tmp_path_factory.mktemp("data"), precision="fp32")
    return tts.load("rand-jp", tiny_repository.as_uri()).speakers["rand-jp"].voice


@pytest.fixture(scope="module")
def peers(tiny_repository, tmp_path_factory):
    """Return what the peer makes of all cases."""
    folder = tmp_path_factory.mktemp("peer")
    sentences = [(*case, 1) for case in CASES] + [(*LIVELY, RUNS)]
    described = [describe(FRONT_END.read(text), params, runs) for text, params, runs in sentences]
    (folder / "cases.json").write_text(json.dumps({"sentences": described, "texts": TEXTS}), encoding="utf-8")
    run_peer(Path(__file__).with_name("peer.py"), "speak", folder, tiny_repository)
    with np.load(folder / "results.npz") as results:
        return dict(results)


def describe(utterance, params, runs):
    phones = phone_ids(utterance.phones)
    return {
        "bert_text": utterance.bert_text,
        "phones": with_blanks(phones),
        "tones": with_blanks(tone_ids(utterance.tones)),
        "languages": with_blanks(language_ids(len(phones))),
        "word2ph": counts_with_blanks(utterance.word2ph),
        "style": params.style or "Neutral",
        "style_weight": params.style_weight,
        "speed": params.speed,
        "sid": params.speaker_id,
        "sdp_ratio": params.sdp_ratio,
        "noise": params.noise,
        "noise_w": params.noise_w,
        "runs": runs,
    }


def durations_of(speech, hop=512):
    assert speech.timings is not None
    return np.array([round(timing.duration * 44100 / hop) for timing in speech.timings])


def test_every_stage_of_the_network_is_the_peers(tmp_path):
    run_peer(Path(__file__).with_name("peer.py"), "network", tmp_path)
    for found in json.loads((tmp_path / "differences.json").read_text(encoding="utf-8")):
        assert max(found["stages"].values()) < 1e-5, found


def test_checkpoints_load_or_are_one_line_that_says_why_not(tmp_path):
    # HayaKoe builds no flow of as few layers as the tiny one has.
    run_peer(MAKER, "--size", "small", "--checkpoint-only", tmp_path / "repository")
    results = tmp_path / "results"
    results.mkdir()
    run_peer(Path(__file__).with_name("peer.py"), "checkpoints", results, tmp_path / "repository")
    said = json.loads((results / "said.json").read_text(encoding="utf-8"))
    assert (said["whole"], said["training"], said["hayakoe"]) == ("loaded", "loaded", "loaded")
    for kind, words in (
        ("lacking", "lacks weights (emb_g.weight)"),
        ("strange", "has unknown weights (other.weight)"),
        ("narrow", "emb_g.weight"),
        ("narrow", "config.json must be the one of its training"),
        ("code", "not a .safetensors file: other checkpoints can run code"),
        ("cut", "cannot be read"),
    ):
        assert words in said[kind]
        assert "\n" not in said[kind]


@pytest.mark.parametrize("index", range(len(CASES)))
@pytest.mark.parametrize("undivided", [False, True])
def test_without_noise_the_sound_is_the_peers(voice, peers, index, undivided):
    text, params = CASES[index]
    speech = voice.speak(FRONT_END.read(text), params, Delivery(undivided=undivided, raw=True))
    sound = np.concatenate(list(speech.windows))
    expected = peers[f"sound{index}"]
    assert np.array_equal(durations_of(speech), peers[f"durations{index}_0"])
    assert len(sound) == len(expected)
    assert np.abs(sound - expected).max() < 1e-4 * np.abs(expected).max()


def test_with_noise_durations_and_levels_are_distributed_as_the_peers(voice, peers):
    text, params = LIVELY
    utterance = FRONT_END.read(text)
    ours = [
        voice.speak(utterance, replace(params, seed=seed), Delivery(undivided=True, raw=True)) for seed in range(RUNS)
    ]
    sounds = [np.concatenate(list(speech.windows)) for speech in ours]
    durations = np.array([durations_of(speech).sum() for speech in ours])
    levels = np.array([np.sqrt(np.square(sound).mean()) for sound in sounds])
    their_durations = np.array([peers[f"durations{len(CASES)}_{run}"].sum() for run in range(RUNS)])
    their_levels = np.array([peers[f"level{len(CASES)}_{run}"] for run in range(RUNS)])
    for found, expected in ((durations, their_durations), (levels, their_levels)):
        # Four standard errors of a mean, and of a standard deviation.
        assert abs(found.mean() - expected.mean()) < 4 * np.hypot(found.std(), expected.std()) / np.sqrt(RUNS)
        assert 0.65 < found.std() / expected.std() < 1.5


@pytest.mark.parametrize("index", range(len(CASES)))
def test_features_are_those_that_the_peers_tokenizer_and_runtime_give(tiny_repository, peers, index):
    home = tiny_repository
    bert = Bert(home / "onnx" / "bert" / "q8" / "bert_q8.onnx", home / "bert" / "tokenizer")
    (features,) = bert.features([FRONT_END.read(CASES[index][0]).bert_text])
    assert np.allclose(features, peers[f"features{index}"], atol=1e-5)


@pytest.mark.parametrize("index", range(len(TEXTS)))
def test_pauses_between_two_sentences_are_the_peers(voice, peers, index):
    before, after = map(FRONT_END.read, TEXTS[index])
    frame = 512 / 44100
    (expected,) = peers[f"pauses{index}"]
    assert abs(voice.pause(before, after, STILL) - max(0.08, expected)) <= 1.001 * frame
