import numpy as np
import pytest
import pyworld
import soxr

from script.trained.mel import BANDS, HOP, SAMPLE_RATE, SILENCE, mel_spectrum
from script.trained.speech import PITCH, align, best_path, monotone, speak
from tests.support import FRONT_END
from wyoming_hayakoe.utterance import SynthesisParams


def tone(hertz, seconds=0.5):
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)


@pytest.mark.parametrize("hertz", [300, 1000, 3000])
def test_a_tone_is_loudest_in_the_band_around_its_frequency(hertz):
    # Slaney's scale: linear to 1 kHz at mel 15, then a factor of 6.4 in 27 mels; 8 kHz is mel 45.2.
    mels = hertz * 3 / 200 if hertz <= 1000 else 15 + 27 * np.log(hertz / 1000) / np.log(6.4)
    found = mel_spectrum(tone(hertz))
    assert found.shape == (BANDS, round(0.5 * SAMPLE_RATE) // HOP)
    assert abs(np.argmax(found[:, 20]) - (mels / 45.25 * (BANDS + 1) - 1)) <= 0.6


def test_silence_has_the_least_value():
    assert np.allclose(mel_spectrum(np.zeros(SAMPLE_RATE)), SILENCE)


def test_the_cheapest_path_visits_every_state_in_order():
    costs = np.ones((3, 8))
    costs[0, :2] = costs[1, 2:3] = costs[2, 3:] = 0
    assert best_path(costs).tolist() == [2, 1, 5]
    assert best_path(np.zeros((4, 4))).tolist() == [1, 1, 1, 1]


def test_monotone_speech_has_one_pitch_and_silence_stays_silence(voice):
    sound = np.concatenate(list(voice.speak(FRONT_END.read("雨が降ります。"), SynthesisParams()).windows))
    flat = monotone(soxr.resample(sound, voice.sample_rate, SAMPLE_RATE)).astype(np.float64)
    pitch, _ = pyworld.dio(flat, SAMPLE_RATE)
    assert (pitch > 0).sum() > 50
    assert abs(np.median(pitch[pitch > 0]) / PITCH - 1) < 0.01
    assert (np.abs(pitch[pitch > 0] / PITCH - 1) < 0.05).mean() > 0.9
    assert np.all(flat[:1000] == 0)


def test_aligned_pauses_are_silent_and_vowels_are_not(voice):
    spoken = [speak(FRONT_END.read(text), voice) for text in ("雨が降るので、傘をお持ちください。", "はい、そうです。")]
    for each, frames in zip(spoken, align(spoken), strict=True):
        assert frames.min() >= 1
        assert frames.sum() == each.mel.shape[1]
        phones = np.repeat(each.utterance.phones, frames.reshape(-1, 2).sum(axis=1))
        level = each.mel.mean(axis=0)
        assert level[phones == ","].mean() < level[phones == "a"].mean() - 2
