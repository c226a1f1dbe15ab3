"""HTS voices among the paths of a source: .htsvoice files, of which several can be the styles of one voice.

A file ``NAME-neutral`` or ``NAME_normal`` is the default style of the voice NAME, and each other ``NAME-STYLE`` in its
folder is a style beside it: so the files of tohoku-f01 are one voice, and so are MMDAgent's of mei and of takumi, also
in one folder. Every other file is a voice, by its own name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

ENDING = ".htsvoice"

NOTES = ("README.md", "LICENSE", "LICENSE.txt", "COPYRIGHT.txt", "COPYRIGHT")
"""Files beside a voice that say whose it is."""

_STEM = re.compile(r"(.+[-_])([^-_]+)", re.DOTALL)
_DEFAULTS = ("neutral", "normal")
_ALONE = "normal"
"""The style of a voice that has just one."""


@dataclass(frozen=True, slots=True)
class HTSPlace:
    """An HTS voice in a source."""

    name: str
    prefix: str
    """The path of its file, or the folder of its styles; "" where that is the source."""

    styles: Mapping[str, str]
    """The paths of its files by style, the default first."""


def hts_in(paths: Iterable[str]) -> list[HTSPlace]:
    """Return the voices that the files at ``paths`` make up."""
    folders: dict[PurePosixPath, list[str]] = {}
    for path in map(PurePosixPath, sorted(paths)):
        if path.suffix == ENDING:
            folders.setdefault(path.parent, []).append(path.stem)
    return [voice for folder, stems in folders.items() for voice in _in_folder(folder, stems)]


def _in_folder(folder: PurePosixPath, stems: list[str]) -> Iterable[HTSPlace]:
    groups: dict[str, list[str]] = {}
    for stem in stems:
        match = _STEM.fullmatch(stem)
        groups.setdefault(match[1] if match else stem, []).append(match[2] if match else "")
    for beginning, styles in groups.items():
        default = next((style for style in _DEFAULTS if style in styles), None)
        if default is not None and len(styles) > 1:
            ordered = dict.fromkeys([default, *styles])
            paths = {style: _path(folder, beginning + style) for style in ordered}
            yield HTSPlace(beginning[:-1], "" if folder == PurePosixPath() else str(folder), paths)
        else:
            for path in (_path(folder, beginning + style) for style in styles):
                yield HTSPlace(PurePosixPath(path).stem, path, {_ALONE: path})


def _path(folder: PurePosixPath, stem: str) -> str:
    return str(folder / f"{stem}{ENDING}")
