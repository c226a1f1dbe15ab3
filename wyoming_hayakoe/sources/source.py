"""What a source of voices is, and the small values that its parts hand to each other."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from wyoming_hayakoe.errors import HayakoeError


class SourceError(HayakoeError):
    """A source does not give what was asked of it, and asking again would not help."""


class AbsentError(SourceError):
    """A source has nothing of that name."""


class UncachedError(SourceError):
    """Something is not in the cache, and nobody may be asked for it."""

    def __init__(self, names: Sequence[str]) -> None:
        """Keep the ``names`` of all that is missing, beside the line for people."""
        super().__init__(f"not here: {', '.join(names)}: run `wyoming-hayakoe download` first, or leave out --offline")
        self.names = names


class UnavailableError(SourceError):
    """A source cannot be reached just now; asking again may help."""

    def __init__(self, text: str, wait: float = 0.0) -> None:
        """Keep, beside the line for people, how many seconds the source asked us to ``wait``."""
        super().__init__(text)
        self.wait = wait


class ChangedError(SourceError):
    """A file is no longer the one that was listed: list again."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """How far the fetching of one prefix has come."""

    name: str
    """The source and the prefix, for people; without secrets."""

    done: int
    """Bytes that are here."""

    total: int
    """Bytes in all."""


Progress = Callable[[Transfer], None]

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
    """Stands for the content: another tag, another content."""

    pin: str = field(default="", compare=False)
    """What the source needs to give exactly this content: a commit, an ETag."""


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
    """How long to wait for a source, in seconds, and how often to ask again."""

    connect: float = 10.0
    read: float = 30.0
    attempts: int = 5
    """Attempts in a row that bring nothing."""

    first_pause: float = 0.5
    longest_pause: float = 8.0

    def pause(self, failures: int, asked: float = 0.0) -> None:
        """Rest after the given number of failures in a row; at least what the source ``asked`` for, up to a minute."""
        time.sleep(max(min(asked, 60.0), min(self.first_pause * 2 ** (failures - 1), self.longest_pause)))


class Source(Protocol):
    """Where voices come from. A ``prefix`` is a folder or file relative to the source's root; ``""`` is all of it."""

    @property
    def uri(self) -> str:
        """The source's name, without secrets; :func:`open_source` opens the same source with it."""
        ...

    def snapshot(self) -> Self:
        """Return this source at one moment: it is listed once at most. Not for several threads."""
        ...

    def list(self, prefix: str = "") -> Paths:
        """Give the paths of the files below a prefix, relative to the source's root, sorted."""
        ...

    def fetch(self, prefix: str, progress: Progress | None = None, *, endings: tuple[str, ...] = ()) -> Path:
        """Give a local folder (or file, where the prefix names one) with all below it, complete and checked.

        With ``endings``, files whose names end otherwise may be left out.
        """
        ...

    def fetch_optional(self, prefix: str) -> Path | None:
        """Return what :meth:`fetch` does, or None; after one attempt at most, and none where the source just failed."""
        ...

    def cached(self, prefix: str, *, endings: tuple[str, ...] = ()) -> Path | None:
        """Give what :meth:`fetch` would where it is here already, without asking anyone; else None."""
        ...

    def upload(self, parts: Mapping[str, Path], progress: Progress | None = None) -> None:
        """Make what is below each prefix equal to a local folder, or be a local file; what is elsewhere stays.

        All files are there before the first old one is replaced, so that a failure on the way leaves what was; what is
        left over goes last.
        """
        ...

    def delete(self, prefix: str) -> None:
        """Delete everything below a prefix; nothing there is no error."""
        ...


class Remote(Protocol):
    """What a source on a network does itself; :class:`CachedSource` does the rest for all of them alike.

    Its failures are :class:`SourceError`: lines for people that hold no token and no signed address.
    """

    @property
    def uri(self) -> str:
        """As :attr:`Source.uri`."""
        ...

    def listing(self, prefix: str) -> Listing:
        """List a prefix with as few requests as it takes; empty where nothing is there."""
        ...

    def whole(self) -> Listing | None:
        """List every file, unchecked, with one request; None where that takes more than one."""
        ...

    def open(self, item: Item, start: int) -> AbstractContextManager[Body]:
        """Open a file that was listed, from a position on."""
        ...

    def upload(self, parts: Mapping[str, Path], progress: Progress | None = None) -> None:
        """As :meth:`Source.upload`."""
        ...

    def delete(self, prefix: str) -> None:
        """As :meth:`Source.delete`."""
        ...
