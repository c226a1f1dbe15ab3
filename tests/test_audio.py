import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.audio import Resampler, active_rms, limit, to_pcm, write_wav


def sine(frequency, seconds, rate, level=0.5):
    return (level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def test_pcm_is_little_endian_16_bit_and_clips():
    samples = np.array([0.0, 0.5, 1.0, -1.0, 2.0, -3.0], dtype=np.float32)
    assert np.frombuffer(to_pcm(samples), "<i2").tolist() == [0, 16384, 32767, -32767, 32767, -32767]


def test_wav_says_what_it_holds():
    with wave.open(io.BytesIO(write_wav(b"\x01\x02" * 480, 48000))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes()) == (1, 2, 48000, 480)


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=300),
    st.sampled_from([1, 7, 64]),
    st.floats(0.1, 1.0),
)
def test_the_limiter_holds_its_ceiling_whatever_comes(samples, block, ceiling):
    limited = limit(np.array(samples, dtype=np.float64), ceiling, block)
    assert len(limited) == len(samples)
    assert np.isfinite(limited).all()
    assert np.abs(limited).max(initial=0.0) <= ceiling * (1 + 1e-12)


def test_the_limiter_leaves_alone_what_is_within():
    samples = sine(440, 0.1, 48000).astype(np.float64)
    assert np.array_equal(limit(samples, 0.9, 240), samples)


def test_the_limiter_mutes_an_unstable_filter_and_nothing_else():
    samples = sine(440, 0.3, 48000).astype(np.float64)
    samples[7000:7100] = 1e30
    limited = limit(samples, 0.9, 240)
    assert np.abs(limited[7000:7100]).max() == 0.0
    assert np.array_equal(limited[:5000], samples[:5000])
    assert np.array_equal(limited[9500:], samples[9500:])


def test_rms_counts_only_what_is_heard():
    tone = sine(440, 1.0, 48000)
    with_rest = np.concatenate([tone, np.zeros(48000, dtype=np.float32)])
    assert active_rms(with_rest, 240, 0.01) == pytest.approx(0.5 / np.sqrt(2), rel=1e-3)
    assert active_rms(np.zeros(0), 240, 0.01) == 0.0


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 96000])
def test_resampling_keeps_length_level_and_pitch_however_it_is_cut(rate):
    tone = sine(1000, 1.0, 48000)
    whole = _resample([tone], rate)
    cut = _resample(np.split(tone, [1, 500, 513, 20000]), rate)
    assert np.array_equal(whole, cut)
    assert len(whole) == rate
    middle = whole[rate // 4 : 3 * rate // 4]
    assert np.abs(middle).max() == pytest.approx(0.5, rel=0.01)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * rate / len(middle) == pytest.approx(1000, abs=4)


def _resample(windows, rate):
    resampler = Resampler(48000, rate)
    return np.concatenate([*(resampler.feed(window) for window in windows), resampler.finish()])
