"""Times of several forms, measured in turn."""

import pytest

from wyoming_hayakoe.engine.prepare.timing import measure


class Machine:
    """A clock that each run moves on, by the seconds of its form and of what it takes."""

    def __init__(self, **seconds):
        self.now = 100.0
        self.ran = []
        self.slowness = 1.0
        self.forms = {name: lambda feeds, name=name: self.run(name, feeds) for name in seconds}
        self._seconds = seconds

    def run(self, name, feeds):
        self.ran.append((name, feeds["length"]))
        self.now += self._seconds[name] * feeds["length"] * self.slowness

    def clock(self):
        return self.now

    def measure(self, *lengths, budget):
        return measure(self.forms, [{"length": each} for each in lengths], budget=budget, clock=self.clock)


def test_each_form_has_the_sum_of_its_times_for_all_it_takes():
    assert Machine(a=1.0, b=0.5).measure(1, 4, budget=99) == {"a": pytest.approx(5.0), "b": pytest.approx(2.5)}


def test_forms_take_turns_in_both_directions_after_one_run_that_does_not_count():
    machine = Machine(a=1.0, b=1.0)
    machine.measure(1, 2, budget=10)
    before, first, second = machine.ran[:2], machine.ran[2:6], machine.ran[6:]
    assert before == [("a", 1), ("b", 1)]
    assert sorted(first) == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert second == first[::-1]


def test_the_shortest_run_counts():
    machine = Machine(a=1.0, b=1.0)
    usual = machine.run

    def run(name, feeds):
        # The machine is busy during the first round.
        machine.slowness = 9.0 if len(machine.ran) in range(2, 4) else 1.0
        usual(name, feeds)

    machine.run = run
    assert machine.measure(1, budget=99) == {"a": pytest.approx(1.0), "b": pytest.approx(1.0)}


@pytest.mark.parametrize(("budget", "rounds"), [(0.0, 1), (5.0, 2), (1e9, 7)])
def test_rounds_end_with_the_budget(budget, rounds):
    machine = Machine(a=1.0, b=1.0)
    machine.measure(1, budget=budget)
    assert len(machine.ran) == 2 + 2 * rounds
