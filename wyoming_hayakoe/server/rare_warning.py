"""A bound on log lines that strangers can cause at will: a log must not grow as fast as somebody sends."""

import logging
import time

_SECONDS = 60.0


class RareWarning:
    """A warning that is logged a few times a minute at most, with the number of those that were left out."""

    def __init__(self, logger: logging.Logger, lines: int = 1) -> None:
        """Log at most ``lines`` a minute."""
        self._logger = logger
        self._lines = lines
        self._written = 0
        self._left_out = 0
        self._next = 0.0

    def __call__(self, message: str, *arguments: object) -> None:
        """Log ``message`` with its arguments, or count it."""
        now = time.monotonic()
        if now >= self._next:
            self._written, self._next = 0, now + _SECONDS
        if self._written >= self._lines:
            self._left_out += 1
            return
        more = f" (and {self._left_out} more since the last such line)" if self._left_out else ""
        self._written += 1
        self._left_out = 0
        self._logger.warning("%s%s", message % arguments, more)
