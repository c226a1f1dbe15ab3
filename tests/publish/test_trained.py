"""Trained networks as fixtures: what they are must hold, or nothing that is judged by them does."""

import json
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
import soxr

from tests.loud import lufs
from tests.publish.shared import peer_python, run_peer
from tests.support import FRONT_END
from tests.trained import NAME, trained_repository
from wyoming_hayakoe import TTS
from wyoming_hayakoe.engine.graphs.cutting import AUDIO, LATENT, cut
from wyoming_hayakoe.engine.loudness import TARGET_LUFS
from wyoming_hayakoe.engine.piper.network import PIPER
from wyoming_hayakoe.engine.prepare.calibrate import calibrate
from wyoming_hayakoe.engine.prepare.convolutions import convolutions
from wyoming_hayakoe.engine.prepare.grids import Grids, Integers
from wyoming_hayakoe.engine.prepare.int8_trial import Trial
from wyoming_hayakoe.engine.prepare.quality import compare, refusal
from wyoming_hayakoe.engine.prepare.quantize import Form, quantize
from wyoming_hayakoe.engine.prepare.rehearsal import CALIBRATION, HELD_OUT
from wyoming_hayakoe.engine.runtime.session import Session
from wyoming_hayakoe.engine.vits.stages import decode, turn
from wyoming_hayakoe.engine.vits.synthesizer import Synthesizer
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Delivery

RATE = 22_050
SILENT = 10 ** (-65 / 20)


@pytest.fixture(scope="module")
def peer_packages():
    """Packages of the peer behind our own, for this process."""
    (packages,) = (peer_python().parents[1] / "lib").glob("python3*/site-packages")
    sys.path.append(str(packages))
    yield
    sys.path.remove(str(packages))


@pytest.fixture(scope="module")
def trained():
    repository = trained_repository()
    # Kept with the repository, for the same state of the sources. Nothing is compiled: that takes 20 s of computing,
    # and is held on voices that are smaller.
    tts = TTS(cache_dir=repository / "data", precision="fp32", compiled=False)
    return tts.load(NAME, repository.as_uri()).speakers[NAME].voice


def said(voice, text, **params):
    windows = voice.speak(FRONT_END.read(text), SynthesisParams(seed=0, **params), Delivery(undivided=True, raw=True))
    return np.concatenate(list(windows.windows))


def test_the_trained_voice_is_as_loud_as_all_voices(trained):
    assert lufs(Speaker(trained, FRONT_END)) == pytest.approx(TARGET_LUFS, abs=1.0)


def levels(sound, block=256):
    return np.sqrt(np.square(sound[: len(sound) // block * block].reshape(-1, block)).mean(axis=1))


def spoken_by_mei(voice, text):
    sound = np.concatenate(list(voice.speak(FRONT_END.read(text), SynthesisParams()).windows))
    return soxr.resample(sound, voice.sample_rate, RATE)


def test_the_decoder_speaks_a_mel_spectrum_as_the_generator_of_its_weights_does(voice, tmp_path):
    np.save(tmp_path / "sound.npy", spoken_by_mei(voice, "雨です。"))
    run_peer(Path(__file__).with_name("generator.py"), tmp_path)
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["difference"] < 1e-4 * figures["peak"]
    assert figures["peak"] > 0.1
    # Nepers: what it speaks has the spectrum that it is given, and silence is silence at once.
    assert figures["spectrum"] < 0.5
    assert figures["silence"] < SILENT


def test_the_trained_voice_speaks_at_a_level_and_a_pace_of_speech_with_silence_in_its_pauses(trained, voice):
    sound = said(trained, HELD_OUT[1])
    blocks = levels(sound)
    assert 0.02 < sound.std() < 0.2
    assert 0.1 < (blocks < SILENT).mean() < 0.5
    assert np.quantile(blocks, 0.9) > 100 * np.quantile(blocks, 0.1)
    assert 0.6 < len(sound) / len(spoken_by_mei(voice, HELD_OUT[1])) < 1.6


def test_listeners_take_the_trained_voice_for_speech_and_noise_for_none(trained, peer_packages):
    from script.trained.ears import dnsmos

    noise = 0.1 * np.random.default_rng(0).standard_normal(5 * RATE)
    assert dnsmos(noise, RATE) < 1.3
    assert dnsmos(np.concatenate([said(trained, text) for text in HELD_OUT[:2]]), RATE) > 1.8


def test_pesq_falls_with_noise(voice, peer_packages):
    from script.trained.ears import pesq

    sound = spoken_by_mei(voice, HELD_OUT[1])
    noise = sound.std() * np.random.default_rng(0).standard_normal(len(sound))
    assert pesq(sound, sound, RATE) > 4.6
    assert 4 > pesq(sound, sound + 0.01 * noise, RATE) > pesq(sound, sound + 0.1 * noise, RATE) + 0.5


@pytest.fixture(scope="module")
def joe(peer_packages):
    """Piper's voice joe: a trained network that is published."""
    from script.trained import joe

    return joe


def test_joe_speaks_in_stages(joe):
    from script.trained.ears import dnsmos

    stages, rehearsal, unheard = joe.trained_joe()
    assert (stages.hop, stages.reach, joe.SAMPLE_RATE) == (256, 11, RATE)
    assert len(rehearsal.calibration["flow"]) == len(rehearsal.calibration["decoder"]) == len(joe.CALIBRATION)
    assert (len(rehearsal.held_out), len(unheard)) == (len(joe.HELD_OUT), len(joe.UNHEARD))
    texts = [*joe.CALIBRATION, *joe.HELD_OUT, *joe.UNHEARD]
    assert len(set(texts)) == len(texts)
    flow, decoder = (Session(graph, rehearsal.origin) for graph in (stages.flow, stages.decoder))
    assert dnsmos(decode(decoder, turn(flow, rehearsal.held_out[0]), {}), RATE) > 2.8


def test_joe_in_windows_and_stages_is_what_is_published(joe):
    path, inputs = joe.joe_file(".onnx"), joe.inputs(joe.UNHEARD[0])
    network = Synthesizer(PIPER, path, sample_rate=RATE)
    still, seeded = SynthesisParams(noise=0.0, noise_w=0.0), SynthesisParams(seed=3)
    whole = Session(path, path)
    (expected,) = whole.run(whole.outputs, inputs.feeds(still))
    (found,) = network.speak(inputs, still, undivided=True).windows
    assert np.abs(found - expected.reshape(-1)).max() < 1e-5
    windows = list(network.speak(inputs, seeded).windows)
    (undivided,) = network.speak(inputs, seeded, undivided=True).windows
    assert len(windows) > 1
    assert len(windows[0]) < 0.2 * RATE < 0.2 * len(undivided)
    divided = np.concatenate(windows)
    assert np.abs(np.round(32767 * divided) - np.round(32767 * undivided)).max() <= 1


def test_int8_is_heard_in_the_last_stage_of_joe_and_not_before(joe):
    stages, found, _ = joe.trained_joe()
    calibration = {name: feeds[:3] for name, feeds in found.calibration.items()}
    trial = Trial(stages.graphs, replace(found, calibration=calibration, held_out=found.held_out[:1]))
    first = {name: Form.PRODUCT for name in trial.groups if name.startswith("decoder 1")}
    last = {name: Form.PRODUCT for name in trial.groups if name.startswith("decoder 3")}
    assert len(first) == len(last) == 3
    assert refusal(trial.together({"flow": Form.CHANNEL, **first})) is None
    assert "noise to mask" in refusal(trial.together(last))


@pytest.fixture(scope="module")
def decoder():
    """The convolutions of the trained decoder, and what compares it in some forms with fp32, in a speaker's speech."""
    from script.trained import speakers
    from script.trained.speakers import SPEAKERS, latent

    place = trained_repository() / "onnx" / "speakers" / NAME
    model = cut(onnx.load(place / "synthesizer.onnx")).decoder

    def feeds(speak, text):
        return {LATENT: latent(speak(text), place), "sid": np.zeros(1, dtype=np.int64)}

    learnt = [feeds(speak, CALIBRATION[1]) for speak in SPEAKERS]
    origin = place / "synthesizer.onnx"
    grids = Grids(
        model, calibrate(model, convolutions(model), learnt, origin), Integers(signed=False, greatest_weight=63)
    )

    def spoken(graph, sentence):
        return Session(graph, origin).run([AUDIO], sentence)[0].reshape(-1)

    @cache
    def in_fp32(name):
        sentence = feeds(getattr(speakers, name), HELD_OUT[0])
        return sentence, spoken(model, sentence)

    def compared(name, forms):
        """Return the quality of the decoder in these forms, in a sentence as a speaker says it."""
        sentence, expected = in_fp32(name)
        return compare(expected, spoken(quantize(model, forms, grids), sentence), RATE)

    return convolutions(model), compared


@pytest.mark.parametrize("name", ["mei", "kokoro"])
@pytest.mark.parametrize("form", [Form.CHANNEL, Form.PRODUCT])
def test_int8_before_the_last_stage_cannot_be_heard_in_real_speech(decoder, name, form):
    fit, compared = decoder
    last = max(each.depth for each in fit.values())
    found = compared(name, {output: form for output, each in fit.items() if each.depth < last})
    assert refusal(found) is None
    # The ratio of signal to noise would refuse it.
    assert found.snr < 30


@pytest.mark.parametrize("name", ["mei", "kokoro"])
def test_int8_in_the_last_stage_can_be_heard(decoder, name):
    fit, compared = decoder
    assert "noise to mask" in refusal(compared(name, dict.fromkeys(fit, Form.TENSOR)))
