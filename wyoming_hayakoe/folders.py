"""Folders that others fill, looked through within bounds: whatever lies there, this ends, and costs little.

Of each entry of the folder all is looked through on its own, so that one that is huge, endless or forbidden is left out
and its neighbours are found.
"""

import errno
import os
import stat
import threading
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
    """Time in all, but for disks that do not answer."""

    answer: float = 5.0
    """Seconds without a single file after which a disk is one that does not answer."""


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
        OSError: this process or machine has no file descriptor, thread or memory left; no other error is raised.
    """
    tree = Tree()
    try:
        above = _identity(folder.stat())
        names = _names(folder, bounds.total)
    except (OSError, _ExcessError) as error:
        tree.left_out[""] = _reason(error)
        return tree
    silent = [name for name in names if _is_silent(folder / name)]
    names = [name for name in names if name not in silent]
    while names:
        look = _Look(folder, names, above, bounds, bounds.total - len(tree.found))
        names = look.run_within(bounds.answer)
        tree.found.update(look.tree.found)
        tree.left_out.update(look.tree.left_out)
        if names:
            _silent[folder / names[0]] = look.thread
            silent.append(names.pop(0))
    tree.left_out.update(dict.fromkeys(silent, "its disk does not answer: check the network or the mount"))
    return tree


def shown(path: str | Path) -> str:
    """Return a path as one line of text, whatever bytes its name is made of."""
    text = str(path).encode(errors="backslashreplace").decode()
    return text if text.isprintable() else "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


class _ExcessError(Exception):
    """An entry is beyond the bounds."""


_silent: dict[Path, threading.Thread] = {}
"""What did not answer, and the thread that waits in the kernel until it does: no second one is made to wait."""


def _is_silent(place: Path) -> bool:
    waiting = _silent.get(place)
    if waiting is not None and not waiting.is_alive():
        del _silent[place]
    return place in _silent


class _Look:
    """Looks through entries of a folder in a thread, since a network disk that has left holds it for ever."""

    def __init__(self, folder: Path, names: list[str], above: tuple[int, int], bounds: Bounds, room: int) -> None:
        self.tree = Tree()
        self.thread = threading.Thread(target=self._run, name="folders", daemon=True)
        self._folder = folder
        self._names = names
        self._above = above
        self._bounds = bounds
        self._room = room
        self._done = 0
        self._climb: _Climb | None = None
        self._error: Exception | None = None
        self._is_given_up = False
        self._lock = threading.Lock()

    def run_within(self, answer: float) -> list[str]:
        """Run until all is looked through, or nothing has come for ``answer`` seconds; return the names that are left.

        Raises:
            OSError: this process or machine has no file descriptor, thread or memory left.
        """
        try:
            self.thread.start()
        except RuntimeError as error:
            raise OSError(errno.EAGAIN, "no thread can be started") from error
        before, now = None, self._progress()
        while before != now:
            self.thread.join(answer)
            before, now = now, self._progress()
            if not self.thread.is_alive():
                break
        with self._lock:
            self._is_given_up = True
        if self._error is not None:
            raise self._error
        return self._names[self._done :]

    def _progress(self) -> tuple[int, int]:
        return self._done, self._climb.looked if self._climb else 0

    def _run(self) -> None:
        end = time.monotonic() + self._bounds.seconds
        try:
            for name in self._names:
                room = min(self._bounds.files, self._room - len(self.tree.found))
                self._climb = climb = _Climb(self._folder, self._bounds, room, end)
                climb.look(name, self._above)
                with self._lock:
                    if self._is_given_up:
                        return
                    self.tree.found.update(climb.found)
                    self.tree.left_out.update(islice(climb.left_out.items(), 1))
                    self._done += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where this is waited for
            self._error = error


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
        self.looked = 0

    def look(self, name: str, above: tuple[int, int]) -> None:
        """Look through the entry ``name``; nothing of one beyond the bounds is kept."""
        try:
            self.enter(name, (above,))
        except _ExcessError as error:
            self.found, self.left_out = {}, {name: str(error)}

    def enter(self, path: str, above: tuple[tuple[int, int], ...]) -> None:
        """Note a file or folder and what is below it; ``above`` are the folders that it lies in."""
        try:
            if not _is_text(path):
                self.left_out[path] = "its name is not UTF-8: rename it, or unpack it with the encoding of its archive"
                return
            status = (self._folder / path).stat()
            self.looked += 1
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
