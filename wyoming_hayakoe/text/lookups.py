"""How Open JTalk's dictionary has the user's words: looked up once for each, remembered from run to run.

A look-up takes 0.1 ms, 20,000 of them as long as 50 compilations of the result; so it is they that are kept, beside
``words.csv``. The file is text and believed in nothing: a line that is not as it is written here is left out, and
without the file each word is looked up again.
"""

import hashlib
import logging
import re
import struct
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wyoming_hayakoe.disk import read_regular, write_whole
from wyoming_hayakoe.text.morae import split
from wyoming_hayakoe.text.plain import plain
from wyoming_hayakoe.text.user_words import UserWord

if TYPE_CHECKING:
    from pyopenjtalk.openjtalk import OpenJTalk
    from pyopenjtalk.types import NJDFeature

_LOGGER = logging.getLogger(__name__)

MAX_BYTES = 32 << 20
"""Size of the remembered look-ups of 100,000 long words."""

_FORMAT = 1
_LINE = re.compile(r"([^\t]{1,100})\t(-?\d{1,7})((?:\t\d{1,4},\d{1,4},-?\d{1,5}(?:,[^\s\",]{1,20}){6})*)", re.ASCII)

_NOUN = (1348, 1348, "名詞,固有名詞,一般,*,*,*")
"""Left and right context and part of speech of a word that no dictionary has."""

_NEW_WORD_COST = 4000
_PRIORITY_STEP = 300
_EVEN_PRIORITY = 3
_LOWEST_COST = -20000


class Way(NamedTuple):
    """One way in which the dictionary has a surface."""

    left: int
    """Left context."""

    right: int
    """Right context."""

    cost: int
    """The lower, the likelier."""

    speech: str
    """Part of speech, its groups, conjugation type and form."""


class Lookup(NamedTuple):
    """What the dictionary makes of a surface."""

    cost: int
    """Of the surface as a whole text."""

    ways: tuple[Way, ...]
    """Those in which it is one word; none if the dictionary lacks it."""


class Lookups:
    """The look-ups of the user's words."""

    def __init__(self, file: Path | None) -> None:
        """Remember them in ``file``; None is for as long as this object lives."""
        self._file = file
        self._found: dict[str, Lookup] = {}
        self._is_recalled = file is None

    def recall(self) -> None:
        """Take over what the file remembers of the dictionary that is installed."""
        if self._file is not None and not self._is_recalled:
            self._is_recalled = True
            with suppress(OSError):
                for unfinished in self._file.parent.glob(f".{self._file.name}.*.incoming"):
                    unfinished.unlink()  # of a process that was killed while it wrote
            self._found = _read(self._file) | self._found

    def missing(self, surfaces: Collection[str]) -> list[str]:
        """Return those of ``surfaces`` that have not been looked up."""
        return [surface for surface in surfaces if surface not in self._found]

    def learn(self, surfaces: Collection[str]) -> Iterator[str]:
        """Look up what is missing, and yield each surface when it is known."""
        if missing := self.missing(surfaces):
            for surface in missing:
                self._found[surface] = look_up(surface, plain())
                yield surface

    def keep(self, surfaces: Collection[str]) -> None:
        """Forget what is not among ``surfaces``, and write down the rest."""
        self._found = {surface: self._found[surface] for surface in surfaces if surface in self._found}
        if self._file is not None:
            try:
                write_whole(self._file, _written(self._found))
            except OSError as error:  # the words are looked up again at the next start
                _LOGGER.debug("%s: cannot be written: %s", self._file, error)

    def rows(self, words: Collection[UserWord]) -> Iterator[str]:
        """Yield Open JTalk's rows for those of ``words`` that have been looked up."""
        for word in words:
            if (found := self._found.get(word.surface)) is not None:
                yield from _rows(word, plain().normalize_for_mecab(word.surface), found)


def look_up(surface: str, jtalk: "OpenJTalk") -> Lookup:
    """Return what the dictionary of ``jtalk`` makes of a surface."""
    text = jtalk.normalize_for_mecab(surface)
    whole = (0, len(text))
    costs: dict[tuple[int, int, str], int] = {}
    for node in jtalk.analyze_mecab_candidates(text, [whole])["nodes"]:
        if node["char_span"] == whole and not node["is_unknown"]:
            speech = _part_of_speech(jtalk.run_njd_from_mecab([node["feature"]]))
            if speech and not speech.startswith("名詞,数"):  # 十 as a name must stay a numeral in 三十
                way = (node["left_id"], node["right_id"], speech)
                costs[way] = min(node["word_cost"], costs.get(way, node["word_cost"]))
    paths = jtalk.run_mecab_nbest_features(text, 1)
    return Lookup(
        paths[0]["path_cost"] if paths else _NEW_WORD_COST,
        tuple(Way(left, right, cost, speech) for (left, right, speech), cost in costs.items()),
    )


def _part_of_speech(features: list["NJDFeature"]) -> str:
    """Return a word's part of speech, its groups, conjugation type and form; empty for anything but one word.

    Fields by name: the columns of MeCab's features have moved between versions of pyopenjtalk-plus.
    """
    if len(features) != 1:
        return ""
    (word,) = features
    return ",".join(
        (word["pos"], word["pos_group1"], word["pos_group2"], word["pos_group3"], word["ctype"], word["cform"])
    )


def _rows(word: UserWord, surface: str, found: Lookup) -> Iterator[str]:
    """Yield Open JTalk's rows for a word: as a noun, and in each way in which its dictionary has it.

    A row that takes its contexts and cost from the dictionary's own competes with exactly that one, so that
    金 is read anew and 金曜日 stays; one fixed cost would do either too little or too much.
    """
    lead = _PRIORITY_STEP * (word.priority - _EVEN_PRIORITY)
    ways = {(way.left, way.right, way.speech): way.cost for way in found.ways}
    if _NOUN not in ways and (lead >= 0 or not ways):
        ways[_NOUN] = min(found.cost, _NEW_WORD_COST)
    for (left, right, speech), cost in ways.items():
        compound = ("C1" if word.accent else "C2") if speech.startswith("名詞") else "*"
        fields = (
            surface, left, right, max(_LOWEST_COST, cost - lead), speech, surface, word.reading, word.reading,
            f"{word.accent}/{len(split(word.reading))}", compound,
        )  # fmt: skip
        yield ",".join(map(str, fields)) + "\n"


# -- the file: a first line that says which dictionary was looked into, then a line for each surface --


def _read(file: Path) -> dict[str, Lookup]:
    try:
        heading, _, body = read_regular(file, MAX_BYTES).decode("utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return {}
    if heading != _heading(body.encode()):
        return {}
    return dict(line for line in map(_parsed, body.split("\n")) if line is not None)


def _written(lookups: dict[str, Lookup]) -> bytes:
    body = "".join(
        "\t".join([surface, str(found.cost), *(",".join(map(str, way)) for way in found.ways)]) + "\n"
        for surface, found in lookups.items()
    ).encode()
    return f"{_heading(body)}\n".encode() + body


def _heading(body: bytes) -> str:
    return f"{_FORMAT} {_installed()[0]} {hashlib.sha256(body).hexdigest()}"


def _parsed(line: str) -> tuple[str, Lookup] | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    surface, cost, ways = found.groups()
    parsed = []
    for way in ways.split("\t")[1:]:
        left, right, way_cost, speech = way.split(",", 3)
        parsed.append(Way(int(left), int(right), int(way_cost), speech))
    # Open JTalk leaves out a row whose contexts it lacks, which would leave the word unknown.
    if any(max(way.left, way.right) >= _installed()[1] for way in parsed):
        return None
    return surface, Lookup(int(cost), tuple(parsed))


@cache
def _installed() -> tuple[str, int]:
    """Return a name for the dictionary that is installed, and how many contexts it has."""
    import pyopenjtalk
    from pyopenjtalk.version import __version__

    folder = Path(pyopenjtalk.OPEN_JTALK_DICT_DIR.decode())
    with (folder / "matrix.bin").open("rb") as matrix:
        contexts = struct.unpack("<HH", matrix.read(4))
    return f"{__version__}:{(folder / 'sys.dic').stat().st_size}", min(contexts)
