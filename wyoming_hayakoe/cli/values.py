"""What a flag, a variable or a configuration key may hold.

A converter takes a string (flag, variable) or a TOML value, and returns what the program uses. If the value is not
allowed it raises ValueError with the words that follow "is not".
"""

import logging
import re
from collections.abc import Callable
from ipaddress import ip_network
from urllib.parse import urlsplit

from wyoming_hayakoe.server.listeners import TcpAddress, parse_uri
from wyoming_hayakoe.server.settings import Network

Converter = Callable[[object], object]

_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def number(low: float, high: float) -> Converter:
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


def whole(low: int, high: int) -> Converter:
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


def one_of(*allowed: str) -> Converter:
    """Allow these words."""

    def convert(value: object) -> str:
        # A configuration file has numbers as numbers.
        if str(value) not in allowed:
            raise ValueError(" or ".join(allowed))
        return str(value)

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


def name_or_switch(value: object) -> str | bool:
    """Allow a name (of at most 63 bytes, as DNS demands), or true and false."""
    try:
        return switch(value)
    except ValueError:
        if not isinstance(value, str) or not value.strip() or len(value.encode("utf-8", "replace")) > 63:
            raise ValueError("a name of at most 63 bytes, true or false") from None
        return value


def voice(value: object) -> tuple[str, str | None]:
    """Allow NAME and NAME=SOURCE, as the two."""
    name, equals, source = value.partition("=") if isinstance(value, str) else ("", "", "")
    name, source = name.strip(), source.strip()
    is_name = bool(name) and name.isprintable() and name not in {".", ".."} and not set(name) & set("/\\")
    # NAME:STYLE may be chosen, but a voice that brings its source cannot be called so.
    if not is_name or (equals and (not source or ":" in name)):
        raise ValueError("NAME or NAME=SOURCE")
    return name, source or None


def uri(value: object) -> str:
    """Allow what the server can listen on."""
    if not isinstance(value, str):
        raise ValueError("tcp://HOST:PORT, unix:///PATH or stdio://")
    parse_uri(value)
    return value


def metrics_uri(value: object) -> str:
    """Allow where to be asked over HTTP: a host and a port, which has no default."""
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


def network(value: object) -> Network | str:
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
