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
from wyoming_hayakoe.text.user_words import Contents, Problem, UserWord

_PROPER_NOUN = 1348
"""Open JTalk's context id of 名詞,固有名詞,一般, VOICEVOX's default for a word."""

_FULL_WIDTH = {0x21 + offset: 0xFF01 + offset for offset in range(94)} | {0x20: 0x3000}


def parse(text: str, file: str) -> Contents:
    """Read a dictionary of any known kind; its first character distinguishes JSON from CSV."""
    if text.lstrip("\ufeff \t\r\n")[:1] not in {"{", "["}:
        return user_words.parse(text.removeprefix("\ufeff"), file)
    try:
        data = json.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        return Contents((), (Problem(file, getattr(error, "lineno", 0), f"not JSON: {error}"),))
    records = list(data.values()) if isinstance(data, dict) and not _is_record(data) else data
    if isinstance(records, dict):
        records = [records]
    entries: dict[str, UserWord] = {}
    problems = []
    for number, record in enumerate(records, start=1):
        try:
            found = _entry(record)
        except (ValueError, TypeError) as error:
            problems.append(Problem(file, 0, f"word {number}: {error}"))
        else:
            entries[found.surface] = found
    return Contents(tuple(entries.values()), tuple(problems))


def _is_record(data: Mapping[str, object]) -> bool:
    return "surface" in data


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
        raise ValueError(f"{value!r} is not a text")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{value!r} is not a whole number")
    return value


def _joined(readings: list[object], accents: object) -> tuple[str, int]:
    """Make one accent phrase of several: as in a compound, the last one's fall stays."""
    falls = accents if isinstance(accents, list) else [accents]
    if len(falls) != len(readings):
        raise ValueError("not as many accents as readings")
    text, nucleus = "", 0
    for reading, fall in zip(map(_text, readings), map(_whole, falls), strict=True):
        nucleus = len(split(text)) + fall if fall else 0
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
