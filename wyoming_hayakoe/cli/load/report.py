"""Figures of a run."""

from collections import Counter
from collections.abc import Sequence

from wyoming_hayakoe.cli.bench.figures import Figure, percentile
from wyoming_hayakoe.cli.load.drive import Outcome

_SHARES = (50, 90, 95, 99)


def summarise(outcomes: Sequence[Outcome]) -> list[Figure]:
    """Return the figures of a run with at least one request: counts, rates and percentiles of the waits.

    Waits are those of answered requests, from their due time. Failed requests are counted by their error's code;
    ``busy`` is always listed.
    """
    answered = [outcome for outcome in outcomes if outcome.problem is None]
    length = max(outcome.ended for outcome in outcomes)
    return [
        Figure("length", length, "s", ""),
        Figure("requests", len(outcomes), "", ""),
        Figure("answered", len(answered), "", ""),
        *(Figure(f"failed: {problem}", count, "", "") for problem, count in problems(outcomes).items()),
        Figure("answered per second", len(answered) / length, "", ""),
        Figure("speech per second", sum(outcome.speech for outcome in answered) / length, "s", ""),
        *_times("first audio", [outcome.waited for outcome in answered]),
        *_times("whole answer", [outcome.ended - outcome.due for outcome in answered]),
        # Where this is not small beside the others, they measure a load generator that was too slow.
        *_times("asked late", [outcome.asked - outcome.due for outcome in outcomes]),
    ]


def problems(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Return the number of failed requests by error code; ``busy``, the code of refused requests, comes first."""
    return {"busy": 0} | Counter(outcome.problem for outcome in outcomes if outcome.problem)


def _times(what: str, times: Sequence[float]) -> list[Figure]:
    return [Figure(f"{what}, {share} %", 1000 * percentile(times, share), "ms", "") for share in _SHARES if times]
