from pathlib import Path

from wyoming_hayakoe.sources.source import Patience

QUICK = Patience(connect=2.0, read=0.5, attempts=3, first_pause=0.001, longest_pause=0.002)


def contents(folder: Path) -> dict[str, bytes]:
    """Return what lies below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
