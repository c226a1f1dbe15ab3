"""The report of an artifact: what was made, how and of what. It lies in the user's folder, and may hold anything.

It ends with its own digest, so that what was changed by hand or by accident is recognised. What another version of this
program wrote is whole, and still not always what this one expects: each kind of model says what it reads.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wyoming_hayakoe.disk import read_start, write_whole

REPORT = "report.json"

Report = Mapping[str, Any]
"""What JSON holds, by key; ``files`` are the digests of the files beside it by their names."""

Accepts = Callable[[Report], bool]
"""Returns whether a report has everything that is read of it, with values that can be."""


def anything(_: Report) -> bool:
    """Accept every report."""
    return True


def nothing(_: Report) -> bool:
    """Accept no report."""
    return False


# Those of a full-size voice have 10 kB.
_LARGEST = 1 << 20
_DIGEST = "digest"


def read_report(folder: Path) -> Report | None:
    """Return the report in ``folder``; None where there is none, or not as it was written."""
    try:
        report = json.loads(read_start(folder / REPORT, _LARGEST))
        is_unchanged = report.pop(_DIGEST) == _digest(report)
        return report if is_unchanged and _are_files(report["files"]) else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def write_report(folder: Path, notes: Report) -> Report:
    """Write ``notes`` as the report in ``folder``, and return them as they are read.

    Raises:
        OSError: the disk does not take it.
    """
    report: dict[str, Any] = json.loads(json.dumps({key: notes[key] for key in notes if key != _DIGEST}))
    text = json.dumps({**report, _DIGEST: _digest(report)}, ensure_ascii=False, indent=1)
    write_whole(folder / REPORT, text.encode("utf-8", "backslashreplace"))
    return report


def lists(report: Report, *graphs: str) -> bool:
    """Return whether the files of ``graphs`` are in a report."""
    return all(f"{name}.onnx" in report["files"] for name in graphs)


def is_whole(value: object, low: int, high: int) -> bool:
    """Return whether a value is a whole number from ``low`` to ``high``."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def is_seconds(value: object) -> bool:
    """Return whether a value is a time that this program may have taken, at most a week."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 7 * 86_400


def _are_files(files: object) -> bool:
    return isinstance(files, dict) and all(name == Path(name).name and name != ".." for name in files)


def _digest(report: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(report, sort_keys=True).encode()).hexdigest()[:32]
