import json
import logging
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.support import in_threads
from wyoming_hayakoe.engine.loudness import TARGET_LUFS, gain_for, loudness, remembered_gain, soften

RATES = [24_000, 44_100, 48_000]


def sine(frequency, seconds, rate, decibels=0.0):
    time = np.arange(round(seconds * rate)) / rate
    return (10 ** (decibels / 20) * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def silence(seconds, rate):
    return np.zeros(round(seconds * rate), dtype=np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_a_sine_at_full_scale_is_as_loud_as_the_standard_says(rate):
    # ITU-R BS.1770-4, annex 1: 997 Hz at 0 dBFS in one channel.
    assert loudness(sine(997, 2, rate), rate) == pytest.approx(-3.01, abs=0.03)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("decibels", [-60.0, -23.0, -6.0])
def test_loudness_follows_the_level_decibel_by_decibel(rate, decibels):
    assert loudness(sine(997, 2, rate, decibels), rate) == pytest.approx(decibels - 3.01, abs=0.03)


def filtered(samples, numerator, denominator):
    """Run a biquad sample by sample."""
    past, before = [0.0, 0.0], [0.0, 0.0]
    result = []
    for sample in samples.tolist():
        value = np.dot(numerator, [sample, *before]) - np.dot(denominator, past)
        before, past = [sample, before[0]], [value, past[0]]
        result.append(value)
    return np.array(result)


def test_frequencies_are_weighted_by_the_filters_in_the_standard():
    # ITU-R BS.1770-4, tables 1 and 2: coefficients for 48 kHz.
    noise = np.random.default_rng(0).normal(0, 0.1, 48_000 * 2 // 5).cumsum()
    shelved = filtered(
        noise, (1.53512485958697, -2.69169618940638, 1.19839281085285), (-1.69065929318241, 0.73248077421585)
    )
    weighted = filtered(shelved, (1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621))
    expected = -0.691 + 10 * np.log10(np.square(weighted).mean())
    assert abs(expected - 20 * np.log10(noise.std())) > 3
    assert loudness(noise.astype(np.float32), 48_000) == pytest.approx(expected, abs=0.001)


@pytest.mark.parametrize("rate", RATES)
def test_rests_do_not_count(rate):
    speech = sine(997, 3, rate, -20)
    with_rests = np.concatenate([silence(5, rate), speech, silence(5, rate)])
    # Only the blocks across the two borders are left to make a difference.
    assert loudness(with_rests, rate) == pytest.approx(loudness(speech, rate), abs=0.5)
    noisy_rests = with_rests + sine(500, len(with_rests) / rate, rate, -50)[: len(with_rests)]
    assert loudness(noisy_rests, rate) == pytest.approx(loudness(speech, rate), abs=0.5)


def test_gated_blocks_are_those_of_the_standard():
    # EBU Tech 3341, case 3, shortened and in one channel: by the relative gate, what is 13 dB lower does not count.
    rate = 48_000
    programme = np.concatenate([sine(997, seconds, rate, level) for seconds, level in ((2, -36), (20, -23), (2, -36))])
    assert loudness(programme, rate) == pytest.approx(-23 - 3.01, abs=0.1)


@pytest.mark.parametrize("samples", [silence(0, 48_000), silence(2, 48_000), sine(997, 2, 48_000, -70)])
def test_silence_has_no_loudness_and_needs_no_gain(samples):
    assert loudness(samples, 48_000) == -math.inf
    assert gain_for(samples, 48_000) == 1.0


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("decibels", [-35.0, -15.0, 0.0])
def test_the_gain_brings_any_voice_to_one_loudness(rate, decibels):
    samples = sine(997, 1, rate, decibels)
    assert loudness(samples * gain_for(samples, rate), rate) == pytest.approx(TARGET_LUFS, abs=0.01)


@pytest.mark.parametrize(("decibels", "gain"), [(-60.0, 10 ** (24 / 20)), (40.0, 10 ** (-24 / 20))])
def test_the_gain_has_its_bounds(decibels, gain):
    assert gain_for(sine(997, 1, 48_000, decibels), 48_000) == pytest.approx(gain)


def test_a_word_shorter_than_a_block_has_a_loudness():
    assert -10 < loudness(sine(997, 0.2, 44_100), 44_100) < -3


samples = arrays.arrays(np.float32, st.integers(0, 50), elements=st.floats(-(2.0**99), 2.0**99, width=32))


@given(samples)
def test_softened_sound_stays_below_full_scale(samples):
    softened = soften(samples)
    assert softened.dtype == np.float32
    assert softened.shape == samples.shape
    assert np.abs(softened).max(initial=0.0) <= np.float32(0.98)


@given(samples)
def test_below_the_knee_nothing_is_touched(samples):
    quiet = samples[np.abs(samples) <= np.float32(0.7)]
    assert np.array_equal(soften(quiet), quiet)


@given(samples)
def test_softening_keeps_signs_and_order(samples):
    ordered = np.sort(samples)
    assert np.array_equal(soften(-ordered), -soften(ordered))
    assert (np.diff(soften(ordered)) >= 0).all()


@given(samples, st.integers(0, 50))
def test_windows_are_softened_as_the_whole_is(samples, border):
    windows = np.concatenate([soften(samples[:border]), soften(samples[border:])])
    assert windows == pytest.approx(soften(samples), abs=1e-6)


def test_softening_has_no_corner():
    level = np.linspace(0.5, 1.5, 4001).astype(np.float64)
    slope = np.gradient(soften(level.astype(np.float32)).astype(np.float64), level)
    assert slope[level < 0.69] == pytest.approx(1, abs=1e-2)
    assert np.abs(np.diff(slope[50::50])).max() < 0.05
    assert slope[-2] < 0.05


def test_a_gain_is_measured_once_and_kept(tmp_path):
    file = tmp_path / "levels" / "voice.json"
    assert remembered_gain(file, lambda: 1.5) == 1.5
    assert remembered_gain(file, pytest.fail) == 1.5
    assert [path.name for path in file.parent.iterdir()] == ["voice.json"]


@pytest.mark.parametrize("gain", [10 ** (-24 / 20), 10 ** (24 / 20), 1.0])
def test_any_gain_that_can_be_measured_is_kept(tmp_path, gain):
    file = tmp_path / "voice.json"
    remembered_gain(file, lambda: gain)
    assert remembered_gain(file, pytest.fail) == gain


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[" * 50_000,
        "1.5",
        "[]",
        "{}",
        '{"gain": 1.5}',
        '{"gain": 1.5, "lufs": -18.0}',
        '{"lufs": -19.0}',
        '{"lufs": -19.0, "gain": "1.5"}',
        '{"lufs": -19.0, "gain": true}',
        '{"lufs": -19.0, "gain": null}',
        '{"lufs": -19.0, "gain": 0}',
        '{"lufs": -19.0, "gain": -1.0}',
        '{"lufs": -19.0, "gain": 16.0}',
        '{"lufs": -19.0, "gain": 0.06}',
        '{"lufs": -19.0, "gain": NaN}',
        '{"lufs": -19.0, "gain": Infinity}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_file_is_measured_and_written_anew(tmp_path, content):
    file = tmp_path / "voice.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert remembered_gain(file, lambda: 0.5) == 0.5
    assert json.loads(file.read_text(encoding="utf-8")) == {"gain": 0.5, "lufs": TARGET_LUFS}


def test_where_nothing_can_be_kept_it_is_measured_each_time(tmp_path, caplog):
    (tmp_path / "levels").write_text("a file where the folder would be", encoding="utf-8")
    file = tmp_path / "levels" / "voice.json"
    with caplog.at_level(logging.DEBUG):
        assert remembered_gain(file, lambda: 0.5) == 0.5
        assert remembered_gain(file, lambda: 0.25) == 0.25
    assert {record.levelname for record in caplog.records} == {"DEBUG"}
    assert str(file) in caplog.text


def test_a_gain_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path):
    file = tmp_path / "voice.json"
    file.mkdir()
    assert remembered_gain(file, lambda: 0.5) == 0.5
    assert list(tmp_path.iterdir()) == [file]


def test_voices_that_are_measured_at_once_do_no_harm(tmp_path):
    file = tmp_path / "voice.json"
    assert in_threads(lambda: remembered_gain(file, lambda: 0.5)) == [0.5] * 8
    assert remembered_gain(file, pytest.fail) == 0.5
    assert list(tmp_path.iterdir()) == [file]
