"""Sudachi's second opinion on names and compounds: which of Open JTalk's words are replaced, and by what.

Open JTalk's dictionary cuts what it lacks into its kanji and reads each alone (各務|原市); Sudachi's has more names.
Of one kanji word alone, Sudachi is wrong as often as right, so that it is heard where it knows one word for several
of Open JTalk's, and for the parts of a person's name. Measured on ROHAN4600: 31 sentences better, 1 worse.

The dictionary is mapped at the first run of kanji of at least two words, not before: 30 ms and, of 200 MB, the
pages that are looked at (22 MB after 200 sentences, which the system may take back at any time).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple, Protocol

from wyoming_hayakoe.text.mapped_file import release
from wyoming_hayakoe.text.morae import split
from wyoming_hayakoe.text.plain import plain
from wyoming_hayakoe.text.rows import SECOND, Edit, Row, alike, made, marked, parsed, pronounced

LONGEST = 32
"""Characters of a run that is asked about; more in a row are no Japanese words."""

_KANJI = re.compile(r"[一-鿿㐀-䶿々〆ヶケヵノﾉ]+")
_KATAKANA = re.compile(r"[ァ-ヺー]+")
_PLACE = "固有名詞,地域,一般"
_PLACES = frozenset({"駅", "市", "区", "町", "村", "線", "方面", "行き", "港", "郡"})
_KEPT = frozenset({"一日", "一昨日", "大人気", "何人", "市場", "今日", "明日", "上下", "人気"})
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


class Tokenizer(Protocol):
    """Sudachi."""

    def tokenize(self, text: str) -> Iterable[Token]:
        """Return the words of a text."""


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
        end, length = start, 0
        while end < len(rows) and free[end] and _is_asked(rows[end]):
            length += len(parsed(rows[end]).surface)
            end += 1
        if 1 < length <= LONGEST and (end - start > 1 or parsed(rows[start]).kind == "地域"):
            for edit in _opinion(tuple(rows[start:end])):
                yield Edit(start + edit.start, start + edit.end, edit.rows)
        start = max(end, start + 1)


def _is_asked(row: str) -> bool:
    word = parsed(row)
    return word.group != "数" and word.kind != "助数詞" and _KANJI.fullmatch(word.surface) is not None


@lru_cache(maxsize=4096)
def _opinion(rows: tuple[str, ...]) -> tuple[Edit, ...]:
    words = [parsed(row) for row in rows]
    index = _index(word.surface for word in words)
    tokens = _tokens("".join(word.surface for word in words))
    edits: list[Edit] = []
    start = 0
    while start < len(tokens):
        end = start + 1
        while tokens[end - 1].end() not in index:
            end += 1
        span = tokens[start:end]
        first, last = index[span[0].begin()], index[span[-1].end()]
        before = tokens[start - 1] if start else None
        after = words[last].surface if last < len(words) else ""
        if _reads_otherwise(words[first:last], span) and (
            _is_better(words[first:last], span)
            or (last - first == 1 and len(span) == 1 and _is_better_alone(words[first], span[0], before, after))
        ):
            edits += _replaced(rows[first:last], span, first)
        start = end
    return tuple(edits)


def _index(surfaces: Iterable[str]) -> dict[int, int]:
    """Return for each character at which a word begins or ends how many words are before it."""
    index = {0: 0}
    position = 0
    for count, surface in enumerate(surfaces, 1):
        position += len(surface)
        index[position] = count
    return index


def _reads_otherwise(words: Sequence[Row], span: Sequence[Token]) -> bool:
    """Return whether Sudachi knows words and reads them in another way than Open JTalk."""
    if any(token.is_oov() or not _KATAKANA.fullmatch(token.reading_form()) for token in span):
        return False
    groups = [token.part_of_speech() for token in span]
    if any(group[0] != "名詞" or group[1] == "数詞" for group in groups) or span[0].surface() in _KEPT:
        return False
    return alike("".join(word.reading for word in words)) != alike("".join(token.reading_form() for token in span))


def _is_better(words: Sequence[Row], span: Sequence[Token]) -> bool:
    """Return whether Sudachi has one word, or fewer and all of a person's name, for several of Open JTalk's."""
    if len(words) < 2:
        return False
    if words[-1].surface == "駅" and not _is_sure(span):
        return False
    is_person = all(token.part_of_speech()[2] == "人名" for token in span)
    return len(span) == 1 or (is_person and len(span) < len(words))


def _is_sure(span: Sequence[Token]) -> bool:
    """Return whether a station is read as its place alone: Sudachi has those of China too (板橋駅 ハンキョウ)."""
    place = "".join(token.surface() for token in span)[:-1]
    alone = "".join(token.reading_form() for token in _tokens(place))
    return alone + "エキ" == "".join(token.reading_form() for token in span)


def _is_better_alone(word: Row, token: Token, before: Token | None, after: str) -> bool:
    """Return whether Sudachi reads one word better: a given name that is none to Open JTalk, a place with its kind."""
    kind, part = token.part_of_speech()[2:4]
    if kind == "地名":
        return before is None and after in _PLACES and word.group != "固有名詞"
    follows_family_name = before is not None and before.part_of_speech()[3] == "姓"
    is_given_name = kind == "人名" and part == "名" and word.kind != "人名"
    return is_given_name and (follows_family_name or word.kind == "地域")


def _replaced(rows: Sequence[str], span: Sequence[Token], start: int) -> Iterator[Edit]:
    """Yield an edit for each part of Sudachi's words that Open JTalk reads in another way."""
    index = _index(parsed(row).surface for row in rows)
    done = position = 0
    taken: list[Part] = []
    for part in _parts(span):
        position += len(part.surface)
        taken.append(part)
        if position in index:
            rival = "".join(parsed(row).reading for row in rows[done : index[position]])
            if alike(rival) != alike("".join(one.reading for one in taken)):
                yield Edit(start + done, start + index[position], tuple(_row(one, rival) for one in taken))
            done = index[position]
            taken = []


def _parts(span: Sequence[Token]) -> Iterator[Part]:
    """Cut words into their parts, unless these read in another way than the whole."""
    for token in span:
        parts = list(token.split("A"))
        if "".join(part.reading_form() for part in parts) != token.reading_form():
            parts = [token]
        for part in parts:
            speech = token.part_of_speech() if len(parts) == 1 else part.part_of_speech()
            yield Part(part.surface(), part.reading_form(), tuple(speech))


def _row(part: Part, rival: str) -> str:
    """Return Open JTalk's own row with this reading, for its accent, else one with the accent that is most common."""
    origin = (SECOND, rival)
    wanted = alike(part.reading)
    known = [row for row in _ways(part.surface) if alike(parsed(row).reading) == wanted]
    if known:
        return marked(min(known, key=lambda row: parsed(row).kind != _kind(part)), origin)
    pron = pronounced(part.reading, part.surface)
    return made(part.surface, pron, _nucleus(part, len(split(pron))), _speech(part), origin)


def _kind(part: Part) -> str:
    return {"地名": "地域"}.get(part.speech[2], part.speech[2])


def _speech(part: Part) -> str:
    match tuple(part.speech[1:4]):
        case ("固有名詞", "地名", _):
            return _PLACE
        case ("固有名詞", "人名", ("姓" | "名") as name):
            return f"固有名詞,人名,{name}"
        case ("固有名詞", _, _):
            return "固有名詞,一般,*"
    return "一般,*,*"


def _nucleus(part: Part, morae: int) -> int:
    """Return the commonest nucleus of a name: the third mora from its end if long, none at three and four morae."""
    if morae > 4:
        return morae - 2
    if morae < 3 or (part.speech[3] == "名" and morae == 3):
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
    return list(_tokenizer().tokenize(text))


def _tokenizer() -> Tokenizer:
    """Return this thread's tokenizer; all share one dictionary with pyopenjtalk-plus."""
    # Imported here as it takes a third of a second.
    from pyopenjtalk.utils import get_sudachi_tokenizer

    _release_once(get_sudachi_tokenizer)
    tokenizer: Tokenizer = get_sudachi_tokenizer()
    return tokenizer


@cache
def _release_once(load: Callable[[], object]) -> None:
    """Load the dictionary, which looks at 72 MB of it, and give back their memory: texts need a few of them."""
    load()
    release("system.dic")
