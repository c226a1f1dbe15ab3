"""What the files beside a voice say of it: licence, author and page."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wyoming_hayakoe.disk import read_start

_NOTES = ("README.md", "LICENSE", "LICENSE.txt")
_LONGEST = 140
_LARGEST_NOTE = 16 << 10
# The licence is at the top level of a README's front matter; lists are one level below.
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class About:
    """A voice's description of itself; "" for what is missing."""

    description: str = ""
    author: str = ""
    url: str = ""
    licence: str = ""


def read_about(folder: Path) -> About:
    """Return the licence in the front matter of a folder's README.md, or the first line of its licence file."""
    for name in _NOTES:
        try:
            text = read_start(folder / name, _LARGEST_NOTE).decode("utf-8", "replace")
        except OSError:
            continue
        if licence := brief(_licence(text) if name.endswith(".md") else first_line(text)):
            return About(licence=licence)
    return About()


def _licence(text: str) -> str:
    """Return ``license`` of the front matter, the YAML between the first two ``---`` of a Markdown file."""
    first, *lines = (line.rstrip() for line in text.lstrip().split("\n"))
    if first != "---" or "---" not in lines:
        return ""
    return _top_level_value("\n".join(lines[: lines.index("---")]), "license")


def _top_level_value(text: str, name: str) -> str:
    """Return the text of a key at the top level of a YAML mapping; "" where there is none, or it is no YAML.

    YAML is read event by event, and nothing is built of it: its aliases make a kilobyte into gigabytes, and PyYAML
    takes 21 s for 16 kB of ``[``.
    """
    import yaml  # type: ignore[import-untyped]

    depth, key, is_value = 0, "", False
    # PyYAML lets two of Python's own errors pass, about numbers that are too large.
    with suppress(yaml.YAMLError, ValueError, OverflowError):
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.NodeEvent):
                if depth > _DEEPEST or (depth == 0 and not isinstance(event, yaml.MappingStartEvent)):
                    break
                if depth == 1:
                    value = event.value if isinstance(event, yaml.ScalarEvent) else ""
                    if is_value and key == name:
                        return str(value)
                    key, is_value = value, not is_value
                depth += isinstance(event, yaml.CollectionStartEvent)
    return ""


def first_line(text: str) -> str:
    """Return the first line that is not empty, without the signs of a heading."""
    lines = (line.strip(" #\t") for line in text.splitlines())
    return next(filter(None, lines), "")


def brief(text: str) -> str:
    """Return printable text of one line that fits a list."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:_LONGEST]
