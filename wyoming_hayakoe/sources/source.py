"""Source and Remote, the two shapes of a source of voices, with their errors and values."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, Self

from wyoming_hayakoe.errors import HayakoeError


class SourceError(HayakoeError):
    """A source refuses a request, and a second attempt would not help."""


class AbsentError(SourceError):
    """A source has no file of that name."""


class UncachedError(SourceError):
    """Files are not in the cache, and no request may be sent."""

    def __init__(self, names: Sequence[str]) -> None:
        """Keep the ``names`` of all missing folders beside the message."""
        super().__init__(f"not here: {', '.join(names)}: run wyoming-hayakoe download first, or leave out --offline")
        self.names = names


class UnavailableError(SourceError):
    """A source cannot be reached now; a second attempt may help."""

    def __init__(self, text: str, wait: float = 0.0) -> None:
        """Keep the seconds that the source requests to ``wait`` beside the message."""
        super().__init__(text)
        self.wait = wait


class SlowError(UnavailableError):
    """A source sends, but next to nothing."""


class DeniedError(SourceError):
    """A source does not take the keys, or there are none; other keys would help."""


class ChangedError(SourceError):
    """A file is no longer the listed one: list again."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Progress of fetching one prefix, or of an upload or export."""

    name: str
    """The source and the prefix, for display; without secrets."""

    done: int
    """Bytes that have arrived, or steps that are done."""

    total: int
    """Bytes or steps in all."""

    doing: str = "downloading"
    """What is done, for log lines."""

    unit: Literal["bytes", "steps"] = "bytes"


Progress = Callable[[Transfer], None]
"""Is called with the progress of each transfer: when it begins, after each piece that arrives, and at its end.

It is called in the thread that fetches, and delays the transfer as long as it takes; what it raises ends the transfer.
"""

Paths = list[str]
"""Named because a method called ``list`` hides the type."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a source."""

    path: str
    """Relative to the source's root, with ``/`` between parts."""

    size: int | None
    """Bytes; None where the source does not list sizes, as some mirrors of the Hub do not."""

    tag: str
    """Identifies the content: another tag, another content."""

    pin: str = field(default="", compare=False)
    """What the source needs to return exactly this content: a commit, an ETag."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files below a prefix at one moment."""

    items: tuple[Item, ...]
    is_file: bool = False
    """The prefix names one file, which is the only item."""


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of a file as they arrive."""

    start: int
    """Position of the first byte; 0 where the source does not resume."""

    chunks: Iterator[bytes]

    checksum: str | None
    """``sha256:``, ``md5:`` or ``git:`` and the hexadecimal digest of the whole file; None where there is none."""

    size: int | None = None
    """Bytes of the whole file; None where the answer does not say."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Timeouts of a source, in seconds, the number of attempts, and the least rate."""

    connect: float = 10.0
    read: float = 30.0
    attempts: int = 5
    """Attempts in a row without a byte."""

    first_pause: float = 0.5
    longest_pause: float = 8.0

    slowest: float = 1024.0
    """Bytes per second below which a source is given up; a modem of the nineties sent five times as many."""

    window: float = 60.0
    """Seconds over which they are counted."""

    def pause(self, failures: int, asked: float = 0.0) -> None:
        """Sleep after a number of failures in a row; at least the seconds that the source ``asked`` for, up to 60."""
        time.sleep(max(min(asked, 60.0), min(self.first_pause * 2 ** (failures - 1), self.longest_pause)))


class Source(Protocol):
    """A place with voices. A ``prefix`` is a folder or file relative to the source's root; ``""`` is all of it."""

    @property
    def uri(self) -> str:
        """The source's name, without secrets; :func:`open_source` opens the same source with it."""
        ...

    def snapshot(self) -> Self:
        """Return this source at one moment: it is listed once at most. Not for several threads."""
        ...

    def list(self, prefix: str = "") -> Paths:
        """Return the paths of the files below a prefix, relative to the source's root, sorted."""
        ...

    def fetch(self, prefix: str, progress: Progress | None = None, *, endings: tuple[str, ...] = ()) -> Path:
        """Return a local folder (or file, where the prefix names one) with all below it, complete and checked.

        With ``endings``, files whose names end otherwise may be left out.
        """
        ...

    def fetch_optional(self, prefix: str) -> Path | None:
        """Return what :meth:`fetch` does, or None; after one attempt at most, and none where the source just failed."""
        ...

    def cached(self, prefix: str, *, endings: tuple[str, ...] = ()) -> Path | None:
        """Return what :meth:`fetch` does if it is here already, else None; no request is sent."""
        ...

    def upload(self, parts: Mapping[str, Path], progress: Progress | None = None) -> None:
        """Make each prefix equal to a local folder or file; other files stay.

        All files arrive before the first old one is replaced, so that an interrupted upload changes nothing; files that
        are no longer part of a prefix are removed last.
        """
        ...

    def check_upload(self) -> None:
        """Check that this source takes an upload, as far as that can be tried without one; nothing is left there.

        Raises:
            DeniedError: it takes no upload with these keys, or there are none.
            SourceError: it cannot be reached, or there is no such source.
        """
        ...

    def delete(self, prefix: str) -> None:
        """Delete everything below a prefix; an empty prefix is no error."""
        ...


class Remote(Protocol):
    """The part of a source on a network that depends on its protocol; :class:`CachedSource` is the rest.

    Its failures are :class:`SourceError`: one line that holds no token and no signed address.
    """

    @property
    def uri(self) -> str:
        """As :attr:`Source.uri`."""
        ...

    def listing(self, prefix: str) -> Listing:
        """List a prefix with as few requests as possible; empty where there is no file."""
        ...

    def whole(self) -> Listing | None:
        """List every file, unchecked, with one request; None where that takes more than one."""
        ...

    def open(self, item: Item, start: int) -> AbstractContextManager[Body]:
        """Open a listed file from a position on."""
        ...

    def upload(self, parts: Mapping[str, Path], progress: Progress | None = None) -> None:
        """As :meth:`Source.upload`."""
        ...

    def check_upload(self) -> None:
        """As :meth:`Source.check_upload`."""
        ...

    def delete(self, prefix: str) -> None:
        """As :meth:`Source.delete`."""
        ...
