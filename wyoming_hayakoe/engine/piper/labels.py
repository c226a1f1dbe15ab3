"""Utterance → Open JTalk's phones with their places in the accent phrase, as its full-context labels have them.

The labels themselves are not asked for: they do not say which of the utterance's phones they belong to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

from wyoming_hayakoe.engine.piper.notations import PAUSE
from wyoming_hayakoe.utterance import Mora, Utterance, Word

_MOST = 49
"""The largest number in a label (HTS)."""

_DEVOICED = "’"

Place = tuple[int, int, int]
"""A1, A2 and A3 of a label: morae from the accent nucleus, place in the phrase from its start and from its end."""


@dataclass(frozen=True, slots=True)
class Label:
    """One of Open JTalk's phones, or a pause."""

    phone: str
    """``cl`` for ッ, a capital for a devoiced vowel, :data:`PAUSE` for a pause."""

    owner: int
    """Index of the utterance's phone that it sounds; the first of several."""

    place: Place | None = None
    """None for a pause."""

    ends_mora: bool = False
    ends_word: bool = False


@dataclass(frozen=True, slots=True)
class Labels:
    """What is to be spoken of an utterance."""

    phones: tuple[Label, ...]
    """Phones, and the pauses between them: one for each row of marks."""

    ending: tuple[tuple[str, int], ...]
    """The marks behind the last phone, each a JP-Extra phone with its index in the utterance."""


@dataclass(slots=True)
class _Phrase:
    """An accent phrase: its words from their first phone on."""

    nucleus: int
    words: list[tuple[Word, int]]


def labels(utterance: Utterance) -> Labels:
    """Return the phones of an utterance; its marks are pauses where something is spoken on both sides."""
    phones: list[Label] = []
    marks: list[tuple[str, int]] = []
    devoiced = _devoiced(utterance)
    for part in _parts(utterance):
        if not isinstance(part, _Phrase):
            marks.append(part)
            continue
        if marks and phones:
            phones.append(Label(PAUSE, marks[0][1]))
        marks = []
        phones += _phrase(part, devoiced)
    return Labels(tuple(phones), tuple(marks))


def _parts(utterance: Utterance) -> Iterator[_Phrase | tuple[str, int]]:
    """Yield accent phrases and marks in order."""
    phrase = _Phrase(0, [])
    owner = 1
    for word in utterance.words:
        if word.accent is not None or (word.phones and not word.morae):
            if phrase.words:
                yield phrase
            phrase = _Phrase(word.accent or 0, [])
        if word.morae:
            phrase.words.append((word, owner))
        else:
            yield from ((mark, owner + index) for index, mark in enumerate(word.phones))
        owner += len(word.phones)
    if phrase.words:
        yield phrase


def _phrase(phrase: _Phrase, devoiced: Iterator[bool]) -> Iterator[Label]:
    count = sum(len(word.morae) for word, _ in phrase.words)
    number = 0
    for word, first in phrase.words:
        owners = accumulate((len(mora.phones) for mora in word.morae), initial=first)
        for mora, owner, left in zip(word.morae, owners, range(len(word.morae), 0, -1), strict=False):
            number += 1
            place = _place(number, count, phrase.nucleus)
            *before, (vowel, offset) = _spoken(mora, is_devoiced=next(devoiced))
            yield from (Label(phone, owner + index, place) for phone, index in before)
            yield Label(vowel, owner + offset, place, ends_mora=True, ends_word=left == 1)


def _place(number: int, count: int, nucleus: int) -> Place:
    from_nucleus = number - (nucleus or count)
    return max(-_MOST, min(from_nucleus, _MOST)), min(number, _MOST), min(count - number + 1, _MOST)


def _spoken(mora: Mora, *, is_devoiced: bool) -> Sequence[tuple[str, int]]:
    """Return Open JTalk's phones of a mora, each with the index of the JP-Extra phone that it begins with."""
    match mora.phones:
        case ("q",):
            return (("cl", 0),)
        case (("k" | "g") as consonant, "u" | "w", vowel):
            return ((f"{consonant}w", 0), (vowel, 2))
        case (consonant, "y", vowel):
            return ((f"{consonant}y", 0), (vowel, 2))
        case (*consonants, vowel):
            last = vowel.upper() if is_devoiced and vowel in "aiueo" else vowel
            return (*((phone, index) for index, phone in enumerate(consonants)), (last, len(consonants)))
    return ()


def _devoiced(utterance: Utterance) -> Iterator[bool]:
    """Yield for each mora whether its vowel is devoiced, which only Open JTalk's pronunciations say."""
    pronunciation = "".join(feature["pron"] for feature in utterance.features)
    end = 0
    for mora in chain.from_iterable(word.morae for word in utterance.words):
        start = pronunciation.find(mora.kana, end)
        end = start + len(mora.kana) if start >= 0 else len(pronunciation)
        yield pronunciation[end : end + 1] == _DEVOICED
