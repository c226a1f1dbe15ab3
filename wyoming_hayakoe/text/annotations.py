"""Readings inside a text, in Unicode's own notation for them: U+FFF9 base U+FFFA reading U+FFFB.

So a reading is part of the text until words are made of it. It is katakana. ``ナ↓ナミ`` says where the pitch falls,
``ナナミ→`` that it does not, ``ナナミ`` nothing about it.
"""

import re
import unicodedata
from dataclasses import dataclass

from wyoming_hayakoe.text import characters
from wyoming_hayakoe.text.morae import split

ANCHOR, SEPARATOR, TERMINATOR = "\ufff9", "\ufffa", "\ufffb"
FALL, FLAT, GUESS = "↓", "→", "?"

MAX_BASE = 40
"""Characters of a base."""

MAX_MORAE = 60
"""Morae of a reading."""

ANNOTATION = re.compile(
    f"{ANCHOR}(?P<base>[^{ANCHOR}{SEPARATOR}{TERMINATOR}]{{1,{MAX_BASE}}})"
    f"{SEPARATOR}(?P<reading>[^{ANCHOR}{SEPARATOR}{TERMINATOR}]{{1,200}}){TERMINATOR}"
)

_HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_BLANKS = re.compile(r"[\s・]+")
# What would end a sentence inside an annotation.
_NO_BASE = re.compile(r"[\s。｡．.！？!?‼⁇⁈⁉…‥、，､,]")


@dataclass(frozen=True, slots=True)
class GivenReading:
    """How a word is to be read."""

    kana: str
    """Katakana as pronounced."""

    nucleus: int | None = None
    """Accent nucleus in morae, 0 for a flat word; None if nothing is known about it."""

    guess: str = ""
    """As it stands in brackets, where it may be a remark or the reading of the end of its base only; else empty."""


def katakana(text: str) -> str:
    """Return kana as katakana in full width."""
    return unicodedata.normalize("NFKC", text).translate(_HIRAGANA)


def parse(notation: str, *, flat: bool = False) -> GivenReading | None:
    """Read ``ナ↓ナミ``, ``ナナミ→`` or ``ななみ``; None if it is no reading.

    With ``flat`` a reading without a mark is a flat word.
    """
    written = notation.removesuffix(GUESS)
    kana, mark, behind = _BLANKS.sub("", katakana(written[:200])).partition(FALL)
    if kana.endswith(FLAT):
        kana, flat = kana[:-1], True
    whole = kana + behind
    morae = split(whole)
    if not 0 < len(morae) <= MAX_MORAE or "".join(mora for mora, _ in morae) != whole:
        return None
    if mark:
        return GivenReading(whole, len(split(kana))) if kana else None
    return GivenReading(whole, 0 if flat else None, written if written != notation else "")


def annotated(base: str, reading: GivenReading) -> str:
    """Return ``base`` with its reading in the notation of this module; the reading itself where it can be no base."""
    kana = reading.kana
    if reading.nucleus == 0:
        kana += FLAT
    elif reading.nucleus is not None:
        head = "".join(mora for mora, _ in split(kana)[: reading.nucleus])
        kana = head + FALL + kana[len(head) :]
    base = base.strip()
    if _NO_BASE.search(base) or not 0 < len(base) <= MAX_BASE or not characters.tokens(base):
        base = reading.kana[:MAX_BASE]
    return f"{ANCHOR}{base}{SEPARATOR}{kana}{TERMINATOR}"


def bare(text: str) -> str:
    """Return a text with the bases of its annotations only."""
    return ANNOTATION.sub(lambda found: found["base"], text) if ANCHOR in text else text
