"""Errors for users: one line that says what is wrong, where, and what to do."""

import errno
import os
import re
from collections.abc import Iterable, Mapping
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
_DEEPEST = 20

# What the words of the C library do not say to somebody who has not written a network program.
_WORDS: Mapping[int, str] = {
    errno.ECONNREFUSED: "nothing listens there",
    errno.ECONNRESET: "the other side closed the connection",
    errno.ECONNABORTED: "the other side closed the connection",
    errno.EPIPE: "the other side closed the connection",
    errno.ETIMEDOUT: "no answer in time",
    errno.EHOSTUNREACH: "that machine cannot be reached",
    errno.EHOSTDOWN: "that machine cannot be reached",
    errno.ENETUNREACH: "no network leads there",
    errno.ENETDOWN: "the network is down",
    errno.EADDRNOTAVAIL: "this machine does not have that address",
}

_NUMBER = re.compile(r"\[Errno (-?\d+)\] ?")


class HayakoeError(Exception):
    """A failure that the user can repair; the command line prints it and exits with 1."""


class UsageError(HayakoeError):
    """A flag, variable, configuration key or parameter is wrong; the command line exits with 2."""


class UnknownVoiceError(UsageError, KeyError):
    """There is no voice of a name; a KeyError too, since voices are looked up as in a dictionary."""

    def __str__(self) -> str:
        """Return the message; that of a KeyError would be in quotes."""
        return str(self.args[0])


class FileError(HayakoeError, OSError):
    """A file cannot be written; an OSError too, for callers that expect one."""


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


def check_text(name: str, value: object) -> None:
    """Raise UsageError if ``value``, which a caller gave as ``name``, is no string."""
    if not isinstance(value, str):
        raise UsageError(f"{name}: is a {type(value).__name__}, not a string")


def check_choice(name: str, value: object, allowed: Iterable[object]) -> None:
    """Raise UsageError if ``value``, which a caller gave as ``name``, is none of ``allowed``."""
    if value not in (choices := list(allowed)):
        raise UsageError(f"{name}: {value!r} is not {' or '.join(map(str, choices))}")


def check_names(names: Iterable[str], allowed: Iterable[str]) -> None:
    """Raise UsageError if one of the parameters that a caller ``names`` does not exist."""
    known = list(allowed)
    for name in names:
        if name not in known:
            raise UsageError(f"no parameter {name!r}: there is {', '.join(known)}")


def in_words(error: OSError | EOFError) -> str:
    """Return in plain words, without a number, why a connection or a file failed."""
    if isinstance(error, EOFError):
        return _WORDS[errno.ECONNRESET]
    if isinstance(error, TimeoutError):
        return _WORDS[errno.ETIMEDOUT]
    text = str(error)
    # Of several addresses that were tried, asyncio gives the errors as one text.
    number = error.errno or next((int(found) for found in _NUMBER.findall(text)), 0)
    if number < 0:  # getaddrinfo's own numbers
        return "no machine of that name is known"
    if number in _WORDS:
        return _WORDS[number]
    if error.strerror and not _NUMBER.search(error.strerror):
        return error.strerror
    return os.strerror(number) if number else text or type(error).__name__


def cause_of(error: BaseException) -> str:
    """Return in plain words which failure of the system is behind an HTTP client's error; its class where none is."""
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if cause is None:
            break
        # urllib3 has classes of its own for these, which are no OSErrors.
        if isinstance(cause, OSError) and (cause.errno or isinstance(cause, TimeoutError)):
            return in_words(cause)
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def in_brief(error: Exception) -> str:
    """Return the first line of another library's error message; the name of its class where it has none."""
    if isinstance(error, OSError):
        return f"{error.filename}: {in_words(error)}" if error.filename else in_words(error)
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
