"""Errors for users: one line that says what is wrong, where, and what to do."""

from collections.abc import Iterable
from itertools import islice
from typing import Literal

Code = Literal[
    "bad-event",
    "busy",
    "synthesis-failed",
    "text-too-long",
    "timeout",
    "too-many-clients",
    "unknown-style",
    "unknown-voice",
    "voice-not-ready",
]
"""The codes of the errors that clients get."""


_MOST_NAMES = 20


class HayakoeError(Exception):
    """A failure that the user can repair; the command line prints it and exits with 1."""


class UsageError(HayakoeError):
    """A flag, variable, configuration key or parameter is wrong; the command line exits with 2."""


class RequestError(HayakoeError):
    """A client's request cannot be answered; the client gets this error and its connection is closed."""

    def __init__(self, code: Code, text: str) -> None:
        """Keep ``code``, a short stable word for programs, beside ``text``, one line for people."""
        super().__init__(text)
        self.code = code
        self.text = text


def counted(count: int, one: str, several: str | None = None) -> str:
    """Return a count with its noun: ``1 word``, ``2 words``; ``several`` where the plural has no s."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def some_of(names: Iterable[object]) -> str:
    """Return names for a message, separated by commas: all of them, or the first twenty and the number of the rest."""
    it = iter(names)
    shown = ", ".join(map(str, islice(it, _MOST_NAMES)))
    more = sum(1 for _ in it)
    return f"{shown} and {more} more" if more else shown or "none"


def in_brief(error: Exception) -> str:
    """Return the first line of another library's error message; the name of its class where it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
