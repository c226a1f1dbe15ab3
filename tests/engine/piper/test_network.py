"""Piper's network of every layout: whole, in stages, and in windows."""

import logging
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.piper.layouts import LAYOUTS, MULTI_BAND, files_of, sentence
from tests.uncuttable import make_uncuttable
from wyoming_hayakoe.engine.piper.inputs import random_inputs
from wyoming_hayakoe.engine.piper.network import PIPER
from wyoming_hayakoe.engine.vits.synthesizer import Synthesizer
from wyoming_hayakoe.utterance import SynthesisParams

STILL = SynthesisParams(noise=0.0, noise_w=0.0, seed=1)
SEEDED = SynthesisParams(seed=1)


@pytest.fixture(scope="module")
def networks():
    return {layout: Synthesizer(PIPER, files_of(layout).model, sample_rate=22_050) for layout in LAYOUTS}


def sound(network, inputs, params, **how):
    return np.concatenate(list(network.speak(inputs, params, **how).windows))


def pcm(samples):
    return np.round(samples * 32767).astype(np.int64)


def differ(one, other):
    return len(one) != len(other) or not np.allclose(one, other)


def uncut(path, inputs, params):
    """Return the sound of the published graph, and its durations where it tells them."""
    whole = onnxruntime.InferenceSession(path)
    feeds = inputs.feeds(params)
    found = whole.run(None, {value.name: feeds[value.name] for value in whole.get_inputs()})
    return [each.reshape(-1) for each in found]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_stages_together_are_the_published_graph(networks, layout):
    model = files_of(layout).model
    inputs = random_inputs(onnx.load(model).graph, 40)
    expected, *durations = uncut(model, inputs, STILL)
    spoken = networks[layout].speak(inputs, STILL)
    found = np.concatenate(list(spoken.windows))
    assert np.abs(found - expected).max() < 1e-5
    if durations:
        assert np.array_equal(spoken.durations, np.ceil(durations[0]))


@given(st.sampled_from(LAYOUTS), st.integers(1, 150), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_windows_are_the_undivided_sound_to_one_bit(networks, layout, count, seed):
    inputs, params = (
        replace(random_inputs(onnx.GraphProto(), count), ids=np.arange(count) % 20),
        SynthesisParams(seed=seed),
    )
    unheard = seed % 3
    divided, undivided = (
        sound(networks[layout], inputs, params, undivided=how, unheard=unheard) for how in (False, True)
    )
    assert len(divided) == len(undivided)
    assert np.abs(pcm(divided) - pcm(undivided)).max() <= 1


@pytest.mark.parametrize("layout", ["piper-2023", "piper-plus"])
def test_a_seed_decides_the_sound(networks, layout):
    inputs = sentence(layout)
    first, again, other = (sound(networks[layout], inputs, SynthesisParams(seed=seed)) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert differ(first, other)


def test_every_parameter_counts(networks):
    inputs, network = sentence("piper-2023"), networks["piper-2023"]
    usual = sound(network, inputs, SEEDED)
    for change in ({"speed": 1.5}, {"noise": 0.1}, {"noise_w": 0.1}):
        assert differ(sound(network, inputs, replace(SEEDED, **change)), usual), change
    own = replace(inputs, scales=(0.5, 1.5, 0.5))
    assert differ(sound(network, own, SEEDED), usual)


def test_usual_parameters_are_the_voices_own_scales():
    inputs = sentence("piper-2023")
    assert inputs.feeds(SynthesisParams())["scales"].tolist() == pytest.approx([0.667, 1.0, 0.8])
    params = SynthesisParams(noise=0.3, noise_w=0.4, speed=2.0)
    assert inputs.feeds(params)["scales"].tolist() == pytest.approx([0.667 / 2, 2.0, 0.4])


@pytest.mark.parametrize("layout", ["piper-2023-speakers", "piper-plus-mask"])
def test_speakers_differ(networks, layout):
    one, other = (sound(networks[layout], sentence(layout, speaker=speaker), SEEDED) for speaker in (0, 1))
    assert differ(one, other)


def test_languages_and_prosody_act(networks):
    inputs, network = sentence("piper-plus"), networks["piper-plus"]
    usual = sound(network, inputs, SEEDED)
    assert differ(sound(network, replace(inputs, language=1), SEEDED), usual)
    assert differ(sound(network, replace(inputs, prosody=inputs.prosody + 3), SEEDED), usual)


def test_phones_at_the_end_are_computed_and_not_heard(networks):
    layout = MULTI_BAND[0]
    inputs = sentence(layout)
    whole, cut = (networks[layout].speak(inputs, SEEDED, undivided=True, unheard=count) for count in (0, 1))
    assert np.array_equal(cut.durations[:-1], whole.durations[:-1])
    assert cut.durations[-1] == 0 < whole.durations[-1]
    (all_of_it,), (heard,) = whole.windows, cut.windows
    assert len(heard) == 256 * cut.durations.sum()
    assert np.array_equal(heard, all_of_it[: len(heard)])
    assert len(sound(networks[layout], inputs, SEEDED, unheard=10**6)) == len(all_of_it)


@pytest.fixture(scope="module")
def uncuttable(tmp_path_factory):
    """Return a graph whose decoder has an operator that is not understood, and changes nothing."""
    model = onnx.load(files_of("piper-plus").model)
    make_uncuttable(model)
    path = tmp_path_factory.mktemp("uncuttable") / "voice.onnx"
    onnx.save(model, path)
    return path


def test_a_graph_that_cannot_be_cut_speaks_whole(uncuttable, networks, caplog):
    with caplog.at_level(logging.WARNING):
        network = Synthesizer(PIPER, uncuttable)
    assert len(caplog.records) == 1
    assert "sentence by sentence only: the decoder has a Tile that is not understood" in caplog.text
    inputs = sentence("piper-plus")
    for unheard in (0, 1):
        expected = networks["piper-plus"].speak(inputs, STILL, undivided=True, unheard=unheard)
        spoken = network.speak(inputs, STILL, unheard=unheard)
        assert np.array_equal(spoken.durations, expected.durations)
        assert np.allclose(*(np.concatenate(list(each.windows)) for each in (spoken, expected)), atol=1e-5)
