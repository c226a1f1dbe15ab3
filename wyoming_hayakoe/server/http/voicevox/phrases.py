"""VOICEVOX's AccentPhrase and Mora as JSON, from and to accent phrases with lengths and pitches.

A flat phrase has its accent on its last mora there; pitches are natural logarithms of Hz, 0 where there is none;
devoiced vowels are capitals. Of a pause, the text is the mark that stands there, so that sentences can be told apart.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wyoming_hayakoe.server.http.fields import FieldError, Fields
from wyoming_hayakoe.text.accent_phrases import AccentPhrase, PhraseMora
from wyoming_hayakoe.text.characters import marks
from wyoming_hayakoe.text.mora_prosody import MoraProsody
from wyoming_hayakoe.text.morae import LONG, MORA_PHONES, as_katakana
from wyoming_hayakoe.utterance import Mora

MOST_PHRASES = 5_000
MOST_MORAE = 10_000
"""Accent phrases and morae of one query: about 20 minutes."""

_LONGEST_PHRASE = 2_000
_MOST_SECONDS = 10.0
_MOST_PITCH = 10.0
_LONGEST_TEXT = 8

# A consonant of two phones, or of one and a vowel, here is one there.
_JOINED: dict[tuple[str, ...], str] = {("k", "w"): "kw", ("k", "u"): "kw", ("g", "w"): "gw", ("g", "u"): "gw"}

# Morae of a sentence: behind so many it ends at a rest, and behind so many anywhere. What is read has at most 200
# characters, and voices take more than linear time.
_LONG, _LONGEST = 250, 400

_SENTENCE_ENDS = frozenset("。？！…")
_QUESTION, _REST, _END = "？", "、", "。"


@dataclass(frozen=True, slots=True)
class SpokenPhrase:
    """An accent phrase with what is told, or wanted, of its rhythm and melody."""

    phrase: AccentPhrase

    morae: tuple[MoraProsody | None, ...]
    """One for each mora; None where nothing is wanted."""

    rest: float | None
    """Seconds of the rest at its mark; None where there is none, or nothing is wanted."""

    @property
    def ends_sentence(self) -> bool:
        """Whether a sentence ends at its mark."""
        return not _SENTENCE_ENDS.isdisjoint(self.phrase.mark)

    @property
    def kana(self) -> str:
        """Its morae as katakana."""
        return "".join(mora.kana for mora in self.phrase.morae)


def json_of(phrases: Sequence[SpokenPhrase], morae: Iterable[Mora]) -> list[dict[str, Any]]:
    """Return accent phrases as VOICEVOX writes them; ``morae`` are those of all of them, with their phones."""
    found = iter(morae)
    return [
        _phrase_json(spoken, [next(found) for _ in spoken.phrase.morae], is_last=number == len(phrases))
        for number, spoken in enumerate(phrases, start=1)
    ]


def phrases_of(place: Fields, name: str = "accent_phrases") -> list[SpokenPhrase]:
    """Return the accent phrases that a client sent.

    Raises:
        FieldError: a value is missing or wrong.
    """
    phrases = [_phrase_of(fields) for fields in place.objects(name, MOST_PHRASES)]
    if sum(len(spoken.morae) for spoken in phrases) > MOST_MORAE:
        raise FieldError((*place.place, name), f"have more than {MOST_MORAE} morae")
    return list(_with_last_mark(phrases))


def sentences_of(phrases: Iterable[SpokenPhrase]) -> Iterator[list[SpokenPhrase]]:
    """Yield the accent phrases of each sentence."""
    sentence: list[SpokenPhrase] = []
    morae = 0
    for spoken in phrases:
        if sentence and morae + len(spoken.morae) > _LONGEST:
            yield sentence
            sentence, morae = [], 0
        sentence.append(spoken)
        morae += len(spoken.morae)
        if spoken.ends_sentence or (spoken.phrase.mark and morae > _LONG):
            yield sentence
            sentence, morae = [], 0
    if sentence:
        yield sentence


def _phrase_json(spoken: SpokenPhrase, morae: Sequence[Mora], *, is_last: bool) -> dict[str, Any]:
    phrase = spoken.phrase
    rest = None
    if phrase.mark and not is_last:
        rest = _mora_json(phrase.mark, None, "pau", MoraProsody(None, spoken.rest or 0.0, 0.0))
    return {
        "moras": [
            _mora_json(mora.kana, *_phones(mora), told or MoraProsody(None, 0.0, 0.0))
            for mora, told in zip(morae, spoken.morae, strict=True)
        ],
        "accent": phrase.accent or len(phrase.morae),
        "pause_mora": rest,
        "is_interrogative": _QUESTION in phrase.mark,
    }


def _mora_json(text: str, consonant: str | None, vowel: str, told: MoraProsody) -> dict[str, Any]:
    return {
        "text": text,
        "consonant": consonant,
        "consonant_length": None if consonant is None else told.consonant or 0.0,
        "vowel": vowel,
        "vowel_length": told.vowel,
        "pitch": math.log(told.pitch) if told.pitch > 0.0 else 0.0,
    }


def _phones(mora: Mora) -> tuple[str | None, str]:
    """Return consonant and vowel of a mora, which may be devoiced."""
    consonant, vowel = _in_their_terms(mora.phones)
    return consonant, vowel.upper() if mora.devoiced and vowel in "aiueo" else vowel


def _in_their_terms(phones: tuple[str, ...]) -> tuple[str | None, str]:
    """Return consonant and vowel in VOICEVOX's terms."""
    *consonant, vowel = phones
    vowel = "cl" if vowel == "q" else vowel
    return _JOINED.get(tuple(consonant)) or "".join(consonant) or None, vowel


def _phrase_of(fields: Fields) -> SpokenPhrase:
    each = [_mora_of(mora) for mora in fields.objects("moras", _LONGEST_PHRASE)]
    if not each:
        raise FieldError((*fields.place, "moras"), "is empty")
    accent = fields.whole("accent", 0, _LONGEST_PHRASE)
    if accent > len(each):
        raise FieldError((*fields.place, "accent"), f"is beyond the {len(each)} morae")
    pause = fields.object("pause_mora")
    mark, rest = "", None
    if pause is not None:
        mark = pause.text("text", _REST, longest=250)
        mark = mark if marks(mark) else _REST
        rest = pause.clamped("vowel_length", 0.0, _MOST_SECONDS)
    if fields.flag("is_interrogative", default=False) and _QUESTION not in mark:
        mark = _QUESTION if mark in {"", _REST, _END} else _QUESTION + mark
    # A question that is none any more.
    elif not fields.flag("is_interrogative", default=False) and _QUESTION in mark:
        mark = mark.replace(_QUESTION, "") or _END
    morae = tuple(mora for mora, _ in each)
    phrase = AccentPhrase(morae, accent % len(morae), mark)
    return SpokenPhrase(phrase, tuple(told for _, told in each), rest)


def _mora_of(fields: Fields) -> tuple[PhraseMora, MoraProsody]:
    vowel = fields.text("vowel", longest=_LONGEST_TEXT)
    devoiced = len(vowel) == 1 and vowel in "AIUEO"
    kana = as_katakana(fields.text("text", longest=_LONGEST_TEXT))
    if kana not in MORA_PHONES and kana != LONG:
        # Programs that make queries themselves give only the phones with care.
        phones = fields.text("consonant", "", longest=_LONGEST_TEXT), vowel.lower() if devoiced else vowel
        kana = _KANA.get(phones, kana)
    mora = PhraseMora(kana, devoiced)
    pitch = fields.clamped("pitch", 0.0, _MOST_PITCH)
    return mora, MoraProsody(
        fields.clamped("consonant_length", 0.0, _MOST_SECONDS, None),
        fields.clamped("vowel_length", 0.0, _MOST_SECONDS),
        math.exp(pitch) if pitch > 0.0 else 0.0,
    )


def _with_last_mark(phrases: Sequence[SpokenPhrase]) -> Iterator[SpokenPhrase]:
    """Yield phrases, the last one with the end of a sentence: VOICEVOX writes no pause there."""
    for number, spoken in enumerate(phrases, start=1):
        if number == len(phrases) and not spoken.ends_sentence:
            yield replace(spoken, phrase=replace(spoken.phrase, mark=_END), rest=None)
        else:
            yield spoken


def without_question(spoken: SpokenPhrase) -> SpokenPhrase:
    """Return a phrase as a statement, whose last mora does not rise."""
    return replace(spoken, phrase=replace(spoken.phrase, mark=spoken.phrase.mark.replace(_QUESTION, _END)))


_KANA = {
    (consonant or "", vowel): kana
    for kana, (consonant, vowel) in ((kana, _in_their_terms(phones)) for kana, phones in reversed(MORA_PHONES.items()))
}
"""Consonant and vowel → the usual one of the kana that are spoken so: ジ, not ヂ."""
