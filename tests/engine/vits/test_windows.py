"""In which windows a sentence is decoded."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.engine.vits.windows import plan


@given(st.integers(1, 6000), st.integers(2, 40))
def test_every_frame_is_in_one_window_and_each_window_sees_its_neighbours(frames, reach):
    windows = plan(frames, reach)
    assert [window.start for window in windows] == [0, *(window.stop for window in windows[:-1])]
    assert windows[-1].stop == frames
    for window in windows:
        assert window.first == max(0, window.start - (reach - 1))
        assert window.last == min(frames, window.stop + reach - 1)


def test_ten_seconds_cost_under_15_percent_more_than_undivided():
    windows = plan(861, 13)
    assert sum(window.last - window.first for window in windows) < 1.15 * 861


@given(st.integers(100, 6000))
def test_the_first_is_small_and_none_is_a_scrap(frames):
    sizes = [window.stop - window.start for window in plan(frames, 13)]
    assert sizes[0] == 12
    assert all(after >= before / 2 for before, after in pairwise(sizes))
    assert max(sizes) <= 1.5 * 216


def test_undivided_is_one_window():
    assert len(plan(500, 500)) == 1
