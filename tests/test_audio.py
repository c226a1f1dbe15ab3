import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.audio import (
    Audio,
    Limiter,
    Resampler,
    TrailingSilence,
    active_rms,
    amplified,
    limit,
    quantize,
    to_pcm,
    to_peak,
    wav_header,
    write_wav,
)


def sine(frequency, seconds, rate, level=0.5):
    return (level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def test_pcm_is_little_endian_16_bit_and_clips():
    samples = np.array([0.0, 0.5, 1.0, -1.0, 2.0, -3.0], dtype=np.float32)
    assert np.frombuffer(to_pcm(samples), "<i2").tolist() == [0, 16384, 32767, -32767, 32767, -32767]


@given(st.integers(1, 192_000), st.integers(1, 2), st.integers(0, 300))
def test_a_header_says_what_follows(rate, channels, samples):
    pcm = b"\x01\x02" * channels * samples
    with wave.open(io.BytesIO(wav_header(rate, channels, samples) + pcm)) as file:
        assert file.getparams()[:4] == (channels, 2, rate, samples)
        assert file.readframes(samples + 1) == pcm


def test_a_length_that_no_header_can_say_is_unknown():
    assert wav_header(48000, 2, 1 << 30) == wav_header(48000, 2)
    assert wav_header(48000, 1, (0xFFFFFFFF - 36) // 2) != wav_header(48000, 1)


def test_wav_says_what_it_holds():
    with wave.open(io.BytesIO(write_wav(b"\x01\x02" * 480, 48000))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes()) == (1, 2, 48000, 480)


def test_audio_is_a_file_or_what_is_in_one(tmp_path):
    audio = Audio(8000, np.array([0, 1, -2, 32767], dtype=np.int16))
    assert audio.duration == 4 / 8000
    assert audio.pcm_bytes() == b"\x00\x00\x01\x00\xfe\xff\xff\x7f"
    assert audio.to_bytes() == write_wav(audio.pcm_bytes(), 8000)
    audio.save(tmp_path / "a.wav")
    audio.save(str(tmp_path / "b.wav"))
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes() == audio.to_bytes()
    with pytest.raises(OSError, match="no-such-folder"):
        audio.save(tmp_path / "no-such-folder" / "a.wav")


def test_a_stream_s_header_is_that_of_a_file_but_for_its_lengths():
    whole = bytearray(write_wav(b"", 44100))
    whole[4:8] = whole[40:44] = b"\xff" * 4
    assert wav_header(44100) == bytes(whole)


def test_what_follows_a_stream_s_header_can_be_read():
    with wave.open(io.BytesIO(wav_header(48000) + b"\x01\x02" * 480)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 48000)
        assert file.readframes(10_000) == b"\x01\x02" * 480


@given(st.lists(st.floats(-2, 2, width=32), max_size=50), st.integers(0, 50))
def test_samples_become_integers_one_by_one(samples, cut):
    whole = np.array(samples, dtype=np.float32)
    parts = np.concatenate([quantize(whole[:cut]), quantize(whole[cut:])])
    assert parts.dtype == np.int16
    assert np.array_equal(parts, quantize(whole))
    # Half a step, and what float32 rounds of a product near 32767.
    assert np.abs(parts / 32767 - whole.clip(-1, 1)).max(initial=0.0) <= (0.5 + 2**-9) / 32767


def test_the_peak_of_what_can_be_heard_is_brought_to_full_scale():
    assert to_peak(np.array([0.1, -0.5, 0.25], dtype=np.float32)).tolist() == pytest.approx([0.2, -1.0, 0.5])
    assert to_peak(np.zeros(3, dtype=np.float32)).tolist() == [0.0, 0.0, 0.0]
    assert to_peak(np.zeros(0, dtype=np.float32)).size == 0


@given(st.lists(st.sampled_from([0.0, 0.001, -0.009, 0.02, 0.3, -0.6, 1.0]), max_size=60), st.data())
def test_the_silence_at_the_end_is_the_same_however_it_is_cut(levels, data):
    sound = np.array(levels, dtype=np.float32)
    silence = TrailingSilence()
    for window in np.split(sound, sorted(data.draw(st.lists(st.integers(0, len(sound)), max_size=6)))):
        silence.feed(window)
    audible = [index for index, level in enumerate(sound) if abs(level) > 0.02 * np.abs(sound).max()]
    assert silence.samples == len(sound) - (audible[-1] + 1 if audible else 0)


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


class TestLimiter:
    @given(st.lists(st.floats(-8.0, 8.0, width=32), max_size=200), st.integers(1, 9), st.data())
    def test_it_gives_what_the_whole_does_however_it_was_cut_and_nothing_above_the_ceiling(self, samples, block, data):
        sound = np.array(samples, dtype=np.float32)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(sound)), max_size=6)))
        limiter = Limiter(0.5, block)
        pieces = [limiter.feed(piece) for piece in np.split(sound, cuts)]
        limited = np.concatenate([*pieces, limiter.finish()])
        whole = Limiter(0.5, block)
        assert np.array_equal(limited, np.concatenate([whole.feed(sound), whole.finish()]))
        assert len(limited) == len(sound)
        assert np.abs(limited).max(initial=0.0) <= 0.5

    def test_what_keeps_to_the_ceiling_is_unchanged(self):
        quiet = sine(200, 0.5, 8000, 0.4)
        loud = sine(200, 0.2, 8000, 0.9)
        limiter = Limiter(0.5, 80)
        limited = np.concatenate([limiter.feed(np.concatenate([quiet, loud])), limiter.finish()])
        assert np.array_equal(limited[: len(quiet) - 160], quiet[: len(quiet) - 160])
        assert np.abs(limited).max() == pytest.approx(0.5, abs=0.01)
        # The gain is steady in a steady sound: its wave keeps its form.
        inside = slice(len(quiet) + 240, -240)
        wave_form = np.concatenate([quiet, loud])[inside] * (0.5 / 0.9)
        assert limited[inside] == pytest.approx(wave_form, abs=0.005)

    def test_the_sound_comes_with_its_windows_but_for_a_few_hundredths_of_a_second(self):
        windows = np.split(sine(200, 1.0, 8000), 10)
        held = 0
        for given_, window in zip(windows, amplified(iter(windows), 2.0, 8000), strict=False):
            held += len(given_) - len(window)
            assert held <= 0.03 * 8000
