"""Figures, and what takes them."""

import json
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.text.explain import columns

GREETING = "こんにちは。"
"""What a listener waits for most impatiently."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    value: float
    unit: str
    goal: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line of a table with a column for each program."""

    what: str
    unit: str

    values: Mapping[str, float]
    """By program; ``peer`` is the one that the others are measured against."""

    goals: Mapping[str, float]
    """What the peer's value is to be in that of a program, by program."""

    @property
    def ratios(self) -> dict[str, float]:
        """The peer's value in that of each other program."""
        peer = self.values.get("peer")
        return {name: peer / value for name, value in self.values.items() if peer and value and name != "peer"}


def milliseconds(work: Callable[[], object], times: int = 21) -> float:
    """Return the median time that ``work`` takes when it is warm."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return 1000 * statistics.median(taken)


def percentile(values: Sequence[float], share: int) -> float:
    """Return the least of ``values`` that ``share`` percent of them do not pass: a measured one, none in between."""
    return sorted(values)[max(0, math.ceil(len(values) * share / 100) - 1)]


def megabytes(pid: int) -> dict[str, float]:
    """Return the sizes of a process that Linux counts in kilobytes, by their names in /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        raise HayakoeError("memory can be measured on Linux only") from None
    sizes = (line.split() for line in status.splitlines() if line.endswith(" kB"))
    return {name.rstrip(":"): int(kilobytes) / 1024 for name, kilobytes, _ in sizes}


def show(figures: Sequence[Figure | Comparison], json_file: str | None) -> None:
    """Print ``figures`` as a table, and write them to ``json_file`` if there is one; ``-`` prints JSON instead."""
    encoded = json.dumps([asdict(figure) for figure in figures], ensure_ascii=False, indent=2)
    if json_file == "-":
        print(encoded)
        return
    print(_table(figures))
    if json_file is not None:
        Path(json_file).write_text(encoded + "\n", encoding="utf-8")


def _table(figures: Sequence[Figure | Comparison]) -> str:
    rows = []
    for figure in figures:
        if isinstance(figure, Figure):
            value = str(figure.value) if isinstance(figure.value, int) else f"{figure.value:.2f}"
            rows.append([figure.what, value, figure.unit, figure.goal])
            continue
        cells = [f"{name} {value:.0f}" for name, value in figure.values.items()]
        for name, ratio in figure.ratios.items():
            goal = f" (goal {figure.goals[name]:g})" if name in figure.goals else ""
            cells.append(f"peer/{name} {ratio:.2f}{goal}")
        rows.append([figure.what, figure.unit, *cells])
    widest = max(map(len, rows), default=0)
    return columns([[*row, *[""] * (widest - len(row))] for row in rows])
