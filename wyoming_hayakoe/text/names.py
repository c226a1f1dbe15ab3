"""Names that Open JTalk misreads: tables of surfaces, readings and accents, applied where a name is whole words.

A line of ``data/*.tsv`` is: surface, pronunciation in katakana, accent nucleus, kind. A family and a given name, two
accent phrases, have a blank in each column. The readings are public facts, written down for this program; none is
copied from a dictionary. Nuclei of compounds are by rule: before 市 町 村 区 駅 on the last mora of the name, 線 flat.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from wyoming_hayakoe.text.rows import NAMES, Edit, alike, made, parsed

_PLACE = "固有名詞,地域,一般"
_SPEECH = {
    "place": _PLACE,
    "family": "固有名詞,人名,姓",
    "given": "固有名詞,人名,名",
    "name": "固有名詞,一般,*",
}

_TITLES = frozenset({"さん", "氏", "君", "くん", "ちゃん", "様", "さま", "選手", "監督", "投手", "先生", "容疑者"})
_SUFFIXES = {"市": ("シ",), "区": ("ク",), "町": ("マチ", "チョー"), "村": ("ムラ", "ソン")}
_WIDE = {digit: digit + 0xFEE0 for digit in range(0x30, 0x3A)}


class NamedWord(NamedTuple):
    """One word of a name."""

    surface: str
    reading: str
    """Its pronunciation."""
    nucleus: int
    speech: str
    """Groups of its part of speech."""


Name = tuple[NamedWord, ...]


def revised(rows: Sequence[str], free: Sequence[bool]) -> Iterator[Edit]:
    """Yield the names of the tables, the longest first, in order; only rows that are ``free`` are replaced."""
    table = _table()
    start = 0
    while start < len(rows):
        end, name = table.found(rows, start)
        if name and all(free[start:end]) and not (name[0].speech == _PLACE and _is_person(rows[end:][:1])):
            yield Edit(start, end, _rows(name, rows[start:end]))
        start = end if name else start + 1


def _rows(name: Name, rows: Sequence[str]) -> tuple[str, ...]:
    """Return the rows of a name; if Open JTalk reads it so, they are its own, which nobody else may change."""
    rival = "".join(parsed(row).reading for row in rows)
    if alike(rival) == alike("".join(word.reading for word in name)):
        return tuple(rows)
    rivals = [rival, *[""] * (len(name) - 1)]
    return tuple(made(*word, (NAMES, other)) for word, other in zip(name, rivals, strict=True))


def _is_person(following: Sequence[str]) -> bool:
    """Return whether the next word is a given name or a title, so that 熊谷 before it is no town."""
    if not following:
        return False
    word = parsed(following[0])
    return word.surface in _TITLES or word.kind == "人名"


class _Names:
    """The names by surface."""

    def __init__(self, names: dict[str, Name]) -> None:
        self._names = names
        self._longest: dict[str, int] = {}
        for surface in names:
            self._longest[surface[0]] = max(len(surface), self._longest.get(surface[0], 0))

    def found(self, rows: Sequence[str], start: int) -> tuple[int, Name]:
        """Return the longest name that begins with the row at ``start``, and the index after its last row."""
        surface, end = "", start
        name: Name = ()
        longest = self._longest.get(parsed(rows[start]).surface[:1], 0)
        for index in range(start, len(rows)):
            surface += parsed(rows[index]).surface
            if len(surface) > longest:
                break
            if (found := self._names.get(surface)) or (found := self._before_office(surface, rows[index + 1 :][:1])):
                end, name = index + 1, found
        return end, name

    def _before_office(self, surface: str, following: Sequence[str]) -> Name:
        """Return the name without its suffix where the next word begins with that suffix: 羽生 in 羽生|市役所."""
        if not following:
            return ()
        word = parsed(following[0])
        name = self._names.get(surface + word.surface[:1], ())
        if len(word.surface) < 2 or len(name) != 1:
            return ()
        for suffix in _SUFFIXES.get(word.surface[0], ()):
            if name[0].reading.endswith(suffix) and alike(word.reading).startswith(suffix):
                return (NamedWord(surface, name[0].reading.removesuffix(suffix), 0, name[0].speech),)
        return ()


@cache
def _table() -> _Names:
    names: dict[str, Name] = {}
    for file in sorted(files("wyoming_hayakoe.text").joinpath("data").iterdir(), key=lambda file: file.name):
        lines = file.read_text(encoding="utf-8").splitlines() if file.name.endswith(".tsv") else []
        for line in lines:
            if line and not line.startswith("#"):
                name = _name(line)
                names["".join(word.surface for word in name).translate(_WIDE)] = name
    return _Names(names)


def _name(line: str) -> Name:
    surfaces, readings, nuclei, kinds = (column.split(" ") for column in line.split("\t"))
    words = zip(surfaces, readings, nuclei, kinds, strict=True)
    return tuple(
        NamedWord(surface.translate(_WIDE), reading, int(nucleus), _SPEECH[kind])
        for surface, reading, nucleus, kind in words
    )
