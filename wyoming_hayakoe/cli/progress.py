"""How far a download has come, for people: a bar on a terminal, now and then a line in a log."""

import logging
import shutil
import time
import unicodedata
from itertools import accumulate
from typing import TextIO

from wyoming_hayakoe.sources.source import Progress, Transfer

_LOGGER = logging.getLogger(__name__)

_BAR_SECONDS = 0.1
_LINE_SECONDS = 10.0
_BAR = 24


def progress_on(terminal: TextIO) -> Progress:
    """Return what shows a person how far it is: a bar if that is a terminal, else log lines."""
    return Bar(terminal) if terminal.isatty() else Lines()


class Bar:
    """Draws one line on a terminal, again and again; one transfer after the other."""

    def __init__(self, terminal: TextIO) -> None:
        """Draw on ``terminal``."""
        self._terminal = terminal
        self._next = 0.0

    def __call__(self, transfer: Transfer) -> None:
        """Draw, unless that was just done; the end is always drawn, and stays."""
        now = time.monotonic()
        ended = transfer.done >= transfer.total
        if now < self._next and not ended:
            return
        self._next = now + _BAR_SECONDS
        filled = "#" * (_BAR * transfer.done // max(transfer.total, 1))
        line = f"[{filled:<{_BAR}}] {figures(transfer)} {transfer.name}"
        line = _fitting(line, shutil.get_terminal_size().columns - 1)
        self._terminal.write(f"\r\x1b[K{line}" + ("\n" if ended else ""))
        self._terminal.flush()


class Lines:
    """Logs a line at the start, every few seconds, and at the end of each transfer."""

    def __init__(self) -> None:
        """Log nothing yet."""
        self._name = ""
        self._next = 0.0

    def __call__(self, transfer: Transfer) -> None:
        """Log, unless that was just done."""
        now = time.monotonic()
        if transfer.name == self._name and now < self._next and transfer.done < transfer.total:
            return
        self._name, self._next = transfer.name, now + _LINE_SECONDS
        _LOGGER.info("downloading %s: %s", transfer.name, figures(transfer))


def figures(transfer: Transfer) -> str:
    """Return a share and sizes, such as `` 42 % of 253.1 MB``."""
    return f"{100 * transfer.done // max(transfer.total, 1):3d} % of {transfer.total / 1e6:.1f} MB"


def _fitting(line: str, columns: int) -> str:
    """Cut a line to a terminal's columns, of which a Japanese character takes two."""
    wide = [2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line]
    return "".join(char for char, end in zip(line, accumulate(wide), strict=True) if end <= columns)
