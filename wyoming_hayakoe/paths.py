"""Paths of this program's data and configuration."""

import os
from pathlib import Path


def data_dir(given: str | os.PathLike[str] | None = None) -> Path:
    """Return the data directory, of voices, caches and ``words.csv``; it may not exist yet.

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
    """Return the directory of the user's configuration; it may not exist yet."""
    chosen = os.environ.get("XDG_CONFIG_HOME")
    try:
        return (Path(chosen) if chosen else Path.home() / ".config") / "wyoming-hayakoe"
    except RuntimeError:
        return Path("/etc/wyoming-hayakoe")


def words_file(directory: Path) -> Path:
    """Return the path of the user's dictionary in a data directory."""
    return directory / "words.csv"


def voices_dir(directory: Path) -> Path:
    """Return the folder of a data directory into which the user copies voices."""
    return directory / "voices"
