"""The figures of a waveform beside its reference, and the gate that rests on them."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import FRONT_END
from wyoming_hayakoe.engine.prepare.quality import (
    MOST_NOISE,
    MOST_NOISE_95,
    MOST_OVER_MASK,
    Quality,
    compare,
    cost,
    refusal,
)
from wyoming_hayakoe.utterance import SynthesisParams

RATE = 16000
GOOD = Quality(
    noise_to_mask=-20.0,
    noise_to_mask_95=-10.0,
    over_mask=0.05,
    silence=-90.0,
    reference_silence=-91.0,
    distance=1.5,
    bands={"0-500 Hz": 1.5},
    snr=12.0,
)


def noise(seed, count=RATE):
    return np.random.default_rng(seed).standard_normal(count).astype(np.float32)


def hiss(seed, count, decibels):
    return noise(seed, count) * np.float32(10 ** (decibels / 20))


def with_pause(level):
    """Return a second of noise at the level of speech, and one of a pause with a level in dBFS."""
    return np.append(hiss(0, RATE, -23), hiss(1, RATE, level))


def gain(decibels):
    return np.float32(10 ** (decibels / 20))


@pytest.fixture(scope="module")
def speech(voice):
    text = "週末は各地で雪となり、路面の凍結に注意が必要です。"
    return np.concatenate(list(voice.speak(FRONT_END.read(text), SynthesisParams()).windows))


def test_the_same_is_the_same():
    sound = noise(0)
    quality = compare(sound, sound, RATE)
    assert (quality.snr, quality.distance) == (120.0, 0.0)
    assert (quality.noise_to_mask, quality.noise_to_mask_95, quality.over_mask) == (-120.0, -120.0, 0.0)
    assert set(quality.bands.values()) == {0.0}
    assert next(iter(quality.bands)) == "0-500 Hz"
    assert refusal(quality) is None


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
    quality = compare(signal, signal * gain(decibels), RATE)
    assert quality.distance == pytest.approx(abs(decibels), abs=0.01)
    assert all(value == pytest.approx(abs(decibels), rel=0.05, abs=0.01) for value in quality.bands.values())


@given(st.integers(0, 100), st.floats(0.001, 0.5))
@settings(max_examples=30)
def test_more_noise_is_further_away(seed, share):
    signal, error = noise(seed), noise(seed + 1000)
    near, far = (compare(signal, signal + np.float32(factor) * error, RATE) for factor in (share, 2 * share))
    assert near.snr > far.snr
    assert near.distance < far.distance
    assert near.noise_to_mask < far.noise_to_mask
    assert near.noise_to_mask_95 < far.noise_to_mask_95
    assert near.over_mask <= far.over_mask


@given(st.integers(0, 100), st.floats(-50, 50))
@settings(max_examples=30)
def test_the_level_of_a_voice_does_not_matter(seed, decibels):
    signal, error = with_pause(-80), hiss(seed, 2 * RATE, -75)
    as_it_is = asdict(compare(signal, signal + error, RATE))
    louder = asdict(compare(signal * gain(decibels), (signal + error) * gain(decibels), RATE))
    assert louder.pop("bands") == pytest.approx(as_it_is.pop("bands"), rel=1e-3)
    assert louder == pytest.approx(as_it_is, rel=1e-3, abs=0.02)


def test_an_error_is_told_in_its_own_band():
    signal = noise(0)
    tone = (0.3 * np.sin(2 * math.pi * 3000 * np.arange(RATE) / RATE)).astype(np.float32)
    bands = compare(signal, signal + tone, RATE).bands
    assert max(bands, key=bands.__getitem__) == "2000-4000 Hz"
    assert bands["0-500 Hz"] < 0.01


def test_an_offset_is_not_heard():
    sound = with_pause(-80)
    quality = compare(sound + np.float32(0.01), sound, RATE)
    assert quality.snr > 80
    assert quality.silence == pytest.approx(quality.reference_silence, abs=0.01)
    assert refusal(quality) is None


def test_a_sound_beside_silence_is_as_far_as_can_be():
    silence = np.zeros(RATE, dtype=np.float32)
    assert compare(silence, noise(0), RATE).snr == -120
    assert refusal(compare(silence, noise(0), RATE))
    assert compare(silence, silence, RATE).distance == 0
    assert refusal(compare(silence, silence, RATE)) is None
    assert math.isfinite(compare(noise(0), silence, RATE).distance)
    assert refusal(compare(noise(0), silence, RATE))


@pytest.mark.parametrize(("first", "second"), [(RATE, RATE - 1), (100, 100), (0, 0)])
def test_what_cannot_be_compared_is_refused(first, second):
    with pytest.raises(ValueError, match=r"samples|compared"):
        compare(noise(0, first), noise(0, second), RATE)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("spoiled", [0, 1])
def test_values_that_are_no_numbers_are_refused(value, spoiled):
    sounds = [noise(0), noise(0)]
    sounds[spoiled][5] = value
    with pytest.raises(ValueError, match="no finite numbers"):
        compare(*sounds, RATE)


class TestPauses:
    @pytest.mark.parametrize("level", [-95, -85, -70, -63])
    def test_their_level_is_that_of_the_sound_in_them(self, level):
        quality = compare(with_pause(level), with_pause(level + 3), RATE)
        assert quality.reference_silence == pytest.approx(level, abs=0.3)
        assert quality.silence == pytest.approx(level + 3, abs=0.3)

    def test_digital_silence_has_the_level_of_rounding(self):
        quality = compare(with_pause(-math.inf), with_pause(-math.inf), RATE)
        assert (quality.silence, quality.reference_silence) == (-100.0, -100.0)
        assert json.loads(json.dumps(asdict(quality))) == asdict(quality)

    @pytest.mark.parametrize("level", [-59, -40])
    def test_a_hum_that_is_not_silent_is_no_pause(self, level):
        quality = compare(with_pause(level), with_pause(level), RATE)
        assert (quality.silence, quality.reference_silence) == (None, None)
        assert refusal(quality) is None

    def test_a_frame_in_which_speech_ends_is_none(self):
        frame = RATE // 40
        sound = hiss(0, 20 * frame, -23)
        sound[8 * frame : 10 * frame] = 0
        assert compare(sound, sound, RATE).silence is None
        sound[10 * frame : 11 * frame] = 0
        assert compare(sound, sound, RATE).silence == -100

    @pytest.mark.parametrize(
        ("reference", "other", "passes"),
        [
            (-75.0, -72.1, True),  # a rise of 3 dB
            (-75.0, -71.9, False),
            (-67.0, -65.1, True),  # up to -65 dBFS
            (-67.0, -64.9, False),
            (-62.0, -62.0, True),  # a voice that hums: the same, or nearly so
            (-62.0, -61.1, True),
            (-62.0, -60.9, False),
            (-100.0, -80.1, True),  # inaudible
            (-100.0, -79.9, False),
        ],
    )
    def test_a_pause_stays_a_pause(self, reference, other, passes):
        reason = refusal(replace(GOOD, silence=other, reference_silence=reference))
        assert (reason is None) is passes
        assert passes or reason.startswith(f"level in pauses {other:.2f} dBFS instead of at most ")


class TestGate:
    def test_inaudible_changes_of_speech_pass(self, speech):
        assert refusal(compare(speech, speech * gain(1), 48000)) is None
        assert refusal(compare(speech, np.roll(speech, 2), 48000)) is None
        assert refusal(compare(speech, speech + np.float32(0.02), 48000)) is None
        assert refusal(compare(speech, np.round(speech * 32767) / np.float32(32767), 48000)) is None

    def test_noise_under_speech_is_refused(self, speech):
        reason = refusal(compare(speech, speech + hiss(0, len(speech), -70), 48000))
        assert "noise to mask " in reason
        assert "level in pauses " in reason
        assert "\n" not in reason

    def test_hum_that_the_ear_model_leaves_out_is_refused(self, speech):
        hum = (0.003 * np.sin(2 * np.pi * 50 / 48000 * np.arange(len(speech)))).astype(np.float32)
        quality = compare(speech, speech + hum, 48000)
        assert quality.noise_to_mask < MOST_NOISE
        assert refusal(quality).startswith("level in pauses ")

    def test_clipping_is_refused(self, speech):
        half = np.abs(speech).max() / 2
        assert refusal(compare(speech, np.clip(speech, -half, half), 48000))

    def test_a_click_in_a_pause_is_refused(self, speech):
        clicking = np.append(speech, np.zeros(48000, dtype=np.float32))
        reference = clicking.copy()
        clicking[-24000] = 0.1
        assert refusal(compare(reference, clicking, 48000)).startswith("noise to mask ")

    def test_a_lost_octave_is_refused(self, speech):
        spectrum = np.fft.rfft(speech)
        spectrum[len(spectrum) // 3 : 2 * len(spectrum) // 3] = 0
        quality = compare(speech, np.fft.irfft(spectrum, len(speech)).astype(np.float32), 48000)
        assert quality.over_mask > MOST_OVER_MASK
        assert "share of frames over the mask" in refusal(quality)

    @pytest.mark.parametrize(
        ("figure", "most"), [("noise_to_mask", MOST_NOISE), ("noise_to_mask_95", MOST_NOISE_95), ("over_mask", 0.2)]
    )
    def test_each_figure_has_its_limit(self, figure, most):
        assert refusal(GOOD) is None
        assert refusal(replace(GOOD, **{figure: most})) is None
        assert " instead of at most " in refusal(replace(GOOD, **{figure: most + 0.1}))

    def test_the_reason_names_every_figure_that_fails(self):
        reason = refusal(replace(GOOD, noise_to_mask=-7.1, noise_to_mask_95=-0.9, over_mask=0.29))
        assert reason == (
            "noise to mask -7.10 dB instead of at most -12.00, "
            "noise to mask of 95 % of the frames -0.90 dB instead of at most -6.00, "
            "share of frames over the mask 29.00 % instead of at most 20.00"
        )

    def test_distance_and_snr_are_not_judged(self):
        assert refusal(replace(GOOD, distance=99.0, bands={"0-500 Hz": 99.0}, snr=-120.0)) is None


class TestCost:
    def test_the_limits_cost_1(self):
        assert cost(replace(GOOD, noise_to_mask=MOST_NOISE, noise_to_mask_95=MOST_NOISE_95)) == (1.0, 1.0)

    def test_twice_the_power_costs_twice_as_much(self):
        assert cost(replace(GOOD, noise_to_mask=MOST_NOISE + 10 * math.log10(2)))[0] == pytest.approx(2)
        assert cost(replace(GOOD, noise_to_mask_95=MOST_NOISE_95 - 10 * math.log10(2)))[1] == pytest.approx(0.5)

    def test_costs_of_independent_noises_add_up(self, speech):
        first, second = (speech * (1 + np.float32(0.03) * noise(seed, len(speech))) - speech for seed in (1, 2))
        alone = [cost(compare(speech, speech + error, 48000)) for error in (first, second)]
        together = cost(compare(speech, speech + first + second, 48000))
        expected = [sum(each) for each in zip(*alone, strict=True)]
        assert together[0] == pytest.approx(expected[0], rel=0.05)
        # The frames of one percentile are not the same.
        assert together[1] == pytest.approx(expected[1], rel=0.3)
