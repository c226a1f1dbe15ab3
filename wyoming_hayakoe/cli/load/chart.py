"""Chart of a run's waits."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_hayakoe.cli.load.drive import Outcome
from wyoming_hayakoe.cli.load.report import problems
from wyoming_hayakoe.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(outcomes: Sequence[Outcome], title: str, target: Path) -> None:
    """Write an image file: the cumulative distribution of the waits, and each request's wait over time.

    Raises:
        UsageError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure as Canvas
    except ImportError:
        raise UsageError("--chart: matplotlib is not installed: run script/setup dev") from None
    canvas = Canvas(figsize=(11, 4.5), layout="constrained")
    canvas.suptitle(title)
    shares, times = canvas.subplots(1, 2)
    _draw_shares(shares, [outcome for outcome in outcomes if outcome.problem is None])
    _draw_times(times, outcomes)
    canvas.savefig(target)


def _draw_shares(axes: "Axes", answered: Sequence[Outcome]) -> None:
    if answered:
        axes.ecdf([1000 * outcome.waited for outcome in answered], label="first audio")
        axes.ecdf([1000 * (outcome.ended - outcome.due) for outcome in answered], label="whole answer")
        axes.set_xscale("log")
        axes.legend()
    for share in (0.5, 0.95):
        axes.axhline(share, color="grey", linewidth=0.5)
    axes.set(xlabel="milliseconds from the request's due time", ylabel="share of the answered requests", ylim=(0, 1))


def _draw_times(axes: "Axes", outcomes: Sequence[Outcome]) -> None:
    for problem in (None, *problems(outcomes)):
        those = [outcome for outcome in outcomes if outcome.problem == problem]
        if those:
            axes.scatter(
                [outcome.due for outcome in those],
                [1000 * outcome.waited for outcome in those],
                s=8 if problem is None else 24,
                marker="." if problem is None else "x",
                label=problem or "first audio",
            )
    axes.set(xlabel="seconds", ylabel="milliseconds")
    axes.set_ylim(bottom=0)
    axes.legend()
