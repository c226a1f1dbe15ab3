"""A voice of Kokoro in the shape of all voices, spoken through the library."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

from tests.kokoro import NAME, loaded, make_voice, prepared
from tests.support import FRONT_END
from wyoming_hayakoe.engine.kokoro import voice_files
from wyoming_hayakoe.engine.prepare.pace import forecast
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Delivery

TEXT = "今日は、いい天気ですね。"
PARAMS = SynthesisParams()


@pytest.fixture(scope="module")
def voice():
    return loaded()


@pytest.fixture(scope="module")
def speaker(voice):
    return Speaker(voice, FRONT_END)


@pytest.fixture(scope="module")
def said(speaker):
    return speaker.generate(TEXT, with_timing=True)


def numbers(audio):
    return audio.data.astype(np.int64)


def sound(voice, text, params=PARAMS, **delivery):
    return np.concatenate(list(voice.speak(FRONT_END.read(text), params, Delivery(**delivery)).windows))


def test_it_says_what_it_is(voice):
    assert voice.name == NAME
    assert voice.languages == ("ja",)
    assert voice.styles == ("normal",)
    assert voice.sample_rate == 24_000
    assert "hexgrad" in voice.credit.author
    assert "Apache" in voice.credit.licence


def test_the_recordings_are_credited_where_the_model_names_them():
    assert "Koniwa" not in voice_files.credit("jf_alpha").author
    for name in ("jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo"):
        assert "Koniwa" in voice_files.credit(name).author


def test_it_is_prepared_and_has_spoken(voice):
    assert voice.is_compiled
    assert voice.is_ready
    assert voice.has_spoken
    assert 0 < forecast(voice.report).realtime < 1000
    assert voice.report["seconds"] > 0


def test_another_object_of_the_same_folder_can_speak_at_once():
    other = make_voice(NAME, prepared())
    assert other.is_compiled
    assert other.has_spoken
    assert not other.is_ready


def test_windows_are_what_generate_returns_whatever_the_seed(speaker, said):
    windows = np.concatenate([numbers(audio) for audio in speaker.stream(TEXT, seed=7)])
    assert np.array_equal(windows, numbers(said))


def test_timings_are_the_phones_without_gaps(said):
    phones = [timing.phone for timing in said.timings]
    assert "".join(phones) == "_kyoowa,iiteNkidesune._"
    for before, after in pairwise(said.timings):
        assert before.start + before.duration == pytest.approx(after.start)
    assert said.timings[0].start == 0.0
    last = said.timings[-1]
    assert last.start + last.duration == pytest.approx(said.duration, abs=1e-3)


def test_geminates_are_silent_where_their_timings_are(speaker):
    audio = speaker.generate("きっと、まっすぐ。", with_timing=True)
    power = {
        phones: np.mean(
            [
                np.square(numbers(audio)[round(each.start * audio.sr) :][: round(each.duration * audio.sr)]).mean()
                for each in audio.timings
                if each.phone in phones
            ]
        )
        for phones in ("q", "iaou")
    }
    assert power["q"] < 0.5 * power["iaou"]


def test_nothing_is_over_full_scale_and_raw_is_the_level_of_the_network(voice):
    usual, raw = sound(voice, "はい！"), sound(voice, "はい！", raw=True)
    assert np.abs(usual).max() < 0.98
    assert len(usual) == len(raw)


def test_marks_and_nothing_are_silent(voice):
    speech = voice.speak(FRONT_END.read("……"), PARAMS)
    assert list(speech.windows) == []
    assert list(speech.timings) == []


def test_it_rests_longer_behind_a_full_stop_than_behind_nothing_and_by_its_speed(voice):
    stop, question, none = (FRONT_END.read(text) for text in ("晴れです。", "晴れですか？", "晴れ"))
    rests = [voice.pause(before, stop, PARAMS) for before in (none, stop, question)]
    assert 0.08 <= rests[0] < rests[1] <= rests[2] < 0.6
    assert voice.pause(stop, stop, SynthesisParams(speed=0.5)) == pytest.approx(rests[1] / 2)
    assert voice.pause(stop, stop, SynthesisParams(speed=0.2)) == 0.08


def test_a_sentence_longer_than_the_model_takes_is_spoken_in_lines(voice):
    long = "東京都" * 120 + "です。"
    utterance = FRONT_END.read(long)
    speech = voice.speak(utterance, SynthesisParams(speed=0.2), Delivery())
    first = next(speech.windows)
    assert len(first)
    symbols = sum(len(phone) for phone in utterance.phones)
    assert symbols > 510


def test_several_threads_may_speak(voice):
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: sound(voice, "はい。"), range(3)))
    assert all(np.array_equal(each, found[0]) for each in found)
