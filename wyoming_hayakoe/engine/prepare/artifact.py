"""Folders of files that are made once: whole or not there, whoever else makes them and whenever the power goes."""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wyoming_hayakoe.disk import locked, sync, write_whole

_LOGGER = logging.getLogger(__name__)

REPORT = "report.json"

# Reading all of a voice takes seconds from an SD card. What a power cut spoils it spoils by the block, and mostly many.
_SAMPLES = 256
_SAMPLE = 4096


@dataclass(frozen=True, slots=True)
class Artifact:
    """One such folder. The report in it says what it holds."""

    folder: Path

    def report(self) -> dict[str, Any] | None:
        """Return what was noted when it was made; None where it is not whole."""
        try:
            report = json.loads((self.folder / REPORT).read_bytes())
            files = report["files"]
            is_whole = all(_digest(self.folder / name) == digest for name, digest in files.items())
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None
        return report if is_whole and isinstance(report, dict) else None

    def ensure(self, make: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
        """Return the report, after having ``make`` fill the folder and note what it did, where that is not done.

        Raises:
            OSError: the disk does not take it.
        """
        if (report := self.report()) is not None:
            return report
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.folder.with_name(f"{self.folder.name}.lock"), f"{self.folder.name}: another process makes it"):
            if (report := self.report()) is not None:
                return report
            if self.folder.exists():
                _LOGGER.warning("%s: is damaged; making it anew", self.folder)
            return self._make(make)

    def discard(self) -> None:
        """Remove it; a process that has opened its files may go on reading them."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self.folder.with_name(f"{self.folder.name}.lock").unlink()

    def _make(self, make: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
        # Nobody else writes here while we hold the lock; what lies here is of one that was killed.
        incoming = self.folder.with_name(f"{self.folder.name}.incoming")
        shutil.rmtree(incoming, ignore_errors=True)
        incoming.mkdir()
        try:
            notes = make(incoming)
            for path in incoming.iterdir():
                with path.open("rb+") as file:
                    sync(file)
            report = {**notes, "files": {path.name: _digest(path) for path in sorted(incoming.iterdir())}}
            write_whole(incoming / REPORT, json.dumps(report, ensure_ascii=False, indent=1).encode())
            shutil.rmtree(self.folder, ignore_errors=True)
            incoming.rename(self.folder)
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


def content_hash(files: list[Path], memo: Path, *, only_remembered: bool = False) -> str | None:
    """Return the SHA-256 of files' contents, which the folder ``memo`` remembers as long as they do not change.

    Where only what is remembered is wanted and it is not, None.
    """
    facts = [(str(path), stat.st_size, stat.st_mtime_ns) for path in files for stat in [path.stat()]]
    note = memo / hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
    with suppress(OSError, ValueError):
        known = note.read_text(encoding="ascii")
        if len(known) == 64:
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
        incoming = note.with_name(f"{note.name}.{os.getpid()}")
        incoming.write_text(digest.hexdigest(), encoding="ascii")
        incoming.replace(note)
    return digest.hexdigest()
