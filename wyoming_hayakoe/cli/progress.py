"""What lasts, for people: a line redrawn in place on a terminal, log lines elsewhere."""

import logging
import shutil
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import TextIO

from wyoming_hayakoe.sources.source import Transfer

_LOGGER = logging.getLogger(__name__)

_BAR_SECONDS = 0.1
_LINE_SECONDS = 10.0
_BAR = 24
_ERASED = "\r\x1b[K"

# What takes less needs no word.
_FIRST_SECONDS = 2.0
_TICK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class SpokenSentence:
    """The sentence of a text that is being spoken."""

    done: int
    """Its number, from 1."""

    total: int
    """Sentences in all."""


def progress_on(terminal: TextIO) -> "Bar | Lines":
    """Return a bar where ``terminal`` is one, else log lines."""
    return Bar(terminal) if terminal.isatty() else Lines()


@contextmanager
def lasting(what: str, terminal: TextIO) -> Iterator[None]:
    """Show that work of unknown length goes on, once it has taken two seconds: its seconds on a terminal, or log lines.

    Args:
        what: the work in a few words, such as ``exporting model.safetensors``.
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
    wait = _FIRST_SECONDS
    while not ended.wait(wait):
        line = f"{what}: {time.monotonic() - started:.0f} s so far"
        if is_terminal:
            _redraw(terminal, line)
        else:
            _LOGGER.info("%s", line)
        wait = _TICK_SECONDS if is_terminal else _LINE_SECONDS
    if is_terminal and time.monotonic() - started > _FIRST_SECONDS:
        terminal.write(_ERASED)
        terminal.flush()


class Bar:
    """Progress bar on a terminal: one line for each transfer or text, redrawn in place."""

    def __init__(self, terminal: TextIO) -> None:
        """Draw on ``terminal``."""
        self._terminal = terminal
        self._next = 0.0

    def __call__(self, step: Transfer | SpokenSentence) -> None:
        """Draw the bar at most every 0.1 s; the end of a transfer is always drawn, and stays."""
        now = time.monotonic()
        ended = isinstance(step, Transfer) and step.done >= step.total
        if now < self._next and not ended:
            return
        self._next = now + _BAR_SECONDS
        filled = "#" * (_BAR * step.done // max(step.total, 1))
        what = f" {step.name}" if isinstance(step, Transfer) else ""
        _redraw(self._terminal, f"[{filled:<{_BAR}}] {figures(step)}{what}", "\n" if ended else "")

    def clear(self) -> None:
        """Erase the bar."""
        self._terminal.write(_ERASED)
        self._terminal.flush()


class Lines:
    """Log lines: of a transfer at its start, every 10 s and at its end; of a text every 10 s."""

    def __init__(self) -> None:
        """Start before the first transfer."""
        # Several voices are fetched at the same time.
        self._next: dict[str, float] = {}
        self._next_sentence = time.monotonic() + _FIRST_SECONDS

    def __call__(self, step: Transfer | SpokenSentence) -> None:
        """Log a line if it is due."""
        now = time.monotonic()
        if isinstance(step, SpokenSentence):
            if now >= self._next_sentence:
                self._next_sentence = now + _LINE_SECONDS
                _LOGGER.info("%s", figures(step))
            return
        if step.done >= step.total:
            self._next.pop(step.name, None)
        elif now < self._next.get(step.name, now):
            return
        else:
            self._next[step.name] = now + _LINE_SECONDS
        _LOGGER.info("%s %s: %s", step.doing, step.name, figures(step))

    def clear(self) -> None:
        """Leave the lines as they are."""


def figures(step: Transfer | SpokenSentence) -> str:
    """Return the share done and the total size, such as `` 42 % of 253.1 MB``, or the number of a sentence."""
    if isinstance(step, SpokenSentence):
        return f"speaking sentence {step.done} of {step.total}"
    return f"{100 * step.done // max(step.total, 1):3d} % of {step.total / 1e6:.1f} MB"


def _redraw(terminal: TextIO, line: str, end: str = "") -> None:
    terminal.write(f"{_ERASED}{_fitting(line, shutil.get_terminal_size().columns - 1)}{end}")
    terminal.flush()


def _fitting(line: str, columns: int) -> str:
    """Return ``line`` cut to ``columns`` of a terminal, of which a Japanese character takes two."""
    wide = [2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line]
    return "".join(char for char, end in zip(line, accumulate(wide), strict=True) if end <= columns)
