"""Transfer of one file from a source to the disk: resumed, checked, repeated after failures."""

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from wyoming_hayakoe.disk import sync
from wyoming_hayakoe.sources.answers import TransferPace
from wyoming_hayakoe.sources.source import (
    ChangedError,
    Item,
    Patience,
    Remote,
    SlowError,
    SourceError,
    UnavailableError,
)

MAX_UNLISTED = 4 << 30
"""Bytes of a file whose size the source does not list; the largest that is used, a BERT in fp32, has 1.3 GB."""

_READ = 1 << 20

Answer = TypeVar("Answer")


def asked(request: Callable[[], Answer], patience: Patience) -> Answer:
    """Return the answer to a request, which is repeated while the source is unavailable."""
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
    """Fetch a file to ``part``, from the end of what is there, and check it; ``arrived`` takes the bytes so far."""
    failures = 0
    since = time.monotonic()
    while True:
        before = _size(part)
        try:
            _attempt(remote, item, part, arrived, TransferPace(remote.uri, patience))
        except ChangedError:
            # Where the size is not listed, the part may be longer than the file.
            part.unlink(missing_ok=True)
            raise
        except UnavailableError as error:
            # A connection that fails often still completes the file as long as each attempt, with the pause before it,
            # brings bytes at the least rate.
            enough = max(1.0, patience.slowest * (time.monotonic() - since))
            has_moved = _size(part) - before >= enough and not isinstance(error, SlowError)
            since = time.monotonic()
            failures = 1 if has_moved else failures + 1
            if failures >= patience.attempts:
                raise
            patience.pause(failures, error.wait)
        else:
            return


def _attempt(remote: Remote, item: Item, part: Path, arrived: Callable[[int], None], pace: TransferPace) -> None:
    start = _start(_size(part), item.size)
    part.touch()
    with remote.open(item, start) as body, part.open("r+b") as file:
        if body.start not in {0, start}:
            raise SourceError(f"{remote.uri}: answers a part of {item.path!r} that was not asked for")
        file.truncate(body.start)
        size = body.size if item.size is None else item.size
        digest = _Digest(body.checksum, size)
        while known := file.read(_READ):
            digest.update(known)
        for chunk in body.chunks:
            _check_bound(remote, item, file.tell() + len(chunk))
            file.write(chunk)
            digest.update(chunk)
            arrived(file.tell())
            pace.note(len(chunk))
        sync(file)
    if size is not None and _size(part) < size:
        raise UnavailableError(f"{remote.uri}: breaks off in the middle of {item.path!r}: try again later")
    if not digest.fits():
        part.unlink()
        raise UnavailableError(f"{remote.uri}: {item.path!r} arrives damaged: try again later, or upload it anew")


def _start(here: int, size: int | None) -> int:
    """Return the position to resume at. At least one byte is requested: no server answers an empty range."""
    if size is None:
        return max(here - 1, 0)
    return 0 if here > size else min(here, max(size - 1, 0))


def _check_bound(remote: Remote, item: Item, arrived: int) -> None:
    if item.size is None and arrived > MAX_UNLISTED:
        raise SourceError(f"{remote.uri}: sends more of {item.path!r} than {MAX_UNLISTED >> 30} GiB: this is no voice")
    if item.size is not None and arrived > item.size:
        raise SourceError(f"{remote.uri}: sends more of {item.path!r} than the {item.size} bytes that it lists")


class _Digest:
    """The checksum that a source gives, computed as the bytes arrive."""

    def __init__(self, checksum: str | None, size: int | None) -> None:
        kind, _, self._expected = (checksum or "").partition(":")
        self._hash = None
        if kind == "git":
            if size is None:  # Git hashes the size first, and the server does not give it
                return
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
