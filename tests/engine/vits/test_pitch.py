import numpy as np
import pytest

from tests.support import ARTICLE, FRONT_END, in_threads
from wyoming_hayakoe.audio import active_rms
from wyoming_hayakoe.engine.vits.pitch import bend
from wyoming_hayakoe.utterance import SynthesisParams

RATE = 22_050
MEAN = 200.0
SWING = 30.0


def voiced(seconds=1.5, rate=RATE, level=0.3):
    """Return harmonics whose pitch swings around its mean, three times a second."""
    time = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * MEAN * time - SWING / 3 * np.cos(2 * np.pi * 3 * time)
    wave = sum(np.sin(order * phase + order**2) / order for order in range(1, 12))
    return (level * wave / np.abs(wave).max()).astype(np.float32)


def noise(seconds, rate=RATE):
    return (0.1 * np.random.default_rng(0).standard_normal(round(seconds * rate))).astype(np.float32)


def pitches(wave, rate=RATE):
    """Return the pitch in hertz every 20 ms, by autocorrelation, without the two ends."""
    found = []
    for start in range(rate // 10, len(wave) - rate // 10 - 1024, rate // 50):
        frame = wave[start : start + 1024] * np.hanning(1024)
        correlation = np.fft.irfft(np.abs(np.fft.rfft(frame, 4096)) ** 2)
        lags = slice(rate // 500, rate // 90)
        found.append(rate / (int(np.argmax(correlation[lags])) + lags.start))
    return np.array(found)


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.5])
def test_pitch_is_a_factor_on_the_mean(factor):
    bent = bend(voiced(), RATE, factor, 1.0)
    assert pitches(bent).mean() == pytest.approx(factor * MEAN, rel=0.02)


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 2.0])
def test_intonation_is_a_factor_on_how_far_pitch_strays_from_its_mean(factor):
    bent = pitches(bend(voiced(), RATE, 1.0, factor))
    swing = np.sqrt(2) * bent.std()
    assert bent.mean() == pytest.approx(MEAN, rel=0.03)
    assert swing == pytest.approx(factor * SWING, abs=5)


def test_both_together_are_a_mean_and_a_swing_of_their_own():
    bent = pitches(bend(voiced(), RATE, 1.3, 0.5))
    assert bent.mean() == pytest.approx(1.3 * MEAN, rel=0.02)
    assert np.sqrt(2) * bent.std() == pytest.approx(0.5 * SWING, abs=5)


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("length", [13_229, 13_230, 30_001])
def test_the_length_stays(rate, length):
    wave = voiced(2.0, rate)[:length]
    bent = bend(wave, rate, 1.2, 1.0)
    assert bent.dtype == np.float32
    assert len(bent) == length
    assert not np.array_equal(bent, wave)


def test_real_speech_keeps_its_level_and_its_pauses(voice):
    wave = np.concatenate(list(voice.speak(FRONT_END.read(ARTICLE), SynthesisParams()).windows))
    bent = bend(wave, voice.sample_rate, 1.2, 1.2)
    block = voice.sample_rate // 100
    assert active_rms(bent, block, 0.01) == pytest.approx(active_rms(wave, block, 0.01), rel=0.25)
    silent = np.convolve(np.abs(wave) > 1e-3, np.ones(8 * block), "same") == 0
    assert silent.mean() > 0.05
    assert np.abs(bent[silent]).max() < 0.01


@pytest.mark.parametrize("scales", [(0.5, 0.0), (2.0, 2.0), (0.5, 2.0)])
@pytest.mark.parametrize("level", [1e-4, 1.0])
def test_the_ends_of_the_ranges_give_finite_sound_that_is_not_cut_off(scales, level):
    bent = bend(voiced(level=level), RATE, *scales)
    assert np.isfinite(bent).all()
    assert level * 0.3 < np.abs(bent).max() < level * 4


@pytest.mark.parametrize(
    "samples",
    [
        *[voiced()[:length] for length in (0, 1, 2, 100, 441, 1102)],
        np.zeros(RATE, dtype=np.float32),
        np.ones(RATE, dtype=np.float32),
        noise(0.1),
    ],
    ids=["nothing", "1", "2", "100", "20 ms", "50 ms", "silence", "constant", "noise"],
)
def test_what_has_no_pitch_comes_back_as_it_is(samples):
    assert np.array_equal(bend(samples, RATE, 1.5, 0.5), samples)


def test_what_is_far_louder_than_speech_is_bounded():
    bent = bend(voiced(level=1000.0), RATE, 1.2, 1.0)
    assert np.abs(bent).max() == 8.0


def test_threads_at_once_get_the_same():
    wave = voiced(0.5)
    alone = bend(wave, RATE, 1.2, 0.8)
    assert all(np.array_equal(bent, alone) for bent in in_threads(lambda: bend(wave, RATE, 1.2, 0.8)))
