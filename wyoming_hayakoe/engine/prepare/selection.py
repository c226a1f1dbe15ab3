"""The selection of an int8 form for each group of convolutions: the most time saved that the noise budget allows.

This is a multiple-choice knapsack with several budgets, which branch and bound solves exactly (Kellerer, Pferschy and
Pisinger 2004, "Knapsack Problems", chapter 11): groups are few, and their noises much alike from figure to figure.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wyoming_hayakoe.engine.prepare.quantize import Form

Plan = Mapping[str, Form]
"""The forms of the groups that run in int8; the others stay in fp32."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One group in one form."""

    group: str
    form: Form

    saved: float
    """Time that the form saves, as a share of all the time in fp32."""

    costs: tuple[float, ...]
    """Noise of this group alone, as shares of what the gate allows: one for each of its figures."""


def promising(options: Collection[Candidate], excess: Sequence[float], budget: float = 1.0) -> Plan:
    """Return the plan that saves the most time within the budget; an empty one where no option fits.

    Args:
        options: at most one for each group and form, in any order.
        excess: for each of the gate's figures, the factor by which plans are noisier than the sum of their groups.
        budget: the greatest sum of costs, for each of the gate's figures.
    """
    scaled = [
        Candidate(each.group, each.form, each.saved, tuple(map(math.prod, zip(each.costs, excess, strict=True))))
        for each in options
    ]
    groups: dict[str, list[Candidate]] = {}
    for option in sorted(scaled, key=lambda each: (-each.saved, each.costs, each.group, each.form)):
        kept = groups.setdefault(option.group, [])
        fits = option.saved > 0 and all(cost <= budget for cost in option.costs)
        # The options before it save as much.
        if fits and not any(_is_quieter(other, option) for other in kept):
            kept.append(option)
    search = _BranchAndBound([kept for kept in groups.values() if kept], len(excess))
    search.visit(0, (), 0.0, (budget,) * len(excess))
    return {option.group: option.form for option in search.best}


def _is_quieter(one: Candidate, other: Candidate) -> bool:
    return all(cost <= most for cost, most in zip(one.costs, other.costs, strict=True))


class _BranchAndBound:
    """A search for the best plan, group by group, that leaves out branches that cannot beat the best one so far."""

    def __init__(self, groups: Sequence[Sequence[Candidate]], figures: int) -> None:
        self.best: tuple[Candidate, ...] = ()
        self._most = 0.0
        self._groups = groups
        # For each figure: the steps of all groups from a position on, the best first.
        self._steps = [
            [
                sorted((step for group in groups[position:] for step in _increments(group, figure)), reverse=True)
                for figure in range(figures)
            ]
            for position in range(len(groups) + 1)
        ]

    def visit(self, position: int, chosen: tuple[Candidate, ...], saved: float, left: tuple[float, ...]) -> None:
        """Try all plans that begin with ``chosen``, and continue with the groups from ``position`` on."""
        if saved > self._most:
            self.best, self._most = chosen, saved
        if position == len(self._groups) or saved + self._bound(position, left) <= self._most:
            return
        for option in self._groups[position]:
            rest = tuple(each - cost for each, cost in zip(left, option.costs, strict=True))
            if all(each >= 0 for each in rest):
                self.visit(position + 1, (*chosen, option), saved + option.saved, rest)
        self.visit(position + 1, chosen, saved, left)

    def _bound(self, position: int, left: Sequence[float]) -> float:
        """Return a saving that no plan of the groups from ``position`` on exceeds: that with parts of options."""
        return min(map(_filled, self._steps[position], left))


@dataclass(frozen=True, slots=True, order=True)
class _Increment:
    """The change from one option of a group to a noisier one that saves more."""

    rate: float
    """Saving for each unit of cost; infinite where it costs nothing."""

    saved: float
    cost: float


def _increments(options: Sequence[Candidate], figure: int) -> Iterator[_Increment]:
    """Yield the steps along the upper hull of savings over costs in one figure, each at a lower rate than the last."""
    points = sorted((option.costs[figure], option.saved) for option in options)
    cost = saved = 0.0
    while ahead := [_increment(x - cost, y - saved) for x, y in points if y > saved]:
        step = max(ahead)
        yield step
        cost, saved = cost + step.cost, saved + step.saved


def _increment(cost: float, saved: float) -> _Increment:
    return _Increment(saved / cost if cost > 0 else math.inf, saved, max(0.0, cost))


def _filled(steps: Sequence[_Increment], left: float) -> float:
    """Return the saving of the best steps, the last one in part, that a budget pays for."""
    saved = 0.0
    for step in steps:
        if step.cost > left:
            return saved + step.rate * left
        saved += step.saved
        left -= step.cost
    return saved
