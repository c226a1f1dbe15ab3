"""Loudness, the gain of a voice, and the limiter."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wyoming_hayakoe.engine.level import gain_for, loudness, remembered_gain, soften

SAMPLES = arrays(np.float32, st.integers(0, 200), elements=st.floats(-10, 10, width=32))


def sine(hertz, decibels, rate=48_000, seconds=3.0):
    times = np.arange(int(rate * seconds)) / rate
    return (10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize(("hertz", "decibels", "expected"), [(997, 0, -3.01), (997, -20, -23.01), (100, 0, -4.85)])
def test_sines_are_as_loud_as_the_standard_says(rate, hertz, decibels, expected):
    assert loudness(sine(hertz, decibels, rate), rate) == pytest.approx(expected, abs=0.1)


def test_silence_around_speech_does_not_count():
    tone = sine(997, -20)
    quiet = np.zeros(48_000 * 5, dtype=np.float32)
    assert loudness(np.concatenate([quiet, tone, quiet]), 48_000) == pytest.approx(loudness(tone, 48_000), abs=0.5)


def test_a_gain_brings_speech_to_its_level():
    tone = sine(997, -30)
    assert loudness(tone * gain_for(tone, 48_000), 48_000) == pytest.approx(-18, abs=0.05)
    assert gain_for(np.zeros(48_000, dtype=np.float32), 48_000) == 1.0
    assert gain_for(sine(997, -60), 48_000) == pytest.approx(10 ** (24 / 20))
    assert gain_for(tone[:100], 48_000) > 0


@given(SAMPLES)
def test_the_limiter_keeps_what_is_below_its_knee_and_never_reaches_full_scale(samples):
    limited = soften(samples)
    below = np.abs(samples) <= 0.7
    assert np.array_equal(limited[below], samples[below])
    assert np.abs(limited).max(initial=0) <= 0.98 + 1e-6
    assert np.array_equal(soften(-samples), -limited)


@given(SAMPLES, st.integers(0, 200))
def test_the_limiter_knows_no_windows(samples, cut):
    assert np.array_equal(soften(samples), np.concatenate([soften(samples[:cut]), soften(samples[cut:])]))


def test_the_limiter_is_monotone():
    assert (np.diff(soften(np.linspace(-3, 3, 2001, dtype=np.float32))) >= 0).all()


def test_a_gain_is_measured_once(tmp_path):
    file = tmp_path / "levels" / "a.json"
    assert remembered_gain(file, lambda: 1.5) == 1.5
    assert remembered_gain(file, lambda: 9.0) == 1.5
    assert [path.name for path in file.parent.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"gain": "loud"}', '{"gain": -1.0}', '{"gain": 1e9}', '{"gain": NaN}']
)
def test_a_damaged_gain_is_measured_again(tmp_path, content):
    file = tmp_path / "a.json"
    file.write_text(content, encoding="utf-8")
    assert remembered_gain(file, lambda: 0.5) == 0.5
    assert json.loads(file.read_text(encoding="utf-8")) == {"gain": 0.5}


def test_where_nothing_can_be_kept_it_is_measured_each_time(tmp_path):
    (tmp_path / "levels").write_text("a file where the folder should be", encoding="utf-8")
    for gain in (0.5, 0.6):
        assert remembered_gain(tmp_path / "levels" / "a.json", lambda gain=gain: gain) == gain


def test_silence_has_no_loudness():
    assert loudness(np.zeros(0, dtype=np.float32), 48_000) == -math.inf
