"""One file from a source to the disk: resumed where it broke off, checked, tried again."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from wyoming_hayakoe.disk import sync
from wyoming_hayakoe.sources.source import Item, Patience, Remote, SourceError, UnavailableError

_READ = 1 << 20

Answer = TypeVar("Answer")


def asked(request: Callable[[], Answer], patience: Patience) -> Answer:
    """Return what a request gives; ask again while the source is unavailable."""
    failures = 0
    while True:
        try:
            return request()
        except UnavailableError as error:
            failures += 1
            if failures >= patience.attempts:
                raise
            patience.pause(failures, error.wait)


def receive(remote: Remote, item: Item, part: Path, patience: Patience, arrived: Callable[[int], None]) -> None:
    """Bring a file to ``part``, from where that broke off, and check it; ``arrived`` is told how much is there."""
    failures = 0
    while True:
        before = _size(part)
        try:
            _attempt(remote, item, part, arrived)
        except UnavailableError as error:
            # A connection that breaks again and again still gets there as long as each one brings something.
            failures = 1 if _size(part) > before else failures + 1
            if failures >= patience.attempts:
                raise
            patience.pause(failures, error.wait)
        else:
            return


def _attempt(remote: Remote, item: Item, part: Path, arrived: Callable[[int], None]) -> None:
    here = _size(part)
    # One byte is always asked for: the answer tells the checksum, and no server answers a range of nothing.
    start = 0 if here > item.size else min(here, max(item.size - 1, 0))
    part.touch()
    with remote.open(item, start) as body, part.open("r+b") as file:
        if body.start not in {0, start}:
            raise SourceError(f"{remote.uri}: answers a part of {item.path!r} that was not asked for")
        file.truncate(body.start)
        digest = _Digest(body.checksum, item.size)
        while known := file.read(_READ):
            digest.update(known)
        for chunk in body.chunks:
            if file.tell() + len(chunk) > item.size:
                raise SourceError(f"{remote.uri}: sends more of {item.path!r} than the {item.size} bytes that it lists")
            file.write(chunk)
            digest.update(chunk)
            arrived(file.tell())
        sync(file)
    if _size(part) < item.size:
        raise UnavailableError(f"{remote.uri}: breaks off in the middle of {item.path!r}: try again later")
    if not digest.fits():
        part.unlink()
        raise UnavailableError(f"{remote.uri}: {item.path!r} arrives damaged: try again later, or upload it anew")


class _Digest:
    """The checksum that a source gives, computed as the bytes arrive."""

    def __init__(self, checksum: str | None, size: int) -> None:
        kind, _, self._expected = (checksum or "").partition(":")
        self._hash = None
        if kind == "git":
            self._hash = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        elif kind:
            self._hash = hashlib.new(kind, usedforsecurity=False)

    def update(self, data: bytes) -> None:
        if self._hash is not None:
            self._hash.update(data)

    def fits(self) -> bool:
        return self._hash is None or self._hash.hexdigest() == self._expected.lower()


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0
