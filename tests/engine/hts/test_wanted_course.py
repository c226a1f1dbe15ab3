"""Lengths and pitches that are wanted of Mei: told of itself they change nothing, others are followed."""

from dataclasses import replace

import numpy as np
import pytest

from tests.engine.wanted import higher, longer, pitch_ratio, seconds, spoken, told
from tests.hts_voices import mei
from tests.support import ARTICLE, FRONT_END
from wyoming_hayakoe.engine.hts.breath_groups import breath_groups, labels_of
from wyoming_hayakoe.engine.hts.distributions import DurationModel, check_file
from wyoming_hayakoe.engine.hts.label_places import aligned
from wyoming_hayakoe.engine.hts.phone_durations import phone_frames
from wyoming_hayakoe.engine.hts.tree_prosody import PitchModel
from wyoming_hayakoe.engine.hts.wanted_course import course_of, with_parts
from wyoming_hayakoe.engine.wanted_prosody import Wanted
from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.utterance import SynthesisParams, WantedProsody

PARAMS = SynthesisParams()
TEXT = "今日は、いい天気ですね。"
ODD = [
    "クァルテットとキェフ、フュージョン。",
    "あっ、ケーキ！",
    "「はい」、「いいえ」。",
    "、あ",
    "えっ！ー、あー",
    "すき焼きは３６５日？",
]


@pytest.fixture(scope="module")
def utterance(voice):
    read = FRONT_END.read(TEXT)
    return told(read, voice.prosody(read, PARAMS))


@pytest.fixture(scope="module")
def sound(voice, utterance):
    return spoken(voice, replace(utterance, wanted=()), PARAMS)[0]


@pytest.mark.parametrize("text", [*ODD, ARTICLE])
def test_all_labels_have_their_phones_and_the_lengths_are_those_of_the_timings(voice, text):
    read = FRONT_END.read(text)
    groups = breath_groups(labels_of(read))
    assert aligned(read, groups) is not None
    prosody = voice.prosody(read, PARAMS)
    timings = voice.speak(read, PARAMS).timings
    assert sum(prosody.seconds) == pytest.approx(timings[-1].start + timings[-1].duration, abs=0.01)
    assert len(prosody.seconds) == len(prosody.pitches) == len(read.phones)


def test_pitches_tell_one_accent_from_another(voice):
    chopsticks, bridge = (voice.prosody(FRONT_END.read(text), PARAMS).pitches for text in ("箸を持つ。", "橋を待つ。"))
    assert chopsticks[1] > 1.05 * bridge[1]


def test_what_it_tells_of_itself_changes_nothing(voice, utterance, sound):
    assert np.array_equal(spoken(voice, utterance, PARAMS)[0], sound)


@pytest.mark.parametrize("speed", [1.0, 0.7])
def test_lengths_are_followed_also_of_marks_and_rests(voice, utterance, speed):
    params = SynthesisParams(speed=speed)
    place = utterance.phones.index(",")
    usual = seconds(voice, replace(utterance, wanted=()), params)
    change = {"p2": 0.3, f"p{place}": 0.6, "p0": 0.4, f"p{len(utterance.phones) - 1}": 0.5}
    heard, timings = spoken(voice, longer(utterance, **change), params)
    assert len(heard) / voice.sample_rate - usual == pytest.approx(speed * sum(change.values()), abs=0.02)
    assert timings[-1].start + timings[-1].duration == pytest.approx(len(heard) / voice.sample_rate)
    assert timings[0].duration == pytest.approx(0.5 * speed, abs=1e-4)


def test_pitch_is_followed_where_it_is_wanted_and_the_length_stays(voice, utterance, sound):
    place = utterance.phones.index(",") + 1
    changed, timings = spoken(voice, higher(utterance, 1.3, range(place, len(utterance.phones))), PARAMS)
    assert len(changed) == len(sound)
    rest = [timing.phone for timing in timings].index("_", 1)
    cut = round((timings[rest].start - 0.05) * voice.sample_rate)
    before, after = (
        pitch_ratio(changed[part], sound[part], voice.sample_rate) for part in (slice(cut), slice(cut, None))
    )
    assert before == pytest.approx(1.0, abs=0.05)
    assert after == pytest.approx(1.3, abs=0.05)


def test_pitch_and_intonation_are_applied_on_top(voice, utterance, sound):
    params = SynthesisParams(pitch_scale=0.8, intonation_scale=0.5)
    changed, _ = spoken(voice, higher(utterance, 1.3, range(len(utterance.phones))), params)
    assert pitch_ratio(changed, sound, voice.sample_rate) == pytest.approx(1.04, abs=0.06)


def test_the_file_that_is_made_has_the_lengths_and_is_checked_like_any_other(utterance):
    data = mei()
    durations = DurationModel.parse(data)
    models = durations, PitchModel.parse(data, durations)
    groups = breath_groups(labels_of(utterance))
    changed = Wanted.of(higher(longer(utterance, p2=0.2), 0.7, range(4)))
    course = course_of(utterance, groups, aligned(utterance, groups), changed, models)
    for (_, labels), model, parts in zip(course.groups, course.models, course.parts, strict=True):
        # The engine's own buffers are longer than what is taken of others.
        short = {label: f"*-p{number}+*" for number, label in enumerate(labels)}
        as_short = {name: _with_labels(part, short) for name, part in parts.items()}
        made = with_parts(data, as_short)
        check_file(made)
        again = DurationModel.parse(made)
        names = [each.replace("*", "x") for each in short.values()]
        assert phone_frames(again, names) == phone_frames(model, labels)


def _with_labels(part, short):
    for label, pattern in short.items():
        part = part.replace(f"*{label}*".encode(), pattern.encode())
    return part


@pytest.mark.parametrize("odd", [0.0, 1e9, -3.0, float("nan")])
def test_odd_values_are_spoken_within_bounds(voice, odd):
    read = FRONT_END.read("え。")
    wanted = replace(read, wanted=tuple(WantedProsody(odd, odd) for _ in read.phones))
    assert 0.02 < seconds(voice, wanted, PARAMS) <= 5.1 * len(read.phones)


def test_a_breath_group_that_is_too_long_is_an_error(voice):
    read = FRONT_END.read("おはようございます。")
    wanted = replace(read, wanted=tuple(WantedProsody(4.9) for _ in read.phones))
    with pytest.raises(UsageError, match="add up to"):
        next(voice.speak(wanted, PARAMS).windows)
