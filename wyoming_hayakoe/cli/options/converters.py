"""Converters of options: from the string of a flag or variable, or a TOML value, to the value that the program uses.

A converter raises ValueError for a value that is not allowed, with the words that follow "is not".
"""

import logging
import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Generic, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

from wyoming_hayakoe.server.listeners import TcpAddress, parse_uri
from wyoming_hayakoe.server.settings import Network
from wyoming_hayakoe.sources.location import parse

N = TypeVar("N", bound=float)
T = TypeVar("T")

_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class Range(Generic[N]):
    """Allow numbers of one type from ``low`` to ``high``."""

    def __init__(self, kind: Callable[[str | float], N], what: str, low: N, high: N) -> None:
        """Convert with ``kind``; ``what`` names one such number in messages."""
        self._kind, self._what = kind, what
        self._low, self._high = low, high

    @property
    def allowed(self) -> str:
        """The range, for --help: ``0.2 to 5``."""
        return f"{self._low:.15g} to {self._high:.15g}"

    def __call__(self, value: object) -> N:
        """Return the number."""
        refused = ValueError(f"{self._what} from {self._low:.15g} to {self._high:.15g}")
        # int() would cut a TOML 1.5 to 1.
        is_cut = isinstance(value, float) and not isinstance(self._low, float)
        if isinstance(value, bool) or not isinstance(value, str | int | float) or is_cut:
            raise refused
        try:
            converted = self._kind(value)
        except (ValueError, OverflowError):
            raise refused from None
        if not self._low <= converted <= self._high:
            raise refused
        return converted


def number(low: float, high: float) -> Range[float]:
    """Allow numbers from ``low`` to ``high``."""
    return Range(float, "a number", float(low), float(high))


def whole(low: int, high: int) -> Range[int]:
    """Allow whole numbers from ``low`` to ``high``."""
    return Range(int, "a whole number", low, high)


class OneOf(Generic[T]):
    """Allow some values, as TOML has them or as their text."""

    def __init__(self, *allowed: T) -> None:
        self._by_text = {str(each): each for each in allowed}

    @property
    def texts(self) -> tuple[str, ...]:
        """The values as text, in their order."""
        return tuple(self._by_text)

    def __call__(self, value: object) -> T:
        """Return the value."""
        if str(value) not in self._by_text:
            raise ValueError(" or ".join(self._by_text))
        return self._by_text[str(value)]


def one_of(*allowed: T) -> Callable[[object], T]:
    """Allow these values, as TOML has them or as their text."""
    return OneOf(*allowed)


_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


class Size:
    """Allow sizes such as 1500M or 2G, in bytes."""

    def __init__(self, least: int = 1) -> None:
        """Allow sizes of at least ``least`` bytes."""
        self._least = least

    @property
    def allowed(self) -> str:
        """The least size, for --help: ``at least 128M``."""
        return f"at least {self._least >> 20}M" if self._least > 1 else ""

    def __call__(self, value: object) -> int:
        """Return the size in bytes."""
        match = re.fullmatch(r"(\d{1,15})([KMG]?)(?:i?B)?", str(value).strip(), re.IGNORECASE)
        if isinstance(value, bool) or match is None or (size := int(match[1]) * _UNITS[match[2].upper()]) == 0:
            raise ValueError("a size such as 1500M or 2G")
        if size < self._least:
            raise ValueError(f"enough: the least is {self._least >> 20}M (a number without K, M or G counts bytes)")
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


def http_uri(value: object) -> str:
    """Allow an address for HTTP: a host and a port, which has no default."""
    if not isinstance(value, str) or not isinstance(parse_uri(value), TcpAddress) or urlsplit(value).port is None:
        raise ValueError("tcp://HOST:PORT")
    return value


def host(value: object) -> str:
    """Allow the name of a host, without a port; in lower case."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", value):
        raise ValueError("the name of a host, such as tts.example.org")
    return value.lower()


def origin(value: object) -> str:
    """Allow the origin of a web page, as browsers write it, or ``*``; in lower case."""
    if not isinstance(value, str) or not re.fullmatch(r"\*|[A-Za-z][A-Za-z0-9+.-]*://[^/\s]+", value):
        raise ValueError("an origin, such as https://example.org without a path, or *")
    return value.lower()


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
