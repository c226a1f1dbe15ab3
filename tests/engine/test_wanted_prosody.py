"""Wanted lengths and pitches by themselves: units, bounds, shares and factors; and what is usual for an accent."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.wanted import told
from tests.support import FRONT_END
from wyoming_hayakoe.engine.nominal_prosody import nominal_pitches, nominal_prosody
from wyoming_hayakoe.engine.wanted_prosody import LONGEST, Wanted, WantedLength, retimed, shared
from wyoming_hayakoe.utterance import WantedProsody

TEXT = "「今日」は、いい天気です？"
COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=12).map(lambda each: np.array(each, dtype=np.int64))


def wanting(utterance, **by_place):
    """Return an utterance of which something is wanted of some phones, by ``p`` and their place."""
    wanted = [by_place.get(f"p{place}", WantedProsody()) for place in range(len(utterance.phones))]
    return replace(utterance, wanted=tuple(wanted))


@pytest.mark.parametrize("text", [TEXT, "あ", "。", "っ", "クァルテット、キェ！？", "ー"])
def test_usual_values_are_one_for_each_phone(text):
    utterance = FRONT_END.read(text)
    prosody = nominal_prosody(utterance)
    assert len(prosody.seconds) == len(prosody.pitches) == len(utterance.phones)
    assert all(0.0 <= each < 1.0 for each in prosody.seconds)
    assert all(not each or 100.0 < each < 500.0 for each in prosody.pitches)


def test_usual_pitches_follow_accent_and_question():
    chopsticks, bridge = (nominal_pitches(FRONT_END.read(text)) for text in ("箸を", "橋を"))
    assert chopsticks[1] > chopsticks[3]
    assert bridge[1] < bridge[3]
    statement, question = (nominal_pitches(FRONT_END.read(text)) for text in ("雨。", "雨？"))
    assert statement[1] == question[1]
    assert question[-3] > 1.2 * statement[-3]


def test_a_devoiced_vowel_and_a_geminate_have_no_pitch():
    utterance = FRONT_END.read("きってです。")
    silent = {utterance.phones[place] for place, pitch in enumerate(nominal_pitches(utterance)) if not pitch}
    assert "q" in silent
    assert [pitch for phone, pitch in zip(utterance.phones, nominal_pitches(utterance), strict=True) if phone == "e"]


def test_nothing_wanted_is_nothing():
    utterance = FRONT_END.read(TEXT)
    assert Wanted.of(utterance) is None
    assert Wanted.of(wanting(utterance)) is None


def test_a_length_is_that_of_a_unit_and_its_parts_are_added():
    utterance = FRONT_END.read("はい、」どうぞ。")
    place = utterance.phones.index(",")
    one, both = WantedProsody(seconds=0.2), {f"p{place}": WantedProsody(0.2), f"p{place + 1}": WantedProsody(0.3)}
    assert not Wanted.of(wanting(utterance, **{f"p{place}": one, "p1": one})).part(2, 3).lengths
    assert Wanted.of(wanting(utterance, **both)).lengths == [WantedLength(range(place, place + 2), 0.5)]


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -1.0, 1e300, 0.0])
def test_odd_values_are_bounded_or_ignored(odd):
    utterance = wanting(FRONT_END.read("あ"), p1=WantedProsody(odd, odd), p0=WantedProsody(0.1))
    wanted = Wanted.of(utterance)
    assert all(0.0 <= length.seconds <= LONGEST for length in wanted.lengths)
    factors = wanted.factors((0.0, 200.0, 0.0), (0.0, 0.1, 0.2, 0.3))
    assert factors is None or 0.24 < factors(np.array([0.15]))[0] < 4.01


def test_a_part_has_what_is_wanted_of_its_phones_and_only_the_outer_rests():
    utterance = FRONT_END.read("かきくけこ")
    wanted = Wanted.of(told(utterance, nominal_prosody(utterance)))
    first, second = wanted.part(1, 4), wanted.part(5, 6)
    assert [each.places.start for each in first.lengths] == [0, 1, 2, 3, 4]
    assert [each.places.start for each in second.lengths] == [1, 2, 3, 4, 5, 6, 7]
    assert list(first.pitches) == [None, *wanted.pitches[1:5], None]


def test_factors_are_one_where_nothing_differs_and_hold_within_a_mora():
    wanted = Wanted([], [None, 200.0, 300.0, 200.1, None])
    own, edges = (0.0, 200.0, 200.0, 200.0, 0.0), (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    factors = wanted.factors(own, edges)
    assert factors(np.array([0.0, 0.15, 0.24, 0.26, 0.35])) == pytest.approx([1.0, 1.0, 1.5, 1.5, 1.0])
    assert wanted.factors((0.0, 200.0, 300.0, 200.0, 0.0), edges) is None


@given(COUNTS, st.integers(0, 300))
def test_shares_sum_to_the_total_and_none_is_negative(own, total):
    frames = shared(own, total)
    assert frames.sum() == total
    assert (frames >= 0).all()
    assert (shared(own, int(own.sum())) == own).all()


@given(COUNTS.filter(lambda each: len(each) >= 3), st.floats(0.0, 1.0))
def test_only_what_is_wanted_is_retimed(durations, seconds):
    spans = [(place, place + 1) for place in range(len(durations))]
    changed = retimed(durations, spans, [WantedLength(range(1, 2), seconds)], 0.01)
    assert changed[0] == durations[0]
    assert (changed[2:] == durations[2:]).all()
    assert changed[1] == durations[1] or changed[1] == max(1, round(seconds / 0.01))
