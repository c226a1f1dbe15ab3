"""Lengths and pitches that are wanted of Kokoro, between the network's prosody and its sound."""

from dataclasses import replace

import numpy as np
import pytest

from tests.engine.wanted import higher, longer, told
from tests.kokoro import loaded
from tests.support import FRONT_END
from wyoming_hayakoe.engine.kokoro.line_prosody import Score, lengths, pitches
from wyoming_hayakoe.engine.kokoro.phonemes import line
from wyoming_hayakoe.engine.wanted_prosody import Wanted
from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.utterance import SynthesisParams, WantedProsody

PARAMS = SynthesisParams()
TEXT = "今日は、いい天気ですね。"


@pytest.fixture(scope="module")
def voice():
    return loaded()


@pytest.fixture(scope="module")
def utterance(voice):
    read = FRONT_END.read(TEXT)
    return told(read, voice.prosody(read, PARAMS))


@pytest.fixture
def compose(voice):
    """Return what the generator takes for an utterance, with the lengths and pitches that this has."""

    def compose(utterance, params=PARAMS):
        written = line(utterance)
        composed = voice._network().compose(written, params, Wanted.of(utterance))
        return composed, lengths_and_pitches(voice, composed, written)

    def lengths_and_pitches(voice, composed, written):
        seconds = 0.0125 * np.array([composed.start, composed.stop])
        score = Score(composed.durations, composed.latent, composed.f0, np.zeros_like(composed.f0))
        return (seconds[1] - seconds[0], lengths(score, written), pitches(score, written))

    return compose


def test_each_phone_has_a_length_and_each_voiced_mora_a_pitch(voice, utterance):
    prosody = voice.prosody(utterance, PARAMS)
    assert len(prosody.seconds) == len(prosody.pitches) == len(utterance.phones)
    assert 60 < min(pitch for pitch in prosody.pitches if pitch) < max(prosody.pitches) < 700
    same = voice.prosody(utterance, SynthesisParams(speed=2.0, pitch_scale=1.5, intonation_scale=0.5, seed=7))
    assert same == prosody


def test_what_it_tells_of_itself_changes_nothing(compose, utterance):
    usual, same = compose(replace(utterance, wanted=()))[0], compose(utterance)[0]
    assert np.array_equal(usual.latent, same.latent)
    assert np.array_equal(usual.f0, same.f0)
    assert (usual.start, usual.stop) == (same.start, same.stop)


def test_lengths_are_followed_and_the_others_stay(compose, utterance):
    mark, last = utterance.phones.index(","), len(utterance.phones) - 3
    total, before, _ = compose(utterance)[1]
    change = {"p2": 0.3, f"p{mark}": 0.5, f"p{last}": -0.05}
    longer_total, after, _ = compose(longer(utterance, **change))[1]
    assert longer_total - total == pytest.approx(sum(change.values()), abs=0.013)
    differing = {place for place, pair in enumerate(zip(before, after, strict=True)) if abs(pair[0] - pair[1]) > 0.001}
    assert {2, mark} <= differing <= {2, mark, last, last + 1, last + 2}


def test_pitch_is_followed_where_it_is_wanted(compose, utterance):
    place = utterance.phones.index(",") + 1
    before, after = (np.array(compose(each)[1][2]) for each in (utterance, higher(utterance, 1.2, range(place, 99))))
    voiced = before > 0
    factors = np.where(voiced, after / np.where(voiced, before, 1.0), 1.0)
    assert factors[:place] == pytest.approx(1.0, abs=0.01)
    assert factors[place:][voiced[place:]] == pytest.approx(1.2, abs=0.02)


def test_odd_values_are_bounded_and_too_long_a_sentence_is_an_error(compose, utterance):
    odd = replace(utterance, wanted=tuple(WantedProsody(0.0, 1e9) for _ in utterance.phones))
    assert 0.3 < compose(odd)[1][0] < 2.0
    endless = replace(utterance, wanted=tuple(WantedProsody(1e9) for _ in utterance.phones))
    with pytest.raises(UsageError, match="add up to"):
        compose(endless, SynthesisParams(speed=5.0))
