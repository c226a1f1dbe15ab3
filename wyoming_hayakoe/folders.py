"""Folders that others fill, looked through within bounds: whatever lies there, this ends, and costs little.

Of each entry of the folder all is looked through on its own, so that one that is huge, endless or forbidden is left out
and its neighbours are found.
"""

import errno
import os
import stat
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

# The process or the machine is short of something: that says nothing of the folder, and will pass.
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
# Removed since it was listed, or a link to nowhere or to itself.
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
_FORBIDDEN = {errno.EACCES, errno.EPERM}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a folder is looked through."""

    files: int = 10_000
    """Files and folders below one entry of the folder; a voice has about ten."""

    total: int = 100_000
    """Files and folders in all. On a Raspberry Pi 4 a file costs about 20 µs."""

    depth: int = 32
    """Folders in each other."""

    visits: int = 4
    """Times that links may lead to the same folder: 52 folders, each with two links to the next, have 2⁵² paths."""

    seconds: float = 10.0
    """Time in all."""


BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Tree:
    """What lies below a folder."""

    found: dict[str, os.stat_result] = field(default_factory=dict)
    """The regular files and the folders, by their paths relative to the folder."""

    left_out: dict[str, str] = field(default_factory=dict)
    """Why something is left out, by its path, and what to do: one for each entry of the folder; "" is itself."""

    @property
    def files(self) -> list[str]:
        """The paths of the regular files, sorted."""
        return sorted(path for path, status in self.found.items() if stat.S_ISREG(status.st_mode))


def walk(folder: Path, bounds: Bounds = BOUNDS) -> Tree:
    """Return what lies below a folder. Links are followed, but not in circles; no file is opened.

    Raises:
        OSError: this process or machine has no file descriptor or memory left; nothing else of the disk is raised.
    """
    tree = Tree()
    end = time.monotonic() + bounds.seconds
    try:
        above = _identity(folder.stat())
        names = _names(folder, bounds.total)
    except (OSError, _ExcessError) as error:
        tree.left_out[""] = _reason(error)
        return tree
    for name in names:
        climb = _Climb(folder, bounds, min(bounds.files, bounds.total - len(tree.found)), end)
        try:
            climb.enter(name, (above,))
        except _ExcessError as error:
            tree.left_out[name] = str(error)
            continue
        tree.found.update(climb.found)
        tree.left_out.update(islice(climb.left_out.items(), 1))
    return tree


def shown(path: str | Path) -> str:
    """Return a path as one line of text, whatever bytes its name is made of."""
    text = str(path).encode(errors="backslashreplace").decode()
    return text if text.isprintable() else "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


class _ExcessError(Exception):
    """An entry is beyond the bounds."""


class _Climb:
    """Looks through one entry of a folder."""

    def __init__(self, folder: Path, bounds: Bounds, room: int, end: float) -> None:
        self._folder = folder
        self._bounds = bounds
        self._room = room
        self._end = end
        self._visits: Counter[tuple[int, int]] = Counter()
        self.found: dict[str, os.stat_result] = {}
        self.left_out: dict[str, str] = {}

    def enter(self, path: str, above: tuple[tuple[int, int], ...]) -> None:
        """Note a file or folder and what is below it; ``above`` are the folders that it lies in."""
        try:
            if not _is_text(path):
                self.left_out[path] = "its name is not UTF-8: rename it, or unpack it with the encoding of its archive"
                return
            status = (self._folder / path).stat()
            if stat.S_ISDIR(status.st_mode):
                self._enter_folder(path, status, above)
            elif stat.S_ISREG(status.st_mode):
                self._note(path, status)
            else:
                self.left_out[path] = "it is no regular file: remove it"
        except OSError as error:
            if error.errno not in _GONE:
                self.left_out[path] = _reason(error)

    def _enter_folder(self, path: str, status: os.stat_result, above: tuple[tuple[int, int], ...]) -> None:
        identity = _identity(status)
        if identity in above or self._visits[identity] >= self._bounds.visits:
            return
        self._visits[identity] += 1
        if len(above) > self._bounds.depth:
            self.left_out[path] = f"it lies more than {self._bounds.depth} folders deep: move it up"
            return
        if time.monotonic() > self._end:
            raise _ExcessError("the disk is too slow to look through it: copy it to another one")
        self._note(path, status)
        for name in _names(self._folder / path, self._room, already=len(self.found)):
            self.enter(f"{path}/{name}", (*above, identity))

    def _note(self, path: str, status: os.stat_result) -> None:
        self.found[path] = status
        if len(self.found) > self._room:
            raise _excess(self._room)


def _names(folder: Path, most: int, *, already: int = 0) -> list[str]:
    """Return the sorted names in a folder; of more than ``most``, with those ``already`` counted, none are kept."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in islice(entries, most - already + 1))
    if already + len(names) > most:
        raise _excess(most)
    return names


def _excess(most: int) -> _ExcessError:
    return _ExcessError(f"it has more than {most} files: name the folder of a voice in it, or remove the others")


def _reason(error: Exception) -> str:
    if not isinstance(error, OSError):
        return str(error)
    if error.errno in _EXHAUSTED:
        raise error
    if error.errno in _FORBIDDEN:
        return "it may not be read: change its owner or permissions"
    return f"it cannot be read ({error.strerror or type(error).__name__}): repair it, or remove it"


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
