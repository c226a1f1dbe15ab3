"""The windows of the generator: all of a sentence once, each with its overlap, and no longer than the sound allows."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.engine.kokoro.windows import EDGE, OVERLAP, plan


@given(st.integers(0, 200), st.integers(0, 3000), st.integers(0, 50), st.floats(0.01, 20) | st.none())
def test_every_frame_is_in_one_window_and_each_window_sees_its_neighbours(start, length, rest, pace):
    stop, frames = start + length, start + length + rest
    windows = plan(start, stop, frames, pace)
    places = [place for window in windows for place in range(window.start, window.stop)]
    assert places == list(range(start, stop))
    for window in windows:
        assert window.first == max(0, window.start - (EDGE if window.start == start else OVERLAP))
        assert window.last == min(frames, window.stop + (EDGE if window.stop == stop else OVERLAP))


@given(st.integers(100, 3000), st.floats(0.01, 20) | st.none())
def test_none_is_a_scrap(frames, pace):
    sizes = [window.stop - window.start for window in plan(0, frames, frames, pace)]
    assert all(after >= before / 2 - 1 for before, after in pairwise(sizes))
    assert max(sizes) <= 216 * 1.5


def test_they_begin_small_and_grow():
    windows = plan(0, 2000, 2000, 0.15)
    assert [window.stop - window.start for window in windows[:4]] == [12, 36, 108, 216]


@pytest.mark.parametrize("pace", [0.05, 0.25, 0.5, 0.6, 0.7])
def test_a_window_is_computed_while_the_one_before_it_sounds(pace):
    first, *others = plan(0, 2000, 2000, pace)
    ready, heard = 0.0, float(first.stop)
    for window in others[:-1]:
        ready = ready + pace * (window.last - window.first)
        assert ready <= heard
        heard += window.stop - window.start
