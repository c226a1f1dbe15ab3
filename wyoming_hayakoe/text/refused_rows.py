"""The rows of a file that are refused: the first are named with the reason, the others counted."""

from dataclasses import dataclass

MAX_PROBLEMS = 10
"""So many rows that are refused are named; the others are counted."""

_MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was refused; the rest is loaded."""

    file: str
    """Which file, as the user named it."""

    line: int
    """Which line, from 1; 0 for the whole file."""

    reason: str
    """What is wrong with it."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.reason}"


class Refused:
    """The rows of a file that are refused."""

    def __init__(self, file: str) -> None:
        """Collect those of ``file``, as the user named it."""
        self._file = file
        self._first: list[Problem] = []
        self._others = 0

    def add(self, line: int, reason: object) -> None:
        """Add a line, from 1 or 0 for the whole file, and what is wrong with it."""
        if len(self._first) < MAX_PROBLEMS:
            text = str(reason)
            brief = text if len(text) <= _MAX_REASON else text[: _MAX_REASON - 1] + "…"
            self._first.append(Problem(self._file, line, brief))
        else:
            self._others += 1

    def problems(self) -> tuple[Problem, ...]:
        """Return the first and how many others there are."""
        if not self._others:
            return tuple(self._first)
        rows = "1 more row" if self._others == 1 else f"{self._others:,} more rows"
        return (*self._first, Problem(self._file, 0, f"{rows} cannot be used"))
