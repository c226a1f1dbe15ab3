"""The reading of a text as a table and as JSON."""

import json
import unicodedata
from collections.abc import Sequence
from itertools import zip_longest

from wyoming_hayakoe.utterance import Utterance, Word

_TITLES = ("word", "reading", "pitch", "accent", "from")
_HIGH, _LOW = "￣", "＿"
_GAP = "  "


def table(utterance: Utterance) -> str:
    """Draw one row per word: what is written, how it is read, each mora high or low, and the source of the reading.

    Where a table of names or Sudachi overruled Open JTalk, the reading that it gave is there as well.

    The accent stands where an accent phrase begins: its nucleus in morae, 0 for a flat phrase. Columns are
    aligned as a terminal with a Japanese font shows them.
    """
    return columns([_TITLES, *map(_row, utterance.words)])


def to_json(utterance: Utterance) -> str:
    """Write an utterance as one line of JSON, with words and morae; lone surrogates become ``?``."""
    line = json.dumps(
        {
            "text": utterance.text,
            "reading": utterance.reading,
            "phones": utterance.phones,
            "tones": utterance.tones,
            "word2ph": utterance.word2ph,
            "bert_text": utterance.bert_text,
            "words": [_record(word) for word in utterance.words],
        },
        ensure_ascii=False,
    )
    return line.encode("utf-8", "replace").decode("utf-8")


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Align cells by their width on a terminal; no blanks at the ends of lines."""
    widths = [max(map(width, column)) for column in zip_longest(*rows, fillvalue="")]
    lines = (
        _GAP.join(cell + " " * (wanted - width(cell)) for cell, wanted in zip(row, widths, strict=False))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def width(text: str) -> int:
    """Count columns on a terminal: 2 for wide and full-width characters, 0 for combining ones, else 1."""
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _row(word: Word) -> tuple[str, ...]:
    surface = "".join(char if char.isprintable() else "�" for char in word.surface)
    pitch = "".join((_HIGH if mora.high else _LOW) * len(mora.kana) for mora in word.morae)
    accent = "" if word.accent is None else str(word.accent)
    origin = f"{word.source}, not {word.rival}" if word.rival else word.source
    return surface, word.reading, pitch, accent, origin


def _record(word: Word) -> dict[str, object]:
    return {
        "surface": word.surface,
        "reading": word.reading,
        "phones": word.phones,
        "accent": word.accent,
        "morae": [{"kana": mora.kana, "phones": mora.phones, "high": mora.high} for mora in word.morae],
        "source": word.source,
        **({"rival": word.rival} if word.rival else {}),
    }
