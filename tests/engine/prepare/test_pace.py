"""The pace of a voice: measured on a machine with other work, kept in a report, and read again."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.engine.prepare.pace import (
    SENTENCE,
    Clock,
    accepts_pace,
    as_json,
    forecast,
    kept_pace,
    measured,
    read_by,
)
from wyoming_hayakoe.engine.windows import Pace

FRAME = 512 / 44_100
PACE = Pace(0.002, 0.0015, 0.03, 0.0002)
KEPT = as_json(PACE, seconds=FRAME, overlap=12)


class Machine:
    """A clock that goes on with what is run: ``share`` of the machine is this program's."""

    def __init__(self, fixed, per_frame, shares=(1.0,), threads=1):
        self.line = fixed, per_frame
        self.shares = shares
        self.threads = threads
        self.now = self.computed = self.waited = 0.0
        self.runs = []

    def run(self, frames):
        share = self.shares[len(self.runs) % len(self.shares)]
        self.runs.append(frames)
        seconds = self.line[0] + frames * self.line[1]
        self.now += seconds / share
        self.computed += seconds * self.threads
        self.waited += (seconds / share - seconds) * self.threads

    def measured(self, lengths=(24, 60, 240), **how):
        clock = Clock(lambda: self.now, lambda: self.computed, lambda: self.waited)
        return measured(self.run, lengths, clock=clock, **{"threads": self.threads, **how})


@pytest.mark.parametrize(("fixed", "per_frame"), [(0.004, 0.002), (0.0, 0.0001), (0.3, 0.05)])
def test_what_is_measured_is_what_it_takes(fixed, per_frame):
    assert Machine(fixed, per_frame).measured() == pytest.approx((fixed, per_frame), abs=1e-9)


def test_other_work_that_comes_and_goes_makes_no_voice_slow():
    machine = Machine(0.004, 0.0002, shares=(0.1, 0.3, 1.0, 0.2, 0.5, 0.05, 0.7), threads=4)
    fixed, per_frame = machine.measured()
    for frames in (24, 240):
        assert fixed + frames * per_frame <= 1.7 * (0.004 + frames * 0.0002)


def test_other_work_that_stays_makes_it_half_as_slow_again_at_most():
    fixed, per_frame = Machine(0.004, 0.0002, shares=(0.1,), threads=4).measured()
    assert (fixed, per_frame) == pytest.approx((1.5 * 0.004, 1.5 * 0.0002))


def test_what_uses_few_of_the_threads_is_as_slow_as_it_is():
    for share in (1.0, 0.3):
        machine = Machine(0.004, 0.0002, shares=(share,))
        assert machine.measured(threads=8) == pytest.approx((0.004, 0.0002))


def test_a_slow_machine_is_measured_in_one_round():
    machine = Machine(0.0, 0.1)
    machine.measured(budget=3.0)
    assert machine.runs == [24, 60, 240] * 2


@given(st.lists(st.floats(0.001, 10), min_size=3, max_size=3))
def test_no_noise_makes_a_pace_that_cannot_be(times):
    clock = [0.0]

    def run(frames):
        clock[0] += times[(24, 60, 240).index(frames)]

    now = Clock(lambda: clock[0], lambda: clock[0], lambda: 0.0)
    fixed, per_frame = measured(run, (24, 60, 240), clock=now)
    assert math.isfinite(fixed)
    assert math.isfinite(per_frame)
    assert fixed >= 0
    assert per_frame >= 0
    assert fixed + per_frame > 0


def test_a_pace_is_read_as_it_was_kept():
    report = json.loads(json.dumps({"pace": KEPT}))
    assert kept_pace(report) == PACE
    assert accepts_pace(report)


ODD = (None, True, "1", [], {}, -1.0, 1e9, 10**400, float("nan"), float("inf"))


@pytest.mark.parametrize("key", KEPT)
def test_a_pace_that_cannot_be_is_not_accepted(key):
    for odd in ODD:
        assert not accepts_pace({"pace": {**KEPT, key: odd}}), odd
    assert not accepts_pace({"pace": {other: KEPT[other] for other in KEPT if other != key}})


@pytest.mark.parametrize("report", [{}, *({"pace": odd} for odd in ODD)])
def test_a_report_without_a_pace_tells_nothing(report):
    assert kept_pace(report) is None
    assert forecast(report) is None
    assert not accepts_pace(report)


@pytest.mark.parametrize(("slower", "words"), [(1, ""), (12, "begins later, after about")])
def test_a_forecast_is_of_one_sentence(slower, words):
    pace = Pace(*(slower * each for each in (PACE.fixed, PACE.per_frame, PACE.ahead_fixed, PACE.ahead_per_frame)))
    found = forecast({"pace": as_json(pace, seconds=FRAME, overlap=12)})
    frames = round(SENTENCE / FRAME)
    assert pace.ahead(frames) < found.first_audio < pace.ahead(frames) + pace.window(frames)
    assert 1 < found.waste < 2
    assert (found.realtime > 1) == bool(found.line) == bool(words)
    assert words in found.line
    assert "\n" not in found.line


def test_a_voice_whose_sentences_another_model_reads_waits_for_that_one_too():
    report, reader = {"pace": KEPT, "hop": 512}, {"pace": as_json(Pace(0.0, 0.0, 0.01, 0.003), seconds=0.15, overlap=0)}
    both = read_by(report, reader)
    assert both["hop"] == 512
    spent = forecast(both).first_audio - forecast(report).first_audio
    assert spent == pytest.approx(0.01 + 0.003 * SENTENCE / 0.15, rel=0.01)
    for odd in ({}, {"pace": None}, {"pace": {**reader["pace"], "seconds": 0}}):
        assert read_by(report, odd) == report
        assert read_by(odd, reader) == odd
