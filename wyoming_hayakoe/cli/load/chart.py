"""Chart of a run's waits."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_hayakoe.cli.bench.figures import percentile
from wyoming_hayakoe.cli.load.drive import Outcome
from wyoming_hayakoe.cli.load.report import problems

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

_SHARES = (50, 95)


def draw(outcomes: Sequence[Outcome], title: str, target: Path) -> None:
    """Write an image file: the cumulative distribution of the waits, and each request's wait over time.

    Args:
        outcomes: those of the run.
        title: what was measured: the load, the server and the voice.
        target: the file; its ending gives the format. matplotlib must be installed.
    """
    made(outcomes, title).savefig(target)


def made(outcomes: Sequence[Outcome], title: str) -> "Canvas":
    """Return the picture that :func:`draw` writes."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(11, 4.8), layout="constrained")
    canvas.suptitle(title)
    shares, times = canvas.subplots(1, 2)
    _draw_shares(shares, [outcome for outcome in outcomes if outcome.problem is None])
    _draw_times(times, outcomes)
    return canvas


def _draw_shares(axes: "Axes", answered: Sequence[Outcome]) -> None:
    if answered:
        waits = [1000 * outcome.waited for outcome in answered]
        axes.ecdf(waits, label="first audio")
        axes.ecdf([1000 * (outcome.ended - outcome.due) for outcome in answered], label="whole answer")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        for share, style in zip(_SHARES, ("--", ":"), strict=True):
            wait = percentile(waits, share)
            axes.axvline(
                wait, color="grey", linewidth=1, linestyle=style, label=f"{share} % have first audio in {wait:.0f} ms"
            )
        axes.legend(loc="upper left", fontsize="small")
    axes.set(
        title=f"Waits of the {len(answered)} answered requests",
        xlabel="milliseconds since the request was due",
        ylabel="share of the answered requests",
        ylim=(0, 1),
    )


def _draw_times(axes: "Axes", outcomes: Sequence[Outcome]) -> None:
    for problem in (None, *problems(outcomes)):
        those = [outcome for outcome in outcomes if outcome.problem == problem]
        if those:
            axes.scatter(
                [outcome.due for outcome in those],
                [1000 * outcome.waited for outcome in those],
                s=8 if problem is None else 24,
                marker="." if problem is None else "x",
                label=f"first audio ({len(those)})" if problem is None else f"failed: {problem} ({len(those)})",
            )
    axes.set(
        title="Each request",
        xlabel="seconds since the run began, when the request was due",
        ylabel="milliseconds to first audio, or to the error",
    )
    axes.set_ylim(bottom=0)
    axes.legend(fontsize="small")
