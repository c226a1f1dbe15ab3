"""Checks of the files that a long measurement is to write, before it begins."""

import os
from pathlib import Path

from wyoming_hayakoe.errors import UsageError


def check_json(target: str | None) -> None:
    """Check the file of --json; ``-`` is standard output, and None no file.

    Raises:
        UsageError: it cannot be written.
    """
    if target not in {None, "-"}:
        _check_file("--json", Path(str(target)))


def check_chart(target: str | None) -> None:
    """Check the file of --chart, and that it can be drawn; None is no file.

    Raises:
        UsageError: matplotlib is not installed, does not know the format, or the file cannot be written.
    """
    if target is None:
        return
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError:
        raise UsageError(
            "--chart: matplotlib is not installed: run script/setup dev, or pip install matplotlib"
        ) from None
    formats = FigureCanvasBase.get_supported_filetypes()
    path = Path(target)
    if path.suffix.lower().removeprefix(".") not in formats:
        raise UsageError(f"--chart: {target}: is no image file: let its name end in .png, .svg or .pdf")
    _check_file("--chart", path)


def _check_file(flag: str, path: Path) -> None:
    if not path.parent.is_dir():
        raise UsageError(f"{flag}: {path}: there is no folder {path.parent}: make it, or name another file")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"{flag}: {path}: cannot be written: name another file")
