"""The disk of this machine: what fails on it, told as one line with a remedy, and writes that survive a power cut."""

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from wyoming_hayakoe.errors import HayakoeError

_LOGGER = logging.getLogger(__name__)

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def told(place: Path, remedy: str) -> Iterator[None]:
    """Turn an OSError into a HayakoeError about ``place``."""
    try:
        yield
    except OSError as error:
        raise HayakoeError(_line(error, place, remedy)) from error


def _line(error: OSError, place: Path, remedy: str) -> str:
    if error.errno in _FULL:
        return f"{place}: the disk is full: make room, or {remedy}"
    if error.errno in _FORBIDDEN:
        return f"{place}: may not be used: change its owner or permissions, or {remedy}"
    return f"{place}: {error.strerror or type(error).__name__}: mend it, or {remedy}"


def sync(file: BinaryIO) -> None:
    """Have what was written reach the disk before its name does."""
    file.flush()
    os.fsync(file.fileno())


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file so that a reader sees the old one or the new one; one writer at a time."""
    incoming = path.with_name(f"{path.name}.incoming")
    with incoming.open("wb") as file:
        file.write(data)
        sync(file)
    incoming.replace(path)


@contextmanager
def locked(path: Path, waiting: str) -> Iterator[None]:
    """Hold a lock among processes and threads; the system lets go of it when its holder dies.

    ``waiting`` is logged where another one holds it.
    """
    while True:
        with path.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _LOGGER.info("%s", waiting)
                fcntl.flock(file, fcntl.LOCK_EX)
            # A file that was removed while we waited locks nobody out: the next one to come makes another.
            if _is_at(file, path):
                yield
                return


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
