"""Dictionaries of other programs: VOICEVOX's and AivisSpeech's ``user_dict.json``, and HayaKoe's words.

VOICEVOX keeps an object of words by UUID, in full-width letters, with ``surface``, ``pronunciation`` and
``accent_type``; AivisSpeech writes a list where a word has several accent phrases. HayaKoe has no file: its
words are the arguments of ``TTS.add_word``: a list of objects with ``surface``, ``reading`` and ``accent``.
"""

import json
from collections.abc import Iterable, Mapping
from uuid import NAMESPACE_URL, uuid5

from wyoming_hayakoe.text import user_words
from wyoming_hayakoe.text.morae import split
from wyoming_hayakoe.text.refused_rows import Refused
from wyoming_hayakoe.text.user_words import Contents, UserWord

_PROPER_NOUN = 1348
"""Open JTalk's context id of 名詞,固有名詞,一般, VOICEVOX's default for a word."""

_FULL_WIDTH = {0x21 + offset: 0xFF01 + offset for offset in range(94)} | {0x20: 0x3000}


def parse(text: str, file: str) -> Contents:
    """Read a dictionary of any known kind; its first character distinguishes JSON from CSV.

    Raises:
        ValueError: it is no JSON that can be read, or holds more words than ``words.csv`` may.
    """
    if text.lstrip("\ufeff \t\r\n")[:1] not in {"{", "["}:
        _check_count(text.count("\n"))
        return user_words.parse(text.removeprefix("\ufeff"), file)
    records = _records(_loaded(text.removeprefix("\ufeff")))
    _check_count(len(records))
    entries: dict[str, UserWord] = {}
    refused = Refused(file)
    for number, record in enumerate(records, start=1):
        try:
            found = _entry(record)
        except ValueError as error:
            refused.add(0, f"word {number}: {error}")
        else:
            entries[found.surface] = found
    return Contents(tuple(entries.values()), refused.problems())


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    except ValueError:  # Python's limit for text that becomes a number
        raise ValueError("a number has thousands of digits") from None
    except RecursionError:
        raise ValueError("nested too deeply for a dictionary") from None


def _check_count(words: int) -> None:
    if words > user_words.MAX_LINES:
        raise ValueError(f"holds more than {user_words.MAX_LINES:,} words: split it")


def _records(data: object) -> list[object]:
    if isinstance(data, dict):
        return [data] if "surface" in data else list(data.values())
    return data if isinstance(data, list) else [data]


def _entry(record: object) -> UserWord:
    if not isinstance(record, dict) or "surface" not in record:
        raise ValueError("not a word with a surface")
    reading = _first(record, "pronunciation", "reading", "yomi")
    accent = _first(record, "accent_type", "accent")
    if isinstance(reading, list):
        reading, accent = _joined(reading, accent)
    return user_words.entry(
        _text(record["surface"]),
        _text(reading),
        _whole(0 if accent is None else accent),
        _whole(record.get("priority", user_words.DEFAULT_PRIORITY)),
    )


def _first(record: Mapping[str, object], *keys: str) -> object:
    return next((record[key] for key in keys if record.get(key) is not None), None)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_shown(value)} is not a text")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{_shown(value)} is not a whole number")
    return value


def _shown(value: object) -> str:
    """Name a value; what nests may be as long and as deep as the file."""
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else repr(value)


def _joined(readings: list[object], accents: object) -> tuple[str, int]:
    """Make one accent phrase of several: as in a compound, the last one's fall stays."""
    falls = accents if isinstance(accents, list) else [accents]
    if len(falls) != len(readings):
        raise ValueError("not as many accents as readings")
    if len(readings) > user_words.MAX_SURFACE:
        raise ValueError(f"more than {user_words.MAX_SURFACE} accent phrases")
    text, nucleus = "", 0
    for reading, fall in zip(map(_text, readings), map(_whole, falls), strict=True):
        nucleus = len(split(text[: user_words.MAX_FIELD])) + fall if fall else 0
        text += reading
    return text, nucleus


def dump(entries: Iterable[UserWord]) -> str:
    """Write entries as VOICEVOX's ``/import_user_dict`` takes them; equal surfaces keep equal UUIDs."""
    return json.dumps(
        {str(uuid5(NAMESPACE_URL, word.surface)): _record(word) for word in entries},
        ensure_ascii=False,
        indent=2,
    )


def _record(word: UserWord) -> dict[str, object]:
    return {
        "surface": word.surface.translate(_FULL_WIDTH),
        "priority": word.priority,
        "context_id": _PROPER_NOUN,
        "part_of_speech": "名詞",
        "part_of_speech_detail_1": "固有名詞",
        "part_of_speech_detail_2": "一般",
        "part_of_speech_detail_3": "*",
        "inflectional_type": "*",
        "inflectional_form": "*",
        "stem": "*",
        "yomi": word.reading,
        "pronunciation": word.reading,
        "accent_type": word.accent,
        "mora_count": len(split(word.reading)),
        "accent_associative_rule": "*",
    }
