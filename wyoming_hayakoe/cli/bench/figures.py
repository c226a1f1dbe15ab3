"""Figures, and what takes them."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wyoming_hayakoe.errors import HayakoeError

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


def megabytes(pid: int) -> dict[str, float]:
    """Return the sizes of a process that Linux counts in kilobytes, by their names in /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        raise HayakoeError("memory can be measured on Linux only") from None
    sizes = (line.split() for line in status.splitlines() if line.endswith(" kB"))
    return {name.rstrip(":"): int(kilobytes) / 1024 for name, kilobytes, _ in sizes}
