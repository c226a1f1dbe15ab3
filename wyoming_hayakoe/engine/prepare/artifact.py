"""Folders of files that are made once: whole or absent, also with several makers at once and after a power cut."""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from wyoming_hayakoe.disk import locked, stamp, sync, unlocked, write_whole

_LOGGER = logging.getLogger(__name__)

REPORT = "report.json"

# Reading all of a voice takes seconds from an SD card. A power cut spoils whole blocks, and mostly many.
_SAMPLES = 256
_SAMPLE = 4096

_DIGITS = 64
"""Of a SHA-256 in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One such folder, found whole."""

    folder: Path

    report: Mapping[str, Any]
    """What was made, how and of what, with the digests of its files."""

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """Return the artifact in ``folder``; None where there is none, or it is not whole."""
        try:
            report = json.loads((folder / REPORT).read_bytes())
            is_whole = all(_digest(folder / name) == digest for name, digest in report["files"].items())
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None
        return cls(folder, report) if is_whole and isinstance(report, dict) else None

    @classmethod
    def ensure(cls, folder: Path, make: Callable[[Path], Mapping[str, Any]]) -> Self:
        """Return the artifact in ``folder``; where there is none, ``make`` fills the folder and returns its report.

        Raises:
            OSError: the disk does not take it.
        """
        if (found := cls.open(folder)) is not None:
            return found
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(_lock(folder), f"{folder.name}: another process makes it"):
            if (found := cls.open(folder)) is not None:
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
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            _lock(self.folder).unlink()


def content_hash(files: Sequence[Path], memo: Path, *, only_remembered: bool = False) -> str | None:
    """Return the SHA-256 of files' contents, which the folder ``memo`` remembers as long as they do not change.

    With ``only_remembered``, None where it is not remembered.

    Raises:
        OSError: a file cannot be read.
    """
    note = memo / stamp(*files)
    with suppress(OSError, ValueError):
        known = note.read_text(encoding="ascii")
        if len(known) == _DIGITS:
            return known
    if only_remembered:
        return None
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    with suppress(OSError):
        memo.mkdir(parents=True, exist_ok=True)
        write_whole(note, digest.hexdigest().encode())
    return digest.hexdigest()


def clear_abandoned(folder: Path) -> None:
    """Remove from a folder of artifacts what killed processes have left half made."""
    for incoming in folder.glob("*.incoming"):
        with suppress(OSError), unlocked(_lock(incoming.with_suffix(""))):
            shutil.rmtree(incoming)


def _lock(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _make(folder: Path, make: Callable[[Path], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Fill ``folder`` at once; the caller holds its lock."""
    # Nobody else writes here meanwhile; what lies here was left by a process that was killed.
    incoming = folder.with_name(f"{folder.name}.incoming")
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.mkdir()
    try:
        notes = make(incoming)
        for path in incoming.iterdir():
            with path.open("rb+") as file:
                sync(file)
        report = {**notes, "files": {path.name: _digest(path) for path in sorted(incoming.iterdir())}}
        write_whole(incoming / REPORT, json.dumps(report, ensure_ascii=False, indent=1).encode())
        shutil.rmtree(folder, ignore_errors=True)
        incoming.rename(folder)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return report


def _digest(path: Path) -> str:
    """Return size and digest of samples from all over a file."""
    size = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as file:
        step = max(_SAMPLE, size // _SAMPLES)
        for start in range(0, size, step):
            file.seek(start)
            digest.update(file.read(_SAMPLE))
    return f"{size} {digest.hexdigest()[:32]}"
