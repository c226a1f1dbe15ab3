"""Converters of options: from the string of a flag or variable, or a TOML value, to the value that the program uses.

A converter raises ValueError for a value that is not allowed, with the words that follow "is not".
"""

import logging
import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

from wyoming_hayakoe.server.listeners import TcpAddress, parse_uri
from wyoming_hayakoe.server.settings import Network
from wyoming_hayakoe.sources.location import parse

T = TypeVar("T")

_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def number(low: float, high: float) -> Callable[[object], float]:
    """Allow numbers from ``low`` to ``high``."""
    allowed = f"a number from {low:g} to {high:g}"

    def convert(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(allowed)
        try:
            converted = float(value)
        except (ValueError, OverflowError):
            raise ValueError(allowed) from None
        if not low <= converted <= high:
            raise ValueError(allowed)
        return converted

    return convert


def whole(low: int, high: int) -> Callable[[object], int]:
    """Allow whole numbers from ``low`` to ``high``."""
    allowed = f"a whole number from {low} to {high}"

    def convert(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValueError(allowed)
        try:
            converted = int(value)
        except ValueError:
            raise ValueError(allowed) from None
        if not low <= converted <= high:
            raise ValueError(allowed)
        return converted

    return convert


def one_of(*allowed: T) -> Callable[[object], T]:
    """Allow these values, as TOML has them or as their text."""
    by_text = {str(each): each for each in allowed}

    def convert(value: object) -> T:
        if str(value) not in by_text:
            raise ValueError(" or ".join(by_text))
        return by_text[str(value)]

    return convert


_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


def memory(value: object) -> int:
    """Allow a count of bytes such as 1500M or 2G, as bytes."""
    match = re.fullmatch(r"(\d{1,15})([KMG]?)(?:i?B)?", str(value).strip(), re.IGNORECASE)
    if isinstance(value, bool) or match is None or (size := int(match[1]) * _UNITS[match[2].upper()]) == 0:
        raise ValueError("a size such as 1500M or 2G")
    return size


def text(value: object) -> str:
    """Allow anything but the empty string."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value


def switch(value: object) -> bool:
    """Allow true and false, 1 and 0, yes and no, on and off."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in _SWITCH:
        raise ValueError("true or false")
    return _SWITCH[value.lower()]


def name(value: object) -> str:
    """Allow a name of at most 63 bytes, as DNS demands."""
    if not isinstance(value, str) or not value.strip() or len(value.encode("utf-8", "replace")) > 63:
        raise ValueError("a name of at most 63 bytes")
    return value


def name_or_switch(value: object) -> str | Literal[False] | None:
    """Allow a name, or false, or true, which is None: no name is given."""
    try:
        return None if switch(value) else False
    except ValueError:
        pass
    try:
        return name(value)
    except ValueError as error:
        raise ValueError(f"{error}, true or false") from None


def source(value: object) -> str:
    """Allow a source of voices.

    Raises:
        UsageError: the text names none; the line has the accepted forms.
    """
    parse(text(value))
    return text(value)


class NamedSource(NamedTuple):
    """A voice as --voice gives it: its name, and its source where it has one there."""

    name: str
    source: str | None


def voice(value: object) -> NamedSource:
    """Allow NAME and NAME=SOURCE.

    Raises:
        UsageError: SOURCE is no source.
    """
    named, equals, origin = value.partition("=") if isinstance(value, str) else ("", "", "")
    named, origin = named.strip(), origin.strip()
    is_name = bool(named) and named.isprintable() and named not in {".", ".."} and not set(named) & set("/\\")
    # NAME:STYLE may be chosen, but a voice that is loaded from a source cannot be called so.
    if not is_name or (equals and (not origin or ":" in named)):
        raise ValueError("NAME or NAME=SOURCE")
    return NamedSource(named, source(origin) if origin else None)


def uri(value: object) -> str:
    """Allow an address that the server can listen on."""
    if not isinstance(value, str):
        raise ValueError("tcp://HOST:PORT, unix:///PATH or stdio://")
    parse_uri(value)
    return value


def metrics_uri(value: object) -> str:
    """Allow an address for HTTP: a host and a port, which has no default."""
    if not isinstance(value, str) or not isinstance(parse_uri(value), TcpAddress) or urlsplit(value).port is None:
        raise ValueError("tcp://HOST:PORT")
    return value


def endpoint(value: object) -> tuple[str, int]:
    """Allow HOST:PORT, as the two; an IPv6 address in brackets."""
    try:
        parts = urlsplit(f"//{value}")
        if isinstance(value, str) and parts.hostname and parts.port and parts.netloc == value and "@" not in value:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise ValueError("HOST:PORT")


def network(value: object) -> Network | Literal["any"]:
    """Allow a network such as 192.168.0.0/16, an address, or the word any."""
    if value == "any":
        return "any"
    try:
        if not isinstance(value, str):
            raise TypeError
        return ip_network(value, strict=False)
    except (TypeError, ValueError):
        raise ValueError("a network such as 192.168.0.0/16, an address, or any") from None


def log_format(value: object) -> str:
    """Allow a format of Python's logging."""
    allowed = "a format of Python's logging such as '%(levelname)s %(message)s'"
    if not isinstance(value, str):
        raise ValueError(allowed)
    try:
        logging.Formatter(value).format(logging.makeLogRecord({}))
    except (ValueError, KeyError, TypeError):
        raise ValueError(allowed) from None
    return value
