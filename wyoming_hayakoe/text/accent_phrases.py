"""Accent phrases: a reading as people edit it, and the utterance that is made of an edited one.

An accent phrase is a run of morae with one fall of pitch at most, and the mark behind it. VOICEVOX's queries, the
AquesTalk-like notation and the page all are sequences of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from wyoming_hayakoe.text import characters, phonemes
from wyoming_hayakoe.text.morae import DEVOICED, LONG, MORA_PHONES, split_with_devoicing
from wyoming_hayakoe.utterance import Mora, Utterance, Word

if TYPE_CHECKING:
    from pyopenjtalk.types import NJDFeature

GIVEN = "given"
"""Source of a reading: the accent phrase itself, where no word is known."""

_SHOWN = {".": "。", ",": "、", "?": "？", "!": "！", "'": "」", "-": "―"}
"""Punctuation phone → the mark by which it is shown."""


@dataclass(frozen=True, slots=True)
class PhraseMora:
    """One mora of an accent phrase."""

    kana: str
    """Katakana as pronounced; ``ー`` repeats the vowel before it."""

    devoiced: bool = False
    """Whether its vowel is whispered."""


@dataclass(frozen=True, slots=True)
class PhraseWord:
    """One word of an accent phrase."""

    surface: str
    """As it is written."""

    morae: int
    """How many of the phrase's morae are its own."""

    source: str = GIVEN
    """What its reading comes from."""

    feature: "NJDFeature | None" = field(default=None, repr=False, compare=False)
    """Open JTalk's feature of the word, by which its labels are made; None makes it a noun."""


@dataclass(frozen=True, slots=True)
class AccentPhrase:
    """One accent phrase, and the mark behind it."""

    morae: tuple[PhraseMora, ...]
    """At least one."""

    accent: int
    """Accent nucleus in morae, 0 for a flat phrase."""

    mark: str = ""
    """Marks behind it, each of them a rest: ``、``, ``。``, ``？``; empty where the next phrase follows at once."""

    words: tuple[PhraseWord, ...] = ()
    """Its words, with as many morae in all; without any, katakana stand for them."""


def accent_phrases(utterance: Utterance) -> tuple[AccentPhrase, ...]:
    """Return the accent phrases of a reading; marks before the first one are left out."""
    features = _features_of(utterance)
    phrases: list[AccentPhrase] = []
    for group, mark in _groups([word for word in utterance.words if word.phones]):
        morae = tuple(PhraseMora(mora.kana, mora.devoiced) for word in group for mora in word.morae)
        words = tuple(PhraseWord(word.surface, len(word.morae), word.source, features.get(id(word))) for word in group)
        accent = group[0].accent or 0
        phrases.append(AccentPhrase(morae, accent if accent <= len(morae) else 0, mark, words))
    return tuple(phrases)


def utterance(phrases: Sequence[AccentPhrase]) -> Utterance:
    """Return what a voice speaks for accent phrases.

    The reading is that of the phrases alone. A word whose morae were changed keeps its surface.

    Raises:
        ValueError: a mora is none, an accent is beyond its phrase, words do not have the phrase's morae, or a mark is
            unknown.
    """
    words: list[Word] = []
    features: list[NJDFeature] = []
    previous = ""
    for phrase in phrases:
        spoken = list(_spoken(phrase, previous))
        words += (word for word, _ in spoken)
        features += (feature for _, feature in spoken)
        previous = words[-1].phones[-1]
        if phrase.mark:
            words.append(_mark(phrase.mark))
            features.append(_mark_feature(phrase.mark))
            previous = ""
    if features:
        features[0] = _changed(features[0], chain_flag=-1)
    text = "".join(_shown(word) for word in words)
    return phonemes.utterance(text, words, features)


def morae_of(reading: str) -> tuple[PhraseMora, ...]:
    """Return the morae of a reading in katakana; ``’`` behind one says that it is devoiced.

    Raises:
        ValueError: it is empty, or not katakana.
    """
    morae = tuple(PhraseMora(kana, devoiced) for kana, _, devoiced in split_with_devoicing(reading))
    if not morae or "".join(mora.kana for mora in morae) != reading.replace(DEVOICED, ""):
        raise ValueError(f"the reading {reading[:40]!r} is not katakana")
    return morae


def _groups(words: Sequence[Word]) -> Iterator[tuple[list[Word], str]]:
    """Yield the words of each accent phrase, and the marks behind it."""
    phrase: list[Word] = []
    for is_spoken, run in groupby(words, key=lambda word: bool(word.morae)):
        if not is_spoken:
            mark = "".join(_SHOWN[phone] for word in run for phone in word.phones)
            if phrase:
                yield phrase, mark
            phrase = []
            continue
        for word in run:
            if phrase and word.accent is not None:
                yield phrase, ""
                phrase = []
            phrase.append(word)
    if phrase:
        yield phrase, ""


def _features_of(utterance: Utterance) -> "dict[int, NJDFeature]":
    """Return Open JTalk's features by the identity of their words: those that have the same pronunciation."""
    found: dict[int, NJDFeature] = {}
    features = iter(utterance.features)
    for word in utterance.words:
        for feature in features:
            if _says(feature, word):
                if word.morae:
                    found[id(word)] = feature
                break
    return found


def _says(feature: "NJDFeature", word: Word) -> bool:
    """Return whether a word was made of a feature: words and features are in the same order."""
    if not word.morae:
        return not any(char in MORA_PHONES for char in feature["pron"]) and bool(feature["string"])
    spelled = feature["pron"].replace(DEVOICED, "")
    return spelled.endswith(word.reading) and bool(word.reading)


def _spoken(phrase: AccentPhrase, previous: str) -> "Iterator[tuple[Word, NJDFeature]]":
    """Yield the words of a phrase with their features; ``previous`` is the last phone before it."""
    count = len(phrase.morae)
    if not count or not 0 <= phrase.accent <= count:
        raise ValueError(f"accent {phrase.accent} is beyond the {count} morae of its phrase")
    spelled = "".join(mora.kana for mora in phrase.morae)
    words = phrase.words or (PhraseWord(spelled, count),)
    if sum(word.morae for word in words) != count or any(word.morae < 1 for word in words):
        raise ValueError(f"the words of a phrase do not have its {count} morae")
    pitch = iter(phonemes.heights(phrase.accent, count))
    rest = iter(phrase.morae)
    nucleus: int | None = phrase.accent
    for word in words:
        own = [next(rest) for _ in range(word.morae)]
        morae = []
        for mora in own:
            phones = _phones(mora.kana, previous)
            morae.append(Mora(mora.kana, phones, high=next(pitch), devoiced=mora.devoiced))
            previous = phones[-1]
        reading = "".join(mora.kana for mora in own)
        surface = characters.tokens(word.surface) or reading
        spoken = tuple(phone for mora in morae for phone in mora.phones)
        yield (
            Word(surface, reading, spoken, tuple(morae), nucleus, word.source),
            _feature(word.feature, surface, own, phrase.accent, opens_phrase=nucleus is not None),
        )
        nucleus = None


def _phones(kana: str, previous: str) -> tuple[str, ...]:
    if kana == LONG and previous:
        return (previous,)
    if (phones := MORA_PHONES.get(kana)) is None:
        raise ValueError(f"{kana[:8]!r} is no mora")
    return phones


def _feature(
    known: "NJDFeature | None", surface: str, morae: Sequence[PhraseMora], accent: int, *, opens_phrase: bool
) -> "NJDFeature":
    """Return the feature of a word: the known one, with its pronunciation and accent as they are now."""
    # Open JTalk warns of ン and ッ that are to be devoiced: they have no vowel.
    pron = "".join(mora.kana + DEVOICED * (mora.devoiced and mora.kana not in "ンッ") for mora in morae)
    feature = known if known is not None else _NOUN
    read = feature["read"] if feature["pron"] == pron else pron.replace(DEVOICED, "")
    return _changed(
        feature,
        string=surface if known is None else known["string"],
        orig=surface if known is None else known["orig"],
        read=read,
        pron=pron,
        mora_size=len(morae),
        acc=accent if opens_phrase else feature["acc"],
        chain_flag=0 if opens_phrase else 1,
    )


def _changed(feature: "NJDFeature", **values: object) -> "NJDFeature":
    changed: NJDFeature = {**feature, **values}  # type: ignore[typeddict-item]
    return changed


_NOUN: "NJDFeature" = {
    "string": "",
    "pos": "名詞",
    "pos_group1": "一般",
    "pos_group2": "*",
    "pos_group3": "*",
    "ctype": "*",
    "cform": "*",
    "orig": "",
    "read": "",
    "pron": "",
    "acc": 0,
    "mora_size": 0,
    "chain_rule": "*",
    "chain_flag": 0,
    "is_reading_protected": False,
    "is_reading_rewritten": False,
}


def _mark(mark: str) -> Word:
    phones = tuple(characters.marks(mark))
    if not phones:
        raise ValueError(f"{mark[:8]!r} is no mark that is spoken as a rest")
    return Word("".join(phones), "", phones, (), None, phonemes.MARK)


def _mark_feature(mark: str) -> "NJDFeature":
    # Open JTalk's labels tell questions and exclamations from other sentences by these very characters.
    first = characters.marks(mark)[0]
    sign = _SHOWN[first] if first in "?!" else "、"
    return _changed(_NOUN, string=mark, orig=mark, read=sign, pron=sign, pos="記号", pos_group1="読点")


def _shown(word: Word) -> str:
    return word.surface if word.morae else "".join(_SHOWN[phone] for phone in word.phones)
