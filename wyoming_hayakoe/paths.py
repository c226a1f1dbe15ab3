"""Where this program keeps its things."""

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
