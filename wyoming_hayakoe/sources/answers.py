"""What servers answer, checked at the door: read within bounds, numbers in range, names of known characters.

The functions raise ValueError with a few words; the source that asked makes its one line of them.
"""

import re
import time
from collections.abc import Iterable, Mapping

from wyoming_hayakoe.sources.source import Patience, SlowError, SourceError

LARGEST_LISTING = 8 << 20
"""Bytes of one answer with a list. 10,000 files take 3 MB at the Hub, and 1000, a page of S3, take 0.4 MB."""

LARGEST_SIZE = 1 << 50
"""Bytes of a file: no number above is one."""

# The digits that int() takes without limit or doubt: no other script's, and few.
_WHOLE = re.compile(r"[0-9]{1,16}")
_RANGE = re.compile(r"bytes ([0-9]{1,16})-[0-9]{1,16}/([0-9]{1,16}|\*)")


class TransferPace:
    """Gives up a source that sends next to nothing for a whole minute, as one does that sends a byte a second."""

    def __init__(self, uri: str, patience: Patience) -> None:
        self._uri = uri
        self._patience = patience
        self._since = time.monotonic()
        self._arrived = 0

    def note(self, count: int) -> None:
        """Count bytes that have arrived.

        Raises:
            SlowError: the last window of time brought too few.
        """
        self._arrived += count
        now = time.monotonic()
        if now - self._since < self._patience.window:
            return
        if self._arrived < self._patience.slowest * (now - self._since):
            raise SlowError(
                f"{self._uri}: sends less than {self._patience.slowest:g} bytes a second: try again later, "
                "or check the network"
            )
        self._since, self._arrived = now, 0


def read_listing(chunks: Iterable[bytes], uri: str, patience: Patience) -> bytes:
    """Return an answer with a list as a whole.

    Raises:
        SourceError: it is too large, or arrives too slowly.
    """
    pace = TransferPace(uri, patience)
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > LARGEST_LISTING:
            raise SourceError(f"{uri}: sends a list of more than {LARGEST_LISTING >> 20} MiB: check the address")
        pace.note(len(chunk))
    return bytes(data)


def size_of(value: object) -> int:
    """Return a number of bytes that a server gives as a number."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_SIZE:
        raise ValueError("a size is none")
    return value


def matching(pattern: re.Pattern[str], value: object, name: str) -> str:
    """Return a text that a pattern describes wholly."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"{name} is none")
    return value


def seconds_in(header: str) -> float:
    """Return the seconds that a Retry-After header asks for; 0 where it gives a date, or nothing that can be read."""
    return float(header) if _WHOLE.fullmatch(header) else 0.0


def extent(headers: Mapping[str, str], *, is_partial: bool) -> tuple[int, int | None]:
    """Return where in a file an answer begins, and the bytes of the whole file, None where it does not say."""
    place = headers.get("Content-Range")
    if place is None:
        if is_partial:
            raise ValueError("a part of a file does not say which")
        length = headers.get("Content-Length", "")
        return 0, int(length) if _WHOLE.fullmatch(length) else None
    found = _RANGE.fullmatch(place)
    if found is None:
        raise ValueError("a part of a file does not say which")
    return int(found[1]), None if found[2] == "*" else int(found[2])
