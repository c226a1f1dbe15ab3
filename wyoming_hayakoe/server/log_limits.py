"""Bounds on log lines that strangers can cause at will: a log must not grow as fast as somebody sends."""

import logging
import time

_SECONDS = 60.0
# Lines of one kind that a household never reaches; a year of them fills a small disk to a tenth.
_LINES = 120


class LineLimit:
    """A number of lines a minute; those beyond it are counted."""

    def __init__(self, lines: int) -> None:
        """Let at most ``lines`` pass in a minute."""
        self._lines = lines
        self._passed = 0
        self._left_out = 0
        self._next = 0.0

    def admit(self, line: str) -> str | None:
        """Return ``line``, with the number of those left out since the last; None where it is left out too."""
        now = time.monotonic()
        if now >= self._next:
            self._passed, self._next = 0, now + _SECONDS
        if self._passed >= self._lines:
            self._left_out += 1
            return None
        if self._left_out:
            line += f" (and {self._left_out} more since the last such line)"
        self._passed += 1
        self._left_out = 0
        return line


class RareWarning:
    """A warning that is logged a few times a minute at most."""

    def __init__(self, logger: logging.Logger, lines: int = 1) -> None:
        """Log at most ``lines`` a minute."""
        self._logger = logger
        self._limit = LineLimit(lines)

    def __call__(self, message: str) -> None:
        """Log ``message``, or count it."""
        if line := self._limit.admit(message):
            self._logger.warning("%s", line)


class RepetitionFilter(logging.Filter):
    """A log filter: each statement of the program writes 120 lines a minute at most, and no line comes twice in a row.

    A line with a traceback is never taken for the one before it.
    """

    def __init__(self) -> None:
        """Start before the first line."""
        super().__init__()
        self._limits: dict[tuple[str, int], LineLimit] = {}
        self._last = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is logged; one behind others that were not has their number."""
        message = record.getMessage()
        if message == self._last and not record.exc_info:
            return False
        limit = self._limits.setdefault((record.pathname, record.lineno), LineLimit(_LINES))
        line = limit.admit(message)
        if line is not None:
            self._last = message
            record.msg, record.args = line, ()
        return line is not None
