"""Sudachi's second opinion on names and compounds: which of Open JTalk's words are replaced, and by what.

Open JTalk's dictionary cuts what it lacks into its kanji and reads each alone (各務|原市); Sudachi's has more names.
Of one kanji word alone, Sudachi is wrong as often as right, so that it is heard where it knows one word for several
of Open JTalk's, and for the parts of a person's name. Measured on ROHAN4600: 27 words better, 1 worse.

The dictionary is mapped at the first run of kanji of at least two words, not before: 40 ms and, of 200 MB, those
pages that are looked at.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from wyoming_hayakoe.text.morae import split
from wyoming_hayakoe.text.plain import plain
from wyoming_hayakoe.text.rows import SECOND, Edit, alike, made, marked, parsed, pronounced

LONGEST = 32
"""Characters of a run that is asked about; more in a row are no Japanese words."""

_KANJI = re.compile(r"[一-鿿㐀-䶿々〆ヶケヵノﾉ]+")
_KATAKANA = re.compile(r"[ァ-ヺー]+")
_PLACE = "固有名詞,地域,一般"
_KEPT = frozenset({"街中", "一日", "一昨日", "大人気", "何人", "市場", "今日", "明日", "上下", "人気"})
"""Words of which both readings are in use."""


class Token(Protocol):
    """One of Sudachi's words; its own package has no types."""

    def surface(self) -> str:
        """Return its characters."""

    def reading_form(self) -> str:
        """Return its reading in katakana."""

    def part_of_speech(self) -> Sequence[str]:
        """Return its part of speech and its groups, conjugation type and form."""

    def begin(self) -> int:
        """Return the index of its first character."""

    def end(self) -> int:
        """Return the index after its last character."""

    def is_oov(self) -> bool:
        """Return whether the dictionary lacks it."""

    def split(self, mode: str) -> Sequence["Token"]:
        """Return its parts; mode A is the shortest."""


class Part(NamedTuple):
    """A part of Sudachi's word, as short as it can be."""

    surface: str
    reading: str
    speech: tuple[str, ...]
    """Part of speech and its groups."""


def revised(rows: Sequence[str], free: Sequence[bool]) -> Iterator[Edit]:
    """Yield what Sudachi reads better, in order; only rows that are ``free`` are replaced."""
    start = 0
    while start < len(rows):
        end = start
        while end < len(rows) and free[end] and _is_asked(rows[end]):
            end += 1
        if end - start > 1 or (end > start and parsed(rows[start]).kind == "地域"):
            for edit in _opinion(tuple(rows[start:end])):
                yield Edit(start + edit.start, start + edit.end, edit.rows)
        start = max(end, start + 1)


def _is_asked(row: str) -> bool:
    word = parsed(row)
    return word.group != "数" and word.kind != "助数詞" and _KANJI.fullmatch(word.surface) is not None


@lru_cache(maxsize=4096)
def _opinion(rows: tuple[str, ...]) -> tuple[Edit, ...]:
    text = "".join(parsed(row).surface for row in rows)
    if len(text) < 2 or len(text) > LONGEST:
        return ()
    index = {0: 0}
    for place, row in enumerate(rows, 1):
        index[max(index) + len(parsed(row).surface)] = place
    edits: list[Edit] = []
    tokens = _tokens(text)
    start = 0
    while start < len(tokens):
        end = start + 1
        while tokens[end - 1].end() not in index:
            end += 1
        span = tokens[start:end]
        first, last = index[span[0].begin()], index[span[-1].end()]
        if _is_better(rows[first:last], span, tokens[start - 1] if start else None):
            edits += _replaced(rows[first:last], span, first)
        start = end
    return tuple(edits)


def _is_better(rows: Sequence[str], span: Sequence[Token], before: Token | None) -> bool:
    """Return whether Sudachi's words read better than ``rows``, which are the same characters."""
    if any(token.is_oov() or not _KATAKANA.fullmatch(token.reading_form()) for token in span):
        return False
    if alike("".join(parsed(row).reading for row in rows)) == alike("".join(token.reading_form() for token in span)):
        return False
    groups = [token.part_of_speech() for token in span]
    if any(group[0] != "名詞" or group[1] == "数詞" for group in groups) or span[0].surface() in _KEPT:
        return False
    if len(rows) > 1:
        return len(span) == 1 or all(group[1] == "固有名詞" for group in groups)
    is_given_name = len(span) == 1 and groups[0][2:4] == ("人名", "名") and parsed(rows[0]).kind != "人名"
    follows_family_name = before is not None and before.part_of_speech()[3] == "姓"
    return is_given_name and (follows_family_name or parsed(rows[0]).kind == "地域")


def _replaced(rows: Sequence[str], span: Sequence[Token], start: int) -> Iterator[Edit]:
    """Yield an edit for each part of Sudachi's words that Open JTalk reads in another way."""
    pieces = list(_pieces(span))
    ends = {0: 0}
    for place, row in enumerate(rows, 1):
        ends[max(ends) + len(parsed(row).surface)] = place
    done = position = 0
    taken: list[Part] = []
    for piece in pieces:
        position += len(piece.surface)
        taken.append(piece)
        if position in ends:
            rivals = rows[done : ends[position]]
            rival = "".join(parsed(row).reading for row in rivals)
            if alike(rival) != alike("".join(one.reading for one in taken)):
                found = tuple(_row(one, rival) for one in taken)
                yield Edit(start + done, start + ends[position], found)
            done = ends[position]
            taken = []


def _pieces(span: Sequence[Token]) -> Iterator[Part]:
    """Cut words into their parts, unless these read in another way than the whole."""
    for token in span:
        parts = list(token.split("A"))
        if "".join(part.reading_form() for part in parts) != token.reading_form():
            parts = [token]
        for part in parts:
            speech = token.part_of_speech() if len(parts) == 1 else part.part_of_speech()
            yield Part(part.surface(), part.reading_form(), tuple(speech))


def _row(piece: Part, rival: str) -> str:
    """Return Open JTalk's own row with this reading, for its accent, else one with the accent that is most common."""
    origin = (SECOND, rival)
    wanted = alike(piece.reading)
    known = [row for row in _ways(piece.surface) if alike(parsed(row).reading) == wanted]
    if known:
        return marked(min(known, key=lambda row: parsed(row).kind != _kind(piece)), origin)
    pron = pronounced(piece.reading, piece.surface)
    return made(piece.surface, pron, _nucleus(piece, len(split(pron))), _speech(piece), origin)


def _kind(piece: Part) -> str:
    return {"地名": "地域"}.get(piece.speech[2], piece.speech[2])


def _speech(piece: Part) -> str:
    match piece.speech[1:4]:
        case ("固有名詞", "地名", _):
            return _PLACE
        case ("固有名詞", "人名", ("姓" | "名") as part):
            return f"固有名詞,人名,{part}"
        case ("固有名詞", _, _):
            return "固有名詞,一般,*"
    return "一般,*,*"


def _nucleus(piece: Part, morae: int) -> int:
    """Return the commonest nucleus of a name: the third mora from its end if long, none at three and four morae."""
    if morae > 4:
        return morae - 2
    if morae < 3 or (piece.speech[3] == "名" and morae == 3):
        return 1
    return 0


@lru_cache(maxsize=4096)
def _ways(surface: str) -> tuple[str, ...]:
    """Return the rows that Open JTalk's dictionary has for a surface as one noun, the likeliest first."""
    whole = (0, len(surface))
    nodes = plain().analyze_mecab_candidates(surface, [whole])["nodes"]
    ways = [node for node in nodes if node["char_span"] == whole and not node["is_unknown"]]
    return tuple(
        node["feature"] for node in sorted(ways, key=lambda node: node["word_cost"]) if "名詞" in node["feature"]
    )


def _tokens(text: str) -> list[Token]:
    # Imported here as it takes a third of a second. The tokenizer is this thread's; all share one dictionary.
    from pyopenjtalk.utils import get_sudachi_tokenizer

    return list(get_sudachi_tokenizer().tokenize(text))
