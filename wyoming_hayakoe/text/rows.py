"""Rows of MeCab, the words between Open JTalk's analysis and its accents: parse, make and replace.

A row is a comma-separated line: surface, part of speech and three groups, conjugation type and form, base form,
reading, pronunciation, accent nucleus / morae, and the rule by which it joins the word before it.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from wyoming_hayakoe.text.morae import split

NAMES = "names"
"""Source of a word: a table of names."""
SECOND = "second opinion"
"""Source of a word: Sudachi."""

_MARK = "|"
"""In a base form, which nouns need not: what stands before it is the source, after it what Open JTalk read."""

_FIELDS = 12

# Fields that begin with this kanji keep the ウ or イ that would lengthen the vowel before it: 井上 is イノウエ.
_BEGIN_WITH_U = dict.fromkeys("上植", "ウエ") | {"内": "ウチ", "浦": "ウラ", "海": "ウミ", "梅": "ウメ", "馬": "ウマ"}
_BEGIN_WITH_I = dict.fromkeys("井位居出", "イ") | {
    "石": "イシ",
    "池": "イケ",
    "泉": "イズミ",
    "岩": "イワ",
    "犬": "イヌ",
}
_O_ROW = "オコソトノホモヨロゴゾドボポョ"
_U_ROW = "ウクスツヌフムユルグズヅブプュ"
_E_ROW = "エケセテネヘメレゲゼデベペ"
_LONG = re.compile(f"(?<=[{_O_ROW}])[ウオ]|(?<=[{_U_ROW}])ウ|(?<=[{_E_ROW}])イ")


class Row(NamedTuple):
    """What is asked of a row."""

    surface: str
    """Its characters."""
    speech: str
    """Part of speech."""
    group: str
    """First group of the part of speech."""
    kind: str
    """Second group: 地域, 人名."""
    reading: str
    """Katakana as written; empty for what the dictionary lacks."""


class Edit(NamedTuple):
    """Rows that are replaced."""

    start: int
    """Index of the first row."""
    end: int
    """Index after the last."""
    rows: tuple[str, ...]
    """What stands in their place."""


@lru_cache(maxsize=8192)
def parsed(row: str) -> Row:
    """Return what is asked of a row."""
    fields = row.split(",")
    reading = fields[8] if len(fields) >= _FIELDS else ""
    return Row(fields[0], fields[1], fields[2], fields[3], "" if reading == "*" else reading.replace("’", ""))


def made(surface: str, reading: str, nucleus: int, speech: str, origin: tuple[str, str]) -> str:
    """Return a row for a noun.

    ``reading`` is its pronunciation, ``speech`` the groups of its part of speech, ``origin`` its source and what
    Open JTalk read.
    """
    rule = "C1" if nucleus else "C2"
    accent = f"{nucleus}/{len(split(reading))}"
    return f"{surface},名詞,{speech},*,*,{_MARK.join(origin)},{reading},{reading},{accent},{rule}"


def marked(row: str, origin: tuple[str, str]) -> str:
    """Return a row of the dictionary's, for a noun, with the source that chose it."""
    fields = row.split(",")
    fields[7] = _MARK.join(origin)
    return ",".join(fields)


def origin(base_form: str) -> tuple[str, str]:
    """Return the source that `made` or `marked` wrote and what Open JTalk read; two empty texts for other rows."""
    source, is_marked, rival = base_form.partition(_MARK)
    return (source, rival) if is_marked and source in {NAMES, SECOND} else ("", "")


def applied(rows: Sequence[str], edits: Iterable[Edit]) -> list[str]:
    """Return the rows with ``edits``, which are in order and do not overlap, in place."""
    result: list[str] = []
    done = 0
    for edit in edits:
        result += [*rows[done : edit.start], *edit.rows]
        done = edit.end
    return result + list(rows[done:])


def pronounced(reading: str, surface: str) -> str:
    """Return the pronunciation of a katakana reading: long vowels as ``ー``, but where a kanji begins with one.

    >>> pronounced("ハニュウ", "羽生"), pronounced("イノウエ", "井上")
    ('ハニュー', 'イノウエ')
    """
    kept = {reading.find(kana, 1) for kanji, kana in (_BEGIN_WITH_U | _BEGIN_WITH_I).items() if kanji in surface[1:]}
    return _LONG.sub(lambda found: found[0] if found.start() in kept else "ー", reading.replace("ヅ", "ズ"))


_ALIKE = str.maketrans({"ヅ": "ズ", "ヂ": "ジ", "ヲ": "オ", "ヴ": "ブ"})


def alike(reading: str) -> str:
    """Return a reading such that two that sound the same are equal."""
    return _LONG.sub("ー", reading.translate(_ALIKE))
