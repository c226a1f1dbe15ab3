"""The windows of every kind of voice: all of a sentence once, and, by the pace, playback that never starves."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.engine.windows import SAFETY, Pace, computed, plan, whole

SECONDS = {"jp_extra": 512 / 44_100, "kokoro": 300 / 24_000, "piper": 256 / 22_050}
FRAME = st.sampled_from([*SECONDS.values()])
OVERLAP = st.integers(0, 40)


@st.composite
def paces(draw):
    """Machines from one that takes a hundredth of the sound to one that takes thirty times as long."""
    realtime = draw(st.floats(0.01, 30))
    return lambda seconds: Pace(draw(st.floats(0, 0.05)), realtime * seconds)


def playback(windows, pace, seconds, factor=1.0):
    """Return when the first sound leaves, and how long playback starves after it, on a machine of this pace."""
    ready, sent, kept, began, starved = 0.0, 0, 0, None, 0.0
    for window in windows:
        ready += factor * pace.window(window.last - window.first)
        kept += window.stop - window.start
        if window.is_held:
            continue
        if began is None:
            began = ready
        starved = max(starved, ready - began - sent * seconds)
        sent, kept = sent + kept, 0
    return began or 0.0, starved


def waste(windows):
    return sum(window.last - window.first for window in windows) / (windows[-1].stop - windows[0].start)


def sizes(windows):
    return [window.stop - window.start for window in windows]


PLACES = st.tuples(st.integers(0, 200), st.integers(0, 3000), st.integers(0, 50))


@given(PLACES, OVERLAP, st.integers(0, 40), FRAME, paces())
def test_every_frame_is_in_one_window_and_each_window_sees_its_neighbours(places, overlap, edge, one, at):
    start, length, rest = places
    stop, frames, edge = start + length, start + length + rest, min(edge, overlap)
    windows = plan(frames, overlap, seconds=one, pace=at(one), span=(start, stop), edge=edge)
    assert bool(windows) == bool(length)
    places = [start, *(window.stop for window in windows)]
    assert [(window.start, window.stop) for window in windows] == list(pairwise(places))
    assert places[-1] == stop
    for window in windows:
        assert window.stop > window.start
        assert window.first == max(0, window.start - (edge if window.start == start else overlap))
        assert window.last == min(frames, window.stop + (edge if window.stop == stop else overlap))


@given(st.integers(1, 6000), OVERLAP, FRAME, paces())
def test_playback_never_starves_however_slow_the_machine(frames, overlap, one, at):
    pace = at(one)
    windows = plan(frames, overlap, seconds=one, pace=pace)
    assert playback(windows, pace, one, factor=SAFETY)[1] <= 1e-9


@given(st.integers(1, 6000), OVERLAP, FRAME, paces())
def test_no_window_takes_more_memory_than_four_seconds(frames, overlap, one, at):
    windows = plan(frames, overlap, seconds=one, pace=at(one))
    assert max(sizes(windows)) * one <= 4.0
    assert not windows[-1].is_held


@given(st.integers(1, 6000), st.integers(1, 14), FRAME, paces())
def test_a_window_costs_less_than_twice_what_is_heard_of_it(frames, overlap, one, at):
    """But for the first and the last one, which may be a remainder."""
    windows = plan(frames, overlap, seconds=one, pace=at(one))
    for window in windows[1:-1]:
        assert window.last - window.first <= 2 * (window.stop - window.start)


@given(st.integers(60, 3000), st.integers(1, 14), FRAME, paces())
def test_the_first_sound_is_half_as_long_again_as_the_shortest_possible_at_most(frames, overlap, one, at):
    """A third of what is left out would starve: whatever follows it, by the best division there is."""
    pace = at(one)
    windows = plan(frames, overlap, seconds=one, pace=pace)
    head = next(window.stop for window in windows if not window.is_held)
    shorter = int(head / 1.5) - 1
    if head == frames or shorter < round(0.145 / one):
        return
    per_frame, fixed = SAFETY * pace.per_frame, SAFETY * pace.fixed
    at_frame, spent = shorter, 0.0
    while at_frame < frames:
        longest = int((one * at_frame - spent - fixed) / per_frame) - 2 * overlap
        if longest < max(round(0.145 / one), 2 * overlap):
            break
        longest = min(longest, round(2.5 / one))
        at_frame, spent = at_frame + longest, spent + fixed + per_frame * (longest + 2 * overlap)
    assert at_frame < frames


@pytest.mark.parametrize(("one", "overlap"), [*zip(SECONDS.values(), (12, 6, 12), strict=True)], ids=SECONDS)
@pytest.mark.parametrize("realtime", [None, 0.02, 0.1, 0.14])
def test_a_fast_machine_begins_after_a_seventh_of_a_second(one, overlap, realtime):
    pace = None if realtime is None else Pace(0.0, realtime * one)
    for seconds in (0.5, 1, 2, 5, 14):
        first, *_ = sizes(plan(round(seconds / one), overlap, seconds=one, pace=pace))
        assert 12 <= first <= 13


@pytest.mark.parametrize(
    ("realtime", "seconds", "most"), [(0.05, 1, 1.3), (0.1, 2, 1.3), (0.1, 5, 1.2), (0.3, 14, 1.2)]
)
def test_little_is_computed_twice(realtime, seconds, most):
    one = SECONDS["jp_extra"]
    assert waste(plan(round(seconds / one), 12, seconds=one, pace=Pace(0.003, realtime * one))) < most


@pytest.mark.parametrize(("realtime", "seconds"), [(0.3, 2), (0.5, 5), (0.8, 14), (1.5, 5), (3, 14)])
def test_a_slower_machine_begins_no_sooner_and_nobody_waits_for_the_whole(realtime, seconds):
    one = SECONDS["jp_extra"]
    frames = round(seconds / one)
    slower = Pace(0.003, realtime * one)
    begun = [
        playback(plan(frames, 12, seconds=one, pace=Pace(0.003, each * one)), Pace(0.003, each * one), one)[0]
        for each in (realtime / 2, realtime)
    ]
    assert begun[0] < begun[1] < slower.window(frames)


def test_a_short_sentence_is_one_window():
    assert sizes(plan(20, 12, seconds=SECONDS["jp_extra"])) == [20]


def test_undivided_is_one_window():
    assert [(window.first, window.last) for window in whole(5000)] == [(0, 5000)]


def test_the_sound_of_held_windows_leaves_together():
    one = SECONDS["jp_extra"]
    windows = plan(1200, 12, seconds=one, pace=Pace(0.0, 3 * one))
    held = sum(window.is_held for window in windows)
    assert held
    done = []

    def compute(window):
        done.append(window)
        return np.arange(window.start, window.stop, dtype=np.float32)

    sound = computed(windows, compute)
    first = next(sound)
    assert len(done) == held + 1
    rest = list(sound)
    assert len(rest) == len(windows) - held - 1
    assert np.array_equal(np.concatenate([first, *rest]), np.arange(1200))
