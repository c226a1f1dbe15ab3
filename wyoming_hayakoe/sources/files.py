"""Checks of paths in a source: they come from other machines and become file names here."""

import unicodedata
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

from wyoming_hayakoe.disk import one_line_errors
from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.folders import Tree, shown, walk
from wyoming_hayakoe.sources.source import Item, Listing, SourceError

MAX_FILES = 10_000
MAX_BYTES = 64 << 30
"""All the files below a prefix together; a voice has a quarter of a gigabyte."""

_LONGEST_PART = 255
_LONGEST_PATH = 1024


def is_safe(path: str) -> bool:
    """Return whether a path stays inside the folder that it is joined to, with names that every disk takes."""
    try:
        parts = path.encode().split(b"/")
    except UnicodeEncodeError:
        return False
    return (
        len(path.encode()) <= _LONGEST_PATH
        and all(part not in {b"", b".", b".."} and len(part) <= _LONGEST_PART for part in parts)
        and not any(unicodedata.category(char) == "Cc" for char in path)
        and "\\" not in path
    )


def clean_prefix(prefix: str) -> str:
    """Return a prefix without slashes around it.

    Raises:
        UsageError: it leads outside the source.
    """
    cleaned = prefix.strip("/")
    if cleaned and not is_safe(cleaned):
        raise UsageError(f"{prefix!r} is no path inside a source: write names with / between them")
    return cleaned


def named_prefix(prefix: str) -> str:
    """Return a clean prefix that is not the whole source, which must not be replaced or deleted by accident.

    Raises:
        UsageError: it is the whole source, or leads outside.
    """
    cleaned = clean_prefix(prefix)
    if not cleaned:
        raise UsageError("a whole source is neither replaced nor deleted: name a folder in it")
    return cleaned


def is_below(path: str, prefix: str) -> bool:
    """Return whether a path is below a clean prefix or is the prefix itself."""
    return not prefix or path == prefix or path.startswith(f"{prefix}/")


def checked(items: Iterable[Item], uri: str) -> tuple[Item, ...]:
    """Return a source's files, sorted by path.

    Raises:
        SourceError: there are too many, they are too large, or a path is unsafe.
    """
    found = sorted(islice(items, MAX_FILES + 1), key=lambda item: item.path)
    if len(found) > MAX_FILES:
        raise SourceError(f"{uri}: has more than {MAX_FILES} files: name the folder of a voice in it")
    paths = {item.path for item in found}
    for item in found:
        parents = item.path.split("/")[:-1]
        is_folder_too = any("/".join(parents[: depth + 1]) in paths for depth in range(len(parents)))
        if not is_safe(item.path) or is_folder_too or (item.size or 0) < 0:
            raise SourceError(f"{uri}: has a file that cannot be kept, {item.path[:200]!r}: rename it at its source")
    if len(paths) < len(found) or known_size(found) > MAX_BYTES:
        raise SourceError(f"{uri}: lists a file twice, or more than {MAX_BYTES >> 30} GiB: this is no voice")
    return tuple(found)


def known_size(items: Iterable[Item]) -> int:
    """Return the bytes of those files whose sizes are listed."""
    return sum(item.size or 0 for item in items)


def below(whole: Listing, prefix: str, uri: str) -> Listing:
    """Return what a listing of a whole source has below a clean prefix; SourceError as :func:`checked`."""
    if whole.is_file:
        # A source that is a file lists its own name, which is therefore a prefix as well.
        items = checked(whole.items if prefix in {"", whole.items[0].path} else (), uri)
        return Listing(items, is_file=bool(items))
    found = [item for item in whole.items if not prefix or item.path.startswith(f"{prefix}/")]
    named = [item for item in whole.items if item.path == prefix]
    return Listing(checked(found or named, uri), is_file=bool(named) and not found)


def tree_below(folder: Path) -> Tree:
    """Return what lies below a local folder, with what is left out of it.

    Raises:
        HayakoeError: nothing below it can be looked through.
    """
    with one_line_errors(folder, "name another folder"):
        folder.stat()
        tree = walk(folder)
    if reason := tree.left_out.get(""):
        raise SourceError(f"{shown(folder)}: {reason}")
    return tree


def files_below(folder: Path) -> dict[str, Path]:
    """Return all files of a local folder by their paths relative to it; links are followed, but not in circles.

    Raises:
        HayakoeError: not all of them can be read.
    """
    tree = tree_below(folder)
    for path, reason in tree.left_out.items():
        raise SourceError(f"{shown(folder / path)}: {reason}")
    return {path: folder / path for path in tree.files}


def gathered(parts: Mapping[str, Path]) -> dict[str, Path]:
    """Return the local files of an upload by their paths in the source; a part is a folder or a file."""
    found: dict[str, Path] = {}
    for prefix, place in parts.items():
        below = {"": place} if place.is_file() else files_below(place)
        found |= {f"{prefix}/{relative}" if relative else prefix: path for relative, path in below.items()}
    return found


def left_over(paths: Iterable[str], parts: Mapping[str, Path], ours: Mapping[str, Path]) -> list[str]:
    """Return the paths of a source that are below the prefixes of an upload and not part of it."""
    return [path for path in paths if path not in ours and any(is_below(path, prefix) for prefix in parts)]
