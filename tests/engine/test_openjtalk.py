import concurrent.futures
import subprocess
import sys
import threading
from itertools import islice

import numpy as np
import pyopenjtalk
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import ARTICLE, FRONT_END
from wyoming_hayakoe.audio import active_rms
from wyoming_hayakoe.engine.hts import engines
from wyoming_hayakoe.engine.hts.breath_groups import MAX_PHONES, MIN_PHONES, breath_groups, labels_of
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.utterance import SynthesisParams

RATE = OpenJTalkVoice.sample_rate
TEXTS = [
    "こんにちは。",
    "はい。",
    "りんご！",
    "おはようございます、マスター。",
    "エアコンを、つけますか？",
    "リビングの照明をつけました。現在の室温は23.5度、湿度は48パーセントです。",
    ARTICLE,
]


def spoken(voice, text, **params):
    windows = list(voice.speak(FRONT_END.read(text), SynthesisParams(**params)).windows)
    return np.concatenate(windows) if windows else np.zeros(0, dtype=np.float32)


def fundamental(wave):
    """Return the median pitch in hertz of the voiced frames, by autocorrelation."""
    pitches = []
    for start in range(0, len(wave) - 4096, 2048):
        frame = wave[start : start + 4096] * np.hanning(4096)
        correlation = np.fft.irfft(np.abs(np.fft.rfft(frame, 8192)) ** 2)
        lags = slice(RATE // 750, RATE // 150)
        lag = int(np.argmax(correlation[lags])) + lags.start
        if np.sqrt((frame**2).mean()) > 0.02 and correlation[lag] > 0.4 * correlation[0]:
            pitches.append(RATE / lag)
    return float(np.median(pitches))


@pytest.mark.parametrize("speed", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("text", TEXTS)
def test_it_lasts_as_long_as_open_jtalk_plans(voice, text, speed):
    planned, rate = pyopenjtalk.tts(text, speed=1 / speed)
    assert rate == RATE
    assert len(spoken(voice, text, speed=speed)) == pytest.approx(len(planned), rel=0.3)


@pytest.mark.parametrize("text", TEXTS)
def test_it_is_as_loud_as_speech_and_never_clips(voice, text):
    wave = spoken(voice, text)
    assert 0.2 < np.abs(wave).max() < 0.95
    assert -21 < 20 * np.log10(active_rms(wave, 240, 0.01)) < -14


@pytest.mark.parametrize("text", ["あ" * 200, "ん" * 100, "っ" * 50, "w" * 50, "えーーーーーーーーー"])
def test_what_upsets_the_engine_neither_clips_nor_goes_silent(voice, text):
    wave = spoken(voice, text)
    assert np.isfinite(wave).all()
    assert np.abs(wave).max() < 0.95
    assert active_rms(wave, 240, 0.01) > 0.02


@pytest.mark.parametrize("text", TEXTS)
def test_windows_begin_and_end_in_silence_and_join_without_a_click(voice, text):
    windows = list(voice.speak(FRONT_END.read(text), SynthesisParams()).windows)
    for window in windows:
        assert window.dtype == np.float32
        assert window[0] == 0.0
        assert abs(window[-1]) < 1e-3
    wave = np.concatenate(windows)
    borders = np.cumsum([len(window) for window in windows])[:-1]
    assert all(np.abs(np.diff(wave[border - 240 : border + 240])).max() < 0.01 for border in borders)


def test_the_first_sound_comes_soon_within_the_answer(voice):
    wave = spoken(voice, "こんにちは。")
    assert 0.05 < np.argmax(np.abs(wave) > 0.01) / RATE < 0.2


def test_a_pause_is_where_the_comma_is(voice):
    wave = spoken(voice, "今日はいい天気です、明日も晴れます。")
    quiet = np.abs(wave[: len(wave) // 240 * 240]).reshape(-1, 240).max(axis=1) < 0.005
    runs = [len(run) for run in "".join("q" if q else " " for q in quiet).strip("q").split(" ") if run]
    assert 0.35 < max(runs) * 240 / RATE < 0.6


def test_speed_is_a_length_scale(voice):
    normal = len(spoken(voice, ARTICLE))
    assert len(spoken(voice, ARTICLE, speed=0.5)) == pytest.approx(normal * 0.5, rel=0.02)
    assert len(spoken(voice, ARTICLE, speed=2.0)) == pytest.approx(normal * 2.0, rel=0.02)


def test_pitch_is_a_factor_and_changes_no_length(voice):
    normal = spoken(voice, ARTICLE)
    for factor in (0.8, 1.25):
        shifted = spoken(voice, ARTICLE, pitch_scale=factor)
        assert len(shifted) == len(normal)
        assert fundamental(shifted) / fundamental(normal) == pytest.approx(factor, rel=0.04)


def test_it_is_deterministic_and_shared_by_threads(voice):
    expected = {text: spoken(voice, text) for text in TEXTS[:5]}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        jobs = [(text, pool.submit(spoken, voice, text)) for text in TEXTS[:5] * 4]
    assert all(np.array_equal(job.result(), expected[text]) for text, job in jobs)


def test_two_threads_speak_at_the_same_time(monkeypatch):
    together = threading.Barrier(2)

    class Engine:
        def set_speed(self, _speed):
            pass

        def add_half_tone(self, _half_tones):
            pass

        def synthesize(self, _labels):
            together.wait(timeout=10)
            return np.zeros(RATE, dtype=np.float64)

    loaded = []
    monkeypatch.setattr(engines, "load", lambda _: loaded.append(Engine()) or loaded[-1])
    voice = OpenJTalkVoice()
    for _ in range(2):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            spoken_by = [pool.submit(spoken, voice, "はい、わかりました。") for _ in range(2)]
        assert all(each.result().size for each in spoken_by)
    assert len(loaded) == 2


@pytest.mark.parametrize("text", ["", " ", "。", "？", "！？", "…", "、。", "（）", "♪", "☆★"])
def test_what_says_nothing_makes_no_window(voice, text):
    assert spoken(voice, text).size == 0


def test_open_jtalk_writes_no_warnings_for_marks():
    program = (
        "from wyoming_hayakoe import TTS\n"
        "speaker = TTS().load('mei').speakers['mei']\n"
        "for text in ['？', '？？あ', '、あ', '。', '「？」い', '！？…']:\n"
        "    speaker.generate(text)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert "WARNING" not in result.stderr


@settings(max_examples=40)
@given(
    st.lists(
        st.sampled_from(["はい、", "いいえ", "、", "東京特許許可局", "ですか？", "。", "きょう", "ん、"]), max_size=30
    )
)
def test_breath_groups_keep_every_phone_in_order(parts):
    labels = labels_of(FRONT_END.read("".join(parts)))
    groups = breath_groups(labels)
    kept = [label for _, group in groups for label in group if "-pau+" not in label]
    assert kept == [label for label in labels if "-pau+" not in label and "-sil+" not in label]
    for rest, group in groups:
        assert rest > 0
        assert "-pau+" not in group[0]
        assert "-pau+" not in group[-1]
        assert len(group) <= 1.25 * MAX_PHONES + MIN_PHONES + 1


@pytest.mark.parametrize("speed", [1.0, 5.0])
@pytest.mark.parametrize("text", ["あ" * 200, "ab" * 100, "㎡" * 200, "東京特許許可局" * 28])
def test_no_window_is_longer_than_a_breath(voice, text, speed):
    windows = islice(voice.speak(FRONT_END.read(text), SynthesisParams(speed=speed)).windows, 2)
    assert max(len(window) for window in windows) / RATE < 18
