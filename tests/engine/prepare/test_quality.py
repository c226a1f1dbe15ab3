"""Signal-to-noise ratio and log-spectral distance."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wyoming_hayakoe.engine.prepare.quality import compare

RATE = 16000


def noise(seed, count=RATE):
    return np.random.default_rng(seed).standard_normal(count).astype(np.float32)


def test_the_same_is_the_same():
    sound = noise(0)
    quality = compare(sound, sound, RATE)
    assert (quality.snr, quality.distance) == (120.0, 0.0)
    assert set(quality.bands.values()) == {0.0}
    assert next(iter(quality.bands)) == "0-500 Hz"


@given(st.integers(0, 100), st.floats(-20, 80))
@settings(max_examples=30)
def test_the_ratio_is_that_of_the_powers(seed, decibels):
    signal, error = noise(seed), noise(seed + 1000)
    error *= np.float32(signal.std() / error.std() * 10 ** (-decibels / 20))
    assert compare(signal, signal + error, RATE).snr == pytest.approx(decibels, abs=0.1)


@given(st.integers(0, 100), st.floats(-6, 6))
@settings(max_examples=30)
def test_the_distance_of_a_louder_copy_is_its_gain(seed, decibels):
    signal = noise(seed)
    quality = compare(signal, signal * np.float32(10 ** (decibels / 20)), RATE)
    assert quality.distance == pytest.approx(abs(decibels), abs=0.01)
    assert all(value == pytest.approx(abs(decibels), rel=0.05, abs=0.01) for value in quality.bands.values())


@given(st.integers(0, 100), st.floats(0.001, 0.5))
@settings(max_examples=30)
def test_more_noise_is_further_away(seed, share):
    signal, error = noise(seed), noise(seed + 1000)
    near, far = (compare(signal, signal + np.float32(factor) * error, RATE) for factor in (share, 2 * share))
    assert near.snr > far.snr
    assert near.distance < far.distance


def test_an_error_is_told_in_its_own_band():
    signal = noise(0)
    tone = (0.3 * np.sin(2 * math.pi * 3000 * np.arange(RATE) / RATE)).astype(np.float32)
    bands = compare(signal, signal + tone, RATE).bands
    assert max(bands, key=bands.__getitem__) == "2000-4000 Hz"
    assert bands["0-500 Hz"] < 0.01


def test_an_offset_is_not_heard():
    sound = noise(0)
    assert compare(sound + np.float32(0.5), sound, RATE).snr > 80


def test_a_sound_beside_silence_is_as_far_as_can_be():
    silence = np.zeros(RATE, dtype=np.float32)
    assert compare(silence, noise(0), RATE).snr == -120
    assert compare(silence, silence, RATE).distance == 0
    assert math.isfinite(compare(noise(0), silence, RATE).distance)


@pytest.mark.parametrize(("first", "second"), [(RATE, RATE - 1), (100, 100), (0, 0)])
def test_what_cannot_be_compared_is_refused(first, second):
    with pytest.raises(ValueError, match=r"samples|compared"):
        compare(noise(0, first), noise(0, second), RATE)
