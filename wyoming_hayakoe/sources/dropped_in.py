"""Voices that were copied into a folder of this machine, and what lies there that is none."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from wyoming_hayakoe.disk import one_line_errors
from wyoming_hayakoe.folders import BOUNDS, Bounds, shown, walk
from wyoming_hayakoe.sources.files import is_safe
from wyoming_hayakoe.sources.inventory import voices_in
from wyoming_hayakoe.sources.left_out import lines_of, places_of, reason_of

# What file managers, version control and unfinished copies leave behind.
_IGNORED = (".", "~", "__MACOSX", "lost+found", "Thumbs.db", "desktop.ini")
_NOTES = (".md", ".txt", ".pdf", ".png", ".jpg", ".jpeg", ".webp", ".wav", ".mp3", "LICENSE")


@dataclass(frozen=True, slots=True)
class DroppedIn:
    """What a folder of voices holds."""

    voices: Mapping[str, str] = field(default_factory=dict)
    """The sources of its voices, by name; whether their files are what they should be shows when they are opened."""

    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why each other folder or file in it is no voice, and what to do, by its path."""

    @property
    def lines(self) -> list[str]:
        """One line for people for each folder or file that is left out, up to 20."""
        return lines_of(self.left_out)


def dropped_into(folder: Path, bounds: Bounds = BOUNDS) -> DroppedIn:
    """Return what was copied into a folder; nothing where there is no such folder. No file is opened.

    Whatever lies there, each of its entries is a voice or left out.

    Raises:
        HayakoeError: this process or machine has no file descriptor or memory left.
    """
    folder = folder.absolute()
    with one_line_errors(folder, "try again later"):
        if not os.path.lexists(folder):
            return DroppedIn()
        tree = walk(folder, bounds)
    if reason := tree.left_out.get(""):
        return DroppedIn(left_out={shown(folder): reason})
    paths = [path for path in tree.files if is_safe(path)]
    # What cannot be read may be what tells a folder from one of Piper's.
    spoiled = {path.rpartition("/")[0] for path in tree.left_out}
    found = [voice for voice in voices_in(paths) if voice.kind != "piper" or voice.prefix not in spoiled]
    voices: dict[str, str] = {}
    left_out = {shown(folder / path): reason for path, reason in tree.left_out.items() if _is_of_user(path)}
    for voice in found:
        if voice.name in voices:
            left_out[str(folder / voice.prefix)] = f"another voice here is called {voice.name}: rename one of them"
        elif voice.name:
            voices[voice.name] = f"{folder.as_uri()}#{quote(voice.name)}"
    below = _by_entry(paths)
    # A voice whose files lie in the folder itself has the place ".".
    taken = {place.partition("/")[0] for voice in found for place in places_of(voice)}
    given_up = {path.partition("/")[0] for path in tree.left_out}
    for entry in sorted({path.partition("/")[0] for path in tree.found} - taken - given_up):
        if "." not in taken and _is_of_user(entry) and not _is_note(entry, below[entry]):
            left_out[shown(folder / entry)] = reason_of(below[entry])
    return DroppedIn(voices, left_out)


def _by_entry(paths: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return the paths below each entry of the folder."""
    below: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        below[path.partition("/")[0]].append(path)
    return below


def _is_of_user(path: str) -> bool:
    return not path.startswith(_IGNORED)


def _is_note(entry: str, below: Sequence[str]) -> bool:
    return below == [entry] and entry.endswith(_NOTES)
