"""Figures: their measurement, and their table."""

import json
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.text.explain import columns

GREETING = "こんにちは。"
"""The shortest usual reply, whose first audio a listener notices most."""


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
    """By program."""

    reference: str | None = None
    """The program that the others are measured against."""

    goals: Mapping[str, float] = field(default_factory=dict)
    """Least ratio to reach, by program."""

    @property
    def ratios(self) -> dict[str, float]:
        """The reference's value, divided by that of each other program."""
        if self.reference is None or self.reference not in self.values:
            return {}
        whole = self.values[self.reference]
        return {name: whole / value for name, value in self.values.items() if value and name != self.reference}


def milliseconds(work: Callable[[], object], times: int = 21) -> float:
    """Return the median time that ``work`` takes when it is warm."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return 1000 * statistics.median(taken)


def percentile(values: Sequence[float], share: int) -> float:
    """Return the least of ``values`` that is at least as great as ``share`` percent of them; no interpolation."""
    return sorted(values)[max(0, math.ceil(len(values) * share / 100) - 1)]


def megabytes(pid: int) -> dict[str, float]:
    """Return the memory sizes of a process in megabytes, by their names in /proc/PID/status."""
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
            cells.append(f"{figure.reference}/{name} {ratio:.2f}{goal}")
        rows.append([figure.what, figure.unit, *cells])
    widest = max(map(len, rows), default=0)
    return columns([[*row, *[""] * (widest - len(row))] for row in rows])
