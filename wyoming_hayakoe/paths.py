"""Where this program keeps its things."""

import contextlib
import hashlib
import os
from pathlib import Path


def data_dir(given: str | os.PathLike[str] | None = None) -> Path:
    """Say which directory holds voices, caches and ``words.csv``; it need not exist yet.

    ``given`` (from ``--data-dir``), else HAYAKOE_DATA_DIR, else wyoming-hayakoe below XDG_DATA_HOME or
    ~/.local/share, or below /var/lib for a system user without a home.
    """
    chosen = given or os.environ.get("HAYAKOE_DATA_DIR")
    if chosen:
        return Path(chosen).expanduser()
    shared = os.environ.get("XDG_DATA_HOME")
    try:
        return (Path(shared) if shared else Path.home() / ".local" / "share") / "wyoming-hayakoe"
    except RuntimeError:
        return Path("/var/lib/wyoming-hayakoe")


def config_dir() -> Path:
    """Say which directory holds what the user has set up; it need not exist yet."""
    chosen = os.environ.get("XDG_CONFIG_HOME")
    try:
        return (Path(chosen) if chosen else Path.home() / ".config") / "wyoming-hayakoe"
    except RuntimeError:
        return Path("/etc/wyoming-hayakoe")


def words_file(directory: Path) -> Path:
    """Say where the user's dictionary is in a data directory."""
    return directory / "words.csv"


def voices_dir(directory: Path) -> Path:
    """Say where the user drops voices in a data directory."""
    return directory / "voices"


def fingerprint(place: Path) -> str:
    """Return a text that changes when a file, or a file below a folder, is exchanged, added or removed."""
    below = sorted(place.rglob("*")) if place.is_dir() else [place]
    facts = []
    for path in below:
        with contextlib.suppress(OSError):  # it left just now
            stat = path.stat()
            facts.append((str(path), stat.st_size, stat.st_mtime_ns))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
