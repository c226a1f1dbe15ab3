"""Errors that a user can meet: one line that says what is wrong, where, and what to do."""

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
]
"""Every code with which a client is told that it gets no answer."""


class HayakoeError(Exception):
    """Something failed that the user can mend; the command line prints it and exits with 1."""


class UsageError(HayakoeError):
    """A flag, variable, configuration key or parameter is wrong; the command line exits with 2."""


class RequestError(HayakoeError):
    """A client's request cannot be answered; it is told so and its connection is closed."""

    def __init__(self, code: Code, text: str) -> None:
        """Keep ``code``, a short stable word for programs, beside ``text``, one line for people."""
        super().__init__(text)
        self.code = code
        self.text = text


def in_brief(error: Exception) -> str:
    """Return the first line of what another library says; its error's name where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
