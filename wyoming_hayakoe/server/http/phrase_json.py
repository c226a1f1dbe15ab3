"""Accent phrases in the page's JSON: {"accent", "mark", "morae": [{"kana", "devoiced"}], "words": [{"surface", …}]}."""

from typing import Any

from wyoming_hayakoe.server.http.fields import FieldError, Fields
from wyoming_hayakoe.text import accent_phrases
from wyoming_hayakoe.text.accent_phrases import AccentPhrase, PhraseMora, PhraseWord
from wyoming_hayakoe.utterance import Utterance

MOST_MORAE = 2_000
"""Morae of one sentence, which a voice speaks as a whole: 200 characters have at most 1,400, where each is ㍿."""

_MARK = 250
_SURFACE = 2_000
_KANA = 4


def phrase_json(phrase: AccentPhrase) -> dict[str, Any]:
    """Return an accent phrase for JSON."""
    return {
        "accent": phrase.accent,
        "mark": phrase.mark,
        "morae": [{"kana": mora.kana, "devoiced": mora.devoiced} for mora in phrase.morae],
        "words": [{"surface": word.surface, "morae": word.morae, "source": word.source} for word in phrase.words],
    }


def phrase_of(fields: Fields) -> AccentPhrase:
    """Return the accent phrase that a client sent.

    Raises:
        FieldError: a value is missing or wrong.
    """
    morae = [
        PhraseMora(each.text("kana", longest=_KANA), each.flag("devoiced", default=False))
        for each in fields.objects("morae", MOST_MORAE)
    ]
    words = [
        PhraseWord(each.text("surface", longest=_SURFACE), each.whole("morae", 1, MOST_MORAE))
        for each in fields.objects("words", MOST_MORAE)
    ]
    accent = fields.whole("accent", 0, MOST_MORAE)
    return AccentPhrase(tuple(morae), accent, fields.text("mark", "", longest=_MARK), tuple(words))


def utterance_of(fields: Fields) -> Utterance:
    """Return the utterance of the accent phrases that a client sent as ``phrases``.

    Raises:
        FieldError: a value is missing or wrong, or the phrases cannot be spoken.
    """
    phrases = [phrase_of(each) for each in fields.objects("phrases", MOST_MORAE)]
    if sum(len(phrase.morae) for phrase in phrases) > MOST_MORAE:
        raise FieldError((*fields.place, "phrases"), f"have more than {MOST_MORAE} morae")
    try:
        return accent_phrases.utterance(phrases)
    except ValueError as error:
        raise FieldError((*fields.place, "phrases"), str(error)) from None
