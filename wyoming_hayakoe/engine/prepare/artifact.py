"""Folders of files that are made once: whole or absent, also with several makers at once and after a power cut."""

import hashlib
import logging
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from wyoming_hayakoe.disk import clear, locked, open_file, read_start, remove, stamp, sync, unlocked, write_record
from wyoming_hayakoe.engine.prepare.reports import REPORT, Accepts, Report, anything, read_report, write_report

_LOGGER = logging.getLogger(__name__)

# Reading all of a voice takes seconds from an SD card. A power cut spoils whole blocks, and mostly many.
_SAMPLES = 256
_SAMPLE = 4096

INCOMING = ".incoming"
"""Ends the name of a folder that is being filled."""

# Of a graph, and of its weights: they are loaded by these names.
_LOADED = frozenset({".onnx", ".data"})

# SHA-256 of contents, and the beginning of that of the note.
_NOTE = re.compile(r"([0-9a-f]{64}) ([0-9a-f]{16})")
_NOTE_BYTES = 64 + 1 + 16


@dataclass(frozen=True, slots=True)
class Artifact:
    """One such folder, found whole."""

    folder: Path

    report: Report
    """What was made, how and of what, with the digests of its files."""

    @classmethod
    def open(cls, folder: Path, accepts: Accepts = anything) -> Self | None:
        """Return the artifact in ``folder``; None where there is none that is whole and whose report is accepted."""
        report = read_report(folder)
        try:
            is_whole = report is not None and accepts(report) and _holds(folder, report)
        except (OSError, ValueError):
            return None
        return cls(folder, report) if report is not None and is_whole else None

    @classmethod
    def ensure(cls, folder: Path, make: Callable[[Path], Report], accepts: Accepts = anything) -> Self:
        """Return the artifact in ``folder``; where there is none, ``make`` fills the folder and returns its report.

        Raises:
            OSError: the disk does not take it.
        """
        if (found := cls.open(folder, accepts)) is not None:
            return found
        folder.parent.mkdir(parents=True, exist_ok=True)
        clear(_lock(folder))
        with locked(_lock(folder), f"{folder.name}: another process makes it"):
            if (found := cls.open(folder, accepts)) is not None:
                return found
            if folder.exists():
                _LOGGER.warning("%s: is damaged; making it anew", folder)
            return cls(folder, _make(folder, make))

    @property
    def made_at(self) -> float:
        """When it was made, in seconds since 1970; 0 where it is gone."""
        with suppress(OSError):
            return (self.folder / REPORT).stat().st_mtime
        return 0.0

    def graph(self, name: str) -> Path:
        """Return the path of the graph ``name``."""
        return self.folder / f"{name}.onnx"

    def discard(self) -> None:
        """Remove the folder; a process that has opened its files can go on reading them."""
        remove(self.folder)
        remove(_lock(self.folder))


def content_hash(files: Sequence[Path], memo: Path, *, only_remembered: bool = False) -> str | None:
    """Return the SHA-256 of files' contents, which the folder ``memo`` remembers as long as they do not change.

    With ``only_remembered``, None where it is not remembered.

    Raises:
        OSError: a file cannot be read.
    """
    note = memo / stamp(*files)
    with suppress(OSError, ValueError):
        known = _NOTE.fullmatch(read_start(note, _NOTE_BYTES + 1).decode("ascii"))
        if known and known[2] == _check(note, known[1]):
            return known[1]
    if only_remembered:
        return None
    digest = hashlib.sha256()
    for path in files:
        with open_file(path) as file:
            while block := file.read(1 << 20):
                digest.update(block)
    with suppress(OSError):
        write_record(note, f"{digest.hexdigest()} {_check(note, digest.hexdigest())}".encode())
    return digest.hexdigest()


def _check(note: Path, digest: str) -> str:
    """Return what shows that a note was not copied from another file's."""
    return hashlib.sha256(f"{note.name} {digest}".encode()).hexdigest()[:16]


def clear_abandoned(folder: Path) -> None:
    """Remove from a folder of artifacts what killed processes have left half made."""
    for incoming in folder.glob(f"*{INCOMING}"):
        with suppress(OSError), unlocked(_lock(incoming.with_suffix(""))):
            remove(incoming)


def _lock(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _make(folder: Path, make: Callable[[Path], Report]) -> Report:
    """Fill ``folder`` at once; the caller holds its lock."""
    # Nobody else writes here meanwhile; what lies here was left by a process that was killed.
    incoming = folder.with_name(f"{folder.name}{INCOMING}")
    remove(incoming)
    incoming.mkdir()
    try:
        notes = make(incoming)
        for path in incoming.iterdir():
            with path.open("rb+") as file:
                sync(file)
        files = {path.name: _digest(path) for path in sorted(incoming.iterdir())}
        report = write_report(incoming, {**notes, "files": files})
        remove(folder)
        incoming.rename(folder)
    finally:
        remove(incoming)
    return report


def _holds(folder: Path, report: Report) -> bool:
    """Return whether a folder has the listed files, and no other that would be loaded."""
    unlisted = {path.name for path in folder.iterdir() if path.suffix in _LOADED} - report["files"].keys()
    return not unlisted and all(_digest(folder / name) == digest for name, digest in report["files"].items())


def _digest(path: Path) -> str:
    """Return size and digest of samples from all over a file."""
    digest = hashlib.sha256()
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        step = max(_SAMPLE, size // _SAMPLES)
        for start in range(0, size, step):
            file.seek(start)
            digest.update(file.read(_SAMPLE))
    return f"{size} {digest.hexdigest()[:32]}"
