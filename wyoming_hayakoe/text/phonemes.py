"""Open JTalk's NJD features → :class:`Utterance`.

Phones come from each word's ``pron`` by the mora table, tones from the accent fields (``acc``,
``chain_flag``) of the same words. Nothing is aligned with anything, and labels, which saturate at 49 morae,
are not asked.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from wyoming_hayakoe.symbols import PAD
from wyoming_hayakoe.text import characters, rows
from wyoming_hayakoe.text.morae import LONG, split_with_devoicing
from wyoming_hayakoe.utterance import Mora, Utterance, Word

if TYPE_CHECKING:
    from pyopenjtalk.types import NJDFeature

DICTIONARY = "dictionary"
"""Source of a reading: Open JTalk's dictionary."""
USER_DICTIONARY = "user dictionary"
"""Source of a reading: words.csv."""
CONTEXT = "context rule"
"""Source of a reading: pyopenjtalk-plus chose another reading by the words around it."""
NUMBER = "number"
"""Source of a reading: a digit or a unit in a number."""
NAMES = rows.NAMES
"""Source of a reading: this program's tables of names."""
SECOND_OPINION = rows.SECOND
"""Source of a reading: Sudachi's dictionary, where it knows a name or a compound better than Open JTalk's."""
UNKNOWN = "not in dictionary"
"""Source of a reading: no dictionary has the word; it is read letter by letter."""
MARK = "mark"
"""Punctuation that is spoken as a pause."""
UNREAD = "not read"
"""Nothing to say: a kaomoji, a symbol, a script that is not read."""


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A pronunciation, before it has pitch."""

    kana: str
    phones: tuple[str, ...]
    morae: tuple[tuple[Mora, Mora], ...]
    """Each mora low and high."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One NJD feature with its pronunciation, before the accent phrase determines its pitch."""

    surface: str
    spoken: _Spoken
    nucleus: int
    opens_phrase: bool
    source: str
    rival: str = ""


def words(features: Iterable["NJDFeature"]) -> tuple[Word, ...]:
    """Return the words and marks that ``features`` describe, with their readings."""
    return tuple(chain.from_iterable(map(_accented, _phrases(_readings(features)))))


def utterance(text: str, words: Sequence[Word], features: Sequence["NJDFeature"]) -> Utterance:
    """Assemble the reading of ``text`` from its words and their features."""
    phones, tones, word2ph, bert_text = [PAD], [0], [1], ""
    for word in words:
        if not word.phones:
            continue
        phones += word.phones
        tones += _tones(word)
        word2ph += spread(len(word.phones), len(word.surface))
        bert_text += word.surface
    return Utterance(text, (*phones, PAD), (*tones, 0), (*word2ph, 1), bert_text, tuple(words), features)


def spread(phones: int, characters: int) -> list[int]:
    """Share n phones among m characters from the left: the first n mod m get one more."""
    each, more = divmod(phones, characters)
    return [each + 1] * more + [each] * (characters - more)


def heights(nucleus: int, morae: int) -> list[bool]:
    """Return which morae of an accent phrase are high in the Tokyo accent.

    A phrase of one mora is low, also an accented one: the fall that would show its height is outside of it,
    and so the voices have been trained.
    """
    if morae < 2:
        return [False] * morae
    if nucleus == 1:
        return [True] + [False] * (morae - 1)
    return [index > 0 and (nucleus == 0 or index < nucleus) for index in range(morae)]


def _readings(features: Iterable["NJDFeature"]) -> Iterator[_Reading]:
    previous = ""
    for feature in features:
        spoken = _spoken(feature["pron"], previous)
        if spoken.morae:
            yield _Reading(
                surface=_surface(feature) or spoken.kana,
                spoken=spoken,
                nucleus=feature["acc"],
                # A lone ー lengthens the word before it, so it belongs to that word's phrase.
                opens_phrase=feature["chain_flag"] != 1 and not feature["pron"].startswith(LONG),
                source=_source(feature),
                rival=rows.origin(feature["orig"])[1],
            )
            previous = spoken.phones[-1]
        elif feature["string"]:
            yield _unspoken(feature["string"], is_silenced=not feature["pron"])
            previous = ""


@lru_cache(maxsize=4096)
def _spoken(pron: str, previous: str) -> _Spoken:
    morae = list(split_with_devoicing(pron, previous))
    return _Spoken(
        kana="".join(kana for kana, _, _ in morae),
        phones=tuple(chain.from_iterable(phones for _, phones, _ in morae)),
        morae=tuple(
            (Mora(kana, phones, high=False, devoiced=devoiced), Mora(kana, phones, high=True, devoiced=devoiced))
            for kana, phones, devoiced in morae
        ),
    )


def _surface(feature: "NJDFeature") -> str:
    if feature["string"] == "．" and feature["pron"] == "テン":
        return "点"
    return characters.tokens(feature["string"])


def _unspoken(symbols: str, *, is_silenced: bool) -> _Reading:
    marks = "" if is_silenced else characters.marks(symbols)
    surface = marks or symbols
    return _Reading(surface, _Spoken("", tuple(marks), ()), 0, opens_phrase=True, source=MARK if marks else UNREAD)


def _source(feature: "NJDFeature") -> str:
    if feature["is_reading_protected"]:
        return USER_DICTIONARY
    if feature["is_reading_rewritten"]:
        return CONTEXT
    if source := rows.origin(feature["orig"])[0]:
        return source
    if feature["pos_group1"] == "数" or feature["pos_group2"] == "助数詞":
        return NUMBER
    return UNKNOWN if feature["pos"] == "フィラー" else DICTIONARY


def _phrases(readings: Iterable[_Reading]) -> Iterator[list[_Reading]]:
    """Cut into accent phrases; a mark, or what is not read, is a phrase of its own."""
    phrase: list[_Reading] = []
    for reading in readings:
        if phrase and (reading.opens_phrase or not phrase[-1].spoken.morae):
            yield phrase
            phrase = []
        phrase.append(reading)
    if phrase:
        yield phrase


def _accented(phrase: list[_Reading]) -> Iterator[Word]:
    pitch = iter(heights(phrase[0].nucleus, sum(len(reading.spoken.morae) for reading in phrase)))
    nucleus: int | None = phrase[0].nucleus
    for reading in phrase:
        spoken = reading.spoken
        yield Word(
            surface=reading.surface,
            reading=spoken.kana,
            phones=spoken.phones,
            morae=tuple([low_high[next(pitch)] for low_high in spoken.morae]),
            accent=nucleus if spoken.morae else None,
            source=reading.source,
            rival=reading.rival,
        )
        nucleus = None


def _tones(word: Word) -> list[int]:
    """Tones of a word's phones: each mora's height on all its phones; marks are low."""
    if not word.morae:
        return [0] * len(word.phones)
    return [int(mora.high) for mora in word.morae for _ in mora.phones]
