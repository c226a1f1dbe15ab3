"""Draws the ratios of a comparison."""

from collections.abc import Sequence
from pathlib import Path

from wyoming_hayakoe.cli.bench.figures import Comparison
from wyoming_hayakoe.errors import UsageError


def draw(compared: Sequence[Comparison], title: str, target: Path) -> None:
    """Write a picture of the ratio of the reference's figure to each program's, with goals as marks.

    Args:
        compared: the figures of all programs.
        title: what was measured: the voice and the machine.
        target: the file; its ending gives the format. matplotlib must be installed.

    Raises:
        UsageError: there is no ratio.
    """
    rows = [each for each in compared if each.ratios]
    if not rows:
        raise UsageError("--chart: there is no ratio to draw: add --against peer")
    from matplotlib.figure import Figure as Canvas

    programs = list(rows[0].ratios)
    canvas = Canvas(figsize=(9, 0.6 + 0.55 * len(rows)), layout="constrained")
    axes = canvas.subplots()
    height = 0.8 / len(programs)
    for number, program in enumerate(programs):
        places = [row + number * height for row in range(len(rows))]
        axes.barh(places, [each.ratios[program] for each in rows], 0.9 * height, label=program)
        goals = [each.goals.get(program, float("nan")) for each in rows]
        axes.plot(goals, places, "k|", markersize=12, label="goal" if number == 0 else None)
    axes.set_yticks([row + 0.4 - height / 2 for row in range(len(rows))], [each.what for each in rows])
    axes.axvline(1, color="black", linewidth=0.8, label=f"as {rows[0].reference}")
    axes.set(title=title, xlabel=f"figure of {rows[0].reference}, divided by that of the program")
    axes.invert_yaxis()
    canvas.legend(loc="outside right upper")
    canvas.savefig(target)
