"""Times of several forms of one graph on this machine, measured in turn: whatever slows one down slows all of them."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_hayakoe.engine.runtime.session import Feeds, Session, optimise

if TYPE_CHECKING:
    from onnx import ModelProto

BUDGET = 3.0
"""Seconds after which no further round begins."""

_MOST_ROUNDS = 7

Run = Callable[[Feeds], object]
"""Runs a graph in one of its forms, and returns when it has run."""


def measure(
    forms: Mapping[str, Run],
    feeds: Sequence[Feeds],
    *,
    budget: float = BUDGET,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Return by its name the seconds that each form takes for all of ``feeds``: of each the shortest of its runs.

    A round is a run of every form with every one of ``feeds``; every other round goes the other way round. There is
    one round at least, and seven at most. Before the first, each form runs once with the first of ``feeds``.

    Args:
        forms: by their names.
        feeds: what each form takes, at least one.
        budget: seconds after which no further round begins.
        clock: seconds since any moment.
    """
    end = clock() + budget
    for run in forms.values():
        run(feeds[0])
    shortest = {(name, position): float("inf") for name in forms for position in range(len(feeds))}
    turns = list(shortest)
    for _ in range(_MOST_ROUNDS):
        for name, position in turns:
            start = clock()
            forms[name](feeds[position])
            shortest[name, position] = min(shortest[name, position], clock() - start)
        if clock() >= end:
            break
        turns.reverse()
    return {name: sum(shortest[name, position] for position in range(len(feeds))) for name in forms}


def load(model: "ModelProto", target: Path, origin: Path) -> Session:
    """Return a session of ``model``, optimised for this machine and mapped, as a voice runs it.

    Args:
        model: the graph.
        target: the file to write, which the session needs as long as it is there.
        origin: the published file that errors name.

    Raises:
        HayakoeError: the graph cannot be loaded, or not be written.
    """
    optimise(model, target, origin)
    return Session(target, origin, is_optimised=True)
