"""What lasts, for people: a line redrawn in place on a terminal, log lines elsewhere."""

import logging
import shutil
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import TextIO

from wyoming_hayakoe.sources.source import Progress, Transfer

_LOGGER = logging.getLogger(__name__)

_BAR_SECONDS = 0.1
_LINE_SECONDS = 10.0
_BAR = 24
_ERASED = "\r\x1b[K"

SOON = 2.0
"""Seconds of work that need no word."""
_TICK_SECONDS = 0.5


def progress_on(terminal: TextIO) -> Progress:
    """Return a bar where ``terminal`` is one, else log lines."""
    return Bar(terminal) if terminal.isatty() else Lines()


@contextmanager
def lasting(what: str, terminal: TextIO) -> Iterator[None]:
    """Show that work of unknown length goes on, once it has taken two seconds: its seconds on a terminal, or log lines.

    Args:
        what: the work in a few words, such as ``preparing tsukuyomi``.
        terminal: where it is shown; what is no terminal gets a log line every ten seconds.
    """
    ended = threading.Event()
    thread = threading.Thread(target=_tick, args=(what, terminal, ended), name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _tick(what: str, terminal: TextIO, ended: threading.Event) -> None:
    started = time.monotonic()
    is_terminal = terminal.isatty()
    wait = SOON
    while not ended.wait(wait):
        line = f"{what}: {time.monotonic() - started:.0f} s so far"
        if is_terminal:
            _redraw(terminal, line)
        else:
            _LOGGER.info("%s", line)
        wait = _TICK_SECONDS if is_terminal else _LINE_SECONDS
    if is_terminal and time.monotonic() - started > SOON:
        _redraw(terminal, "")


class Bar:
    """Progress bar on a terminal: one line for each transfer, redrawn in place."""

    def __init__(self, terminal: TextIO) -> None:
        """Draw on ``terminal``."""
        self._terminal = terminal
        self._next = 0.0

    def __call__(self, transfer: Transfer) -> None:
        """Draw the bar at most every 0.1 s; the end of a transfer is always drawn, and stays."""
        now = time.monotonic()
        ended = transfer.done >= transfer.total
        if now < self._next and not ended:
            return
        self._next = now + _BAR_SECONDS
        filled = "#" * (_BAR * transfer.done // max(transfer.total, 1))
        _redraw(self._terminal, f"[{filled:<{_BAR}}] {figures(transfer)} {transfer.name}", "\n" if ended else "")


class Lines:
    """Log lines for each transfer: at its start, every 10 s, and at its end."""

    def __init__(self) -> None:
        """Start before the first transfer."""
        # Several voices are fetched at the same time.
        self._next: dict[str, float] = {}

    def __call__(self, transfer: Transfer) -> None:
        """Log a line if it is due."""
        now = time.monotonic()
        if transfer.done >= transfer.total:
            self._next.pop(transfer.name, None)
        elif now < self._next.get(transfer.name, now):
            return
        else:
            self._next[transfer.name] = now + _LINE_SECONDS
        _LOGGER.info("%s %s: %s", transfer.doing, transfer.name, figures(transfer))


def log_progress() -> None:
    """Show the log lines of progress on standard error, for a command without options for its log."""
    logging.basicConfig(format="%(message)s")
    _LOGGER.setLevel(logging.INFO)


def figures(transfer: Transfer) -> str:
    """Return the share done and the total size, such as `` 42 % of 253.1 MB``, or the steps done, ``2 of 4``."""
    if transfer.unit == "steps":
        return f"{transfer.done} of {transfer.total}"
    return f"{100 * transfer.done // max(transfer.total, 1):3d} % of {transfer.total / 1e6:.1f} MB"


def _redraw(terminal: TextIO, line: str, end: str = "") -> None:
    terminal.write(f"{_ERASED}{_fitting(line, shutil.get_terminal_size().columns - 1)}{end}")
    terminal.flush()


def _fitting(line: str, columns: int) -> str:
    """Return ``line`` cut to ``columns`` of a terminal, of which a Japanese character takes two."""
    wide = [2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line]
    return "".join(char for char, end in zip(line, accumulate(wide), strict=True) if end <= columns)
