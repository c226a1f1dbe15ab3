"""The disk of this machine: errors as one line with a remedy, atomic writes, locks and stamps."""

import errno
import fcntl
import hashlib
import logging
import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.folders import walk

_LOGGER = logging.getLogger(__name__)

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def one_line_errors(place: Path, remedy: str) -> Iterator[None]:
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
    return f"{place}: {error.strerror or type(error).__name__}: repair it, or {remedy}"


def sync(file: BinaryIO) -> None:
    """Write the file's content to the disk, before its name."""
    file.flush()
    os.fsync(file.fileno())


def write_whole(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write a small file atomically: a reader sees the old content or the new one, also beside other writers.

    Args:
        path: the file; its folder must exist.
        data: all of its content.
        mode: its permissions; None keeps those of the file that is replaced, and takes the umask's for a new one.

    Raises:
        OSError: the disk does not take it; nothing is left behind.
    """
    if mode is None:
        with suppress(FileNotFoundError):
            mode = stat.S_IMODE(path.stat().st_mode)
    # One name for each process and thread: two writers have two files. That of a killed writer is overwritten later.
    incoming = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.incoming")
    try:
        descriptor = os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666 if mode is None else mode)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor, which has the permissions already
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(data)
            sync(file)
        incoming.replace(path)
    except BaseException:
        incoming.unlink(missing_ok=True)
        raise


@contextmanager
def nameless(data: bytes = b"") -> Iterator[Path]:
    """Yield the path of a file with ``data`` that nobody else can open, and that is gone with its process.

    Also a process that is killed leaves nothing behind: the file has no name in any folder.

    Raises:
        OSError: the temporary folder does not take it.
    """
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield Path(f"/proc/self/fd/{file.fileno()}")


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading; anything that blocks, never ends, or acts when it is opened is left alone.

    Raises:
        OSError: it cannot be read, or is a folder, pipe, socket or device.
    """
    check_regular(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        check_regular(path, os.fstat(descriptor))
        return open(descriptor, "rb")  # noqa: PTH123 - of a descriptor
    except BaseException:
        os.close(descriptor)
        raise


def check_regular(path: Path, found: os.stat_result | None = None) -> None:
    """Raise an OSError unless ``path``, or what was ``found`` when it was opened, is a regular file."""
    if not stat.S_ISREG((found or path.stat()).st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))


def read_start(path: Path, most: int) -> bytes:
    """Return at most the first ``most`` bytes of a regular file, as :func:`open_file` opens it."""
    with open_file(path) as file:
        return file.read(most) or b""  # None is what a file of /proc gives that would make a reader wait


def read_regular(path: Path, limit: int) -> bytes:
    """Read a regular file of at most ``limit`` bytes, as :func:`open_file` opens it.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger.
    """
    data = read_start(path, limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"larger than {limit >> 20} MiB", str(path))
    return data


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it; what cannot be removed stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def clear(path: Path) -> None:
    """Remove what is at a path unless it is a regular file; another process may be making that at this moment."""
    with suppress(OSError):
        if not stat.S_ISREG(path.lstat().st_mode):
            remove(path)


def write_record(path: Path, data: bytes) -> None:
    """Write a small file that only this program writes, in place of whatever has its name; its folder is made.

    Raises:
        OSError: the disk does not take it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    clear(path)
    write_whole(path, data)


def stamp(*places: Path) -> str:
    """Return a text that changes when a file, or a file below a folder, is added, changed or removed.

    The stamp is made of names, sizes and times; contents are not read. Of a folder as much is looked at as
    :func:`walk` does.

    Raises:
        OSError: this process or machine has no file descriptor or memory left.
    """
    facts: list[object] = []
    for place in places:
        try:
            status = place.stat()
        except OSError:  # removed just now
            continue
        if stat.S_ISDIR(status.st_mode):
            tree = walk(place)
            facts += [str(place), tree.left_out, *((path, _facts(found)) for path, found in tree.found.items())]
        else:
            facts += [str(place), _facts(status)]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def _facts(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


@contextmanager
def locked(path: Path, waiting: str) -> Iterator[None]:
    """Hold a lock among processes and threads; the system releases it when its process ends.

    Args:
        path: a folder, or a file, which is made where there is none.
        waiting: what is logged where another one holds the lock.
    """
    while True:
        descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o666)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _LOGGER.info("%s", waiting)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            # A file that was removed while we waited locks nobody out: the next one to come makes another.
            if _is_at(descriptor, path):
                yield
                return
        finally:
            os.close(descriptor)


@contextmanager
def unlocked(path: Path) -> Iterator[None]:
    """Hold the lock of :func:`locked`, and remove its file afterwards.

    Raises:
        BlockingIOError: another one holds it.
        OSError: the file cannot be used.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
        if _is_at(descriptor, path):
            path.unlink()
    finally:
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
