"""Accent phrases in VOICEVOX's AquesTalk-like notation: ``コ'レワ/テ'_スト、デ'_ス``.

Katakana as pronounced. ``'`` stands behind the accent nucleus, once in each phrase; a flat phrase has it behind its
last mora. ``/`` parts two phrases, ``、`` two phrases with a rest between them. ``_`` before a mora devoices it.
``？`` behind a phrase makes it a question. Source: the README of the VOICEVOX engine.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from wyoming_hayakoe.text.accent_phrases import AccentPhrase, PhraseMora
from wyoming_hayakoe.text.morae import LONG, MORA_PHONES

Kind = Literal["accent-at-top", "two-accents", "no-accent", "unknown", "empty-phrase", "question-inside"]
"""What a notation is refused for."""

_ACCENT, _DEVOICING, _QUESTION, _REST, _BOUNDARY = "'", "_", "？", "、", "/"
_PHRASE = re.compile(f"([^{_REST}{_BOUNDARY}]*)([{_REST}{_BOUNDARY}]|$)")
_MORA = re.compile("|".join([*sorted(MORA_PHONES, key=len, reverse=True), LONG]))


class NotationError(ValueError):
    """A text is not in the notation."""

    def __init__(self, kind: Kind, message: str, part: str) -> None:
        """Keep what it is refused for, a line for people, and the part of the text that is wrong."""
        super().__init__(message)
        self.kind = kind
        self.part = part


def parse(text: str) -> tuple[AccentPhrase, ...]:
    """Return the accent phrases that a text denotes.

    Raises:
        NotationError: it is not in the notation.
    """
    phrases: list[AccentPhrase] = []
    for number, found in enumerate(_PHRASE.finditer(text), start=1):
        spelled, end = found[1], found[2]
        if not spelled:
            raise NotationError("empty-phrase", f"accent phrase {number} is empty", str(number))
        phrases.append(_phrase(spelled, is_rest=end == _REST))
        if not end:
            break
    return tuple(phrases)


def written(phrases: tuple[AccentPhrase, ...]) -> str:
    """Return accent phrases in the notation; it has no signs for marks other than a question's and for words."""
    text = ""
    for phrase, following in pairwise([*phrases, None]):
        assert phrase is not None  # noqa: S101 - the last one is no first of a pair
        is_question = "？" in phrase.mark
        text += _written(phrase) + _QUESTION * is_question
        if following is not None:
            text += _REST if phrase.mark else _BOUNDARY
    return text


def _written(phrase: AccentPhrase) -> str:
    nucleus = phrase.accent or len(phrase.morae)
    return "".join(
        _DEVOICING * mora.devoiced + mora.kana + _ACCENT * (place == nucleus)
        for place, mora in enumerate(phrase.morae, start=1)
    )


def _phrase(spelled: str, *, is_rest: bool) -> AccentPhrase:
    body = spelled.removesuffix(_QUESTION)
    if _QUESTION in body:
        raise NotationError("question-inside", f"{_QUESTION} stands inside the accent phrase {spelled[:40]!r}", spelled)
    mark = _QUESTION if body != spelled else _REST if is_rest else ""
    morae: list[PhraseMora] = []
    nucleus: int | None = None
    for kana, devoiced in _signs(body):
        if kana != _ACCENT:
            morae.append(PhraseMora(kana, devoiced))
            continue
        if not morae:
            raise NotationError("accent-at-top", f"the accent stands before {spelled[:40]!r}", spelled)
        if nucleus is not None:
            raise NotationError("two-accents", f"the accent phrase {spelled[:40]!r} has two accents", spelled)
        nucleus = len(morae)
    if nucleus is None:
        raise NotationError("no-accent", f"the accent phrase {spelled[:40]!r} has no accent", spelled)
    return AccentPhrase(tuple(morae), nucleus % len(morae), mark)


def _signs(body: str) -> Iterator[tuple[str, bool]]:
    """Yield the morae of a phrase, each with whether it is devoiced, and its accents."""
    place = 0
    while place < len(body):
        if body[place] == _ACCENT:
            yield _ACCENT, False
            place += 1
            continue
        devoiced = body[place] == _DEVOICING
        found = _MORA.match(body, place + devoiced)
        if found is None:
            raise NotationError("unknown", f"{body[place:][:40]!r} is not in the notation", body[place:])
        yield found[0], devoiced
        place = found.end()
