"""The user's dictionary as a file: ``words.csv``, one word a line.

    surface,reading,accent,priority
    HACS,ハックス,1
    担々麺,タンタンメン,3,10

The accent is the last high mora, 0 for a flat word. The priority, 0 to 10 and 8 if left out, is the
precedence of the word over those in Open JTalk's dictionary. Blank lines and lines that begin with ``#`` stay
as they are. A file has at most 100,000 lines and 16 MiB.
"""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from unicodedata import normalize

from wyoming_hayakoe.disk import check_regular, locked, read_regular, write_whole
from wyoming_hayakoe.errors import HayakoeError, counted
from wyoming_hayakoe.text import characters
from wyoming_hayakoe.text.morae import split
from wyoming_hayakoe.text.refused_rows import Problem, Refused

DEFAULT_PRIORITY = 8
MAX_PRIORITY = 10
MAX_SURFACE = 100
"""Characters in a surface and morae in a reading: far more than any word has."""

MAX_LINES = 100_000
MAX_BYTES = 16 << 20

MAX_FIELD = 1000
"""Characters of a field as it is given: NFKC makes up to 18 of one, and as often one of several."""

_MAX_LINE = 4 * MAX_FIELD

_HEADER = ("surface", "reading", "accent", "priority")
_WAITING = "{}: waiting for another program that changes it"


@dataclass(frozen=True, slots=True)
class UserWord:
    """One word of the user's dictionary."""

    surface: str
    """As it stands in a text, in NFKC: half-width Latin, full-width kana."""

    reading: str
    """Katakana as it is to be pronounced, ``ー`` for a long vowel."""

    accent: int = 0
    """Accent nucleus in morae: the pitch falls after this one; 0 for a flat word."""

    priority: int = DEFAULT_PRIORITY
    """0 to 10."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file gave."""

    entries: tuple[UserWord, ...]
    """One per surface, in the file's order; of two rows for one surface the later counts."""

    problems: tuple[Problem, ...] = ()
    """The rows that were refused: the first MAX_PROBLEMS, and one more that counts the others."""


def entry(surface: str, reading: str, accent: int | str = 0, priority: int | str = DEFAULT_PRIORITY) -> UserWord:
    """Return the word of these fields, normalized; raises ValueError with the reason where one is invalid."""
    surface = _normalized("surface", surface)
    if not surface:
        raise ValueError("the surface is empty")
    if not characters.tokens(surface):
        raise ValueError(f"{surface!r} has no character that can stand in a text")
    if len(surface) > MAX_SURFACE or any(not char.isprintable() for char in surface):
        raise ValueError(f"the surface is longer than {MAX_SURFACE} characters or has a control character")
    reading = _normalized("reading", reading)
    morae = len(_checked_morae(reading))
    nucleus = _number("accent", accent, 0)
    if not 0 <= nucleus <= morae:
        raise ValueError(f"accent {nucleus} is beyond the {counted(morae, 'mora', 'morae')} of {reading}")
    chosen = _number("priority", priority, DEFAULT_PRIORITY)
    if not 0 <= chosen <= MAX_PRIORITY:
        raise ValueError(f"priority {chosen} is not between 0 and {MAX_PRIORITY}")
    return UserWord(surface, reading, nucleus, chosen)


def _normalized(name: str, field: str) -> str:
    if len(field) > MAX_FIELD:
        raise ValueError(f"the {name} is longer than {MAX_FIELD} characters")
    return normalize("NFKC", field).strip()


def _checked_morae(reading: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not reading:
        raise ValueError("the reading is empty")
    morae = split(reading)
    if "".join(kana for kana, _ in morae) != reading:
        raise ValueError(f"the reading {reading!r} is not katakana")
    if len(morae) > MAX_SURFACE:
        raise ValueError(f"the reading is longer than {MAX_SURFACE} morae")
    return morae


def _number(name: str, value: int | str, default: int) -> int:
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return default
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"{name} {value!r} is not a whole number") from None


def parse(text: str, file: str = "words.csv") -> Contents:
    """Read ``words.csv``; rows that cannot be used become problems."""
    entries: dict[str, UserWord] = {}
    refused = Refused(file)
    for number, line in enumerate(_lines_of(text), start=1):
        if number > MAX_LINES:
            refused.add(number, f"more than {MAX_LINES:,} lines: the rest is left out")
            break
        try:
            row = _row(line)
            if row is None:
                continue
            found = entry(*row)
        except ValueError as error:
            refused.add(number, error)
            continue
        entries.pop(found.surface, None)
        entries[found.surface] = found
    return Contents(tuple(entries.values()), refused.problems())


def _lines_of(text: str) -> Iterator[str]:
    return (line.rstrip("\n") for line in io.StringIO(text, newline=None))


def _row(line: str) -> list[str] | None:
    """Cut a line into two to four fields; None for a blank line, a comment or the header."""
    if not line.strip() or line.lstrip().startswith("#"):
        return None
    if len(line) > _MAX_LINE:
        raise ValueError(f"longer than {_MAX_LINE} characters")
    try:
        (fields,) = csv.reader([line], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError) as error:
        raise ValueError(f"not a line of comma-separated values: {error}") from None
    while len(fields) > 2 and not fields[-1].strip():
        fields.pop()
    if not 2 <= len(fields) <= len(_HEADER):
        raise ValueError(
            f"{counted(len(fields), 'field')} instead of surface, reading, and perhaps accent and priority"
        )
    # `reading` is no katakana, so no word's row looks like the header.
    return None if _is_header(fields) else fields


def _is_header(row: list[str]) -> bool:
    return tuple(field.strip().lower() for field in row) == _HEADER[: len(row)]


def read(path: Path) -> Contents:
    """Read a ``words.csv``; one that is not there has no words.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger than MAX_BYTES.
    """
    try:
        raw = read_regular(path, MAX_BYTES)
    except FileNotFoundError:
        return Contents(())
    try:
        return parse(decode(raw), str(path))
    except ValueError as error:
        return Contents((), (Problem(str(path), 0, str(error)),))


def decode(raw: bytes) -> str:
    """Decode a file's bytes; raises ValueError if they are neither UTF-8 nor Shift_JIS."""
    for encoding in ("utf-8-sig", "cp932"):  # cp932 is what Excel writes in Japan
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError("the text is neither UTF-8 nor Shift_JIS")


def dump(entries: Iterable[UserWord]) -> str:
    """Write entries as ``words.csv``, with its header."""
    return "".join([_line(_HEADER), *map(_entry_line, entries)])


def put(path: Path, entries: Iterable[UserWord]) -> None:
    """Add entries to a ``words.csv``, or replace those of the same surface in their places; all else stays as it is.

    Raises:
        HayakoeError: the file is not UTF-8, or would have more than MAX_LINES or MAX_BYTES.
        OSError: it cannot be written; it is as before.
    """
    added = {word.surface: word for word in entries}
    replaced = frozenset(added)
    path = _resolved(path)
    with locked(path.parent, _WAITING.format(path)):
        text = _text(path)
        lines = []
        for line in text.lines or [_line(_HEADER)]:
            surface = _surface_of(line)
            if surface not in replaced:
                lines.append(line)
            elif (word := added.pop(surface, None)) is not None:
                lines.append(_entry_line(word))
        lines += map(_entry_line, added.values())
        data = text.encoded(lines)
        if len(lines) > MAX_LINES or len(data) > MAX_BYTES:
            raise HayakoeError(
                f"{path}: would be longer than {MAX_LINES:,} lines or {MAX_BYTES >> 20} MiB: remove words first"
            )
        write_whole(path, data)


def drop(path: Path, surfaces: Iterable[str]) -> list[str]:
    """Remove words from a ``words.csv``, all or none; return the surfaces that it lacks, for which none was removed.

    Raises:
        HayakoeError: the file is not UTF-8.
        OSError: it cannot be written; it is as before.
    """
    dropped = {normalize("NFKC", surface).strip(): None for surface in surfaces}
    path = _resolved(path)
    with locked(path.parent, _WAITING.format(path)):
        text = _text(path)
        lines = [(line, _surface_of(line)) for line in text.lines]
        present = {surface for _, surface in lines}
        missing = [surface for surface in dropped if surface not in present]
        if not missing:
            write_whole(path, text.encoded([line for line, surface in lines if surface not in dropped]))
        return missing


def _resolved(path: Path) -> Path:
    """Return the file behind a symbolic link, since it is the file that is replaced, and make its folder."""
    with suppress(FileNotFoundError):
        check_regular(path)
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@dataclass(frozen=True, slots=True)
class _Text:
    """The lines of a file, each with a line feed at its end, and how they are written."""

    lines: list[str]

    begins: bytes = b""
    """The byte order mark by which Excel knows UTF-8, where the file has it."""

    ends: str = "\n"

    def encoded(self, lines: Iterable[str]) -> bytes:
        """Return other lines, written in the same way."""
        return self.begins + "".join(lines).replace("\n", self.ends).encode()


def _text(path: Path) -> _Text:
    try:
        raw = read_regular(path, MAX_BYTES)
        text = raw.decode("utf-8-sig")
    except FileNotFoundError:
        return _Text([])
    except UnicodeDecodeError:
        raise HayakoeError(f"{path}: not UTF-8; save it as UTF-8 before words are added or removed") from None
    begins = BOM_UTF8 if raw.startswith(BOM_UTF8) else b""
    return _Text([line + "\n" for line in _lines_of(text)], begins, "\r\n" if "\r\n" in text else "\n")


def _surface_of(line: str) -> str | None:
    try:
        row = _row(line)
    except ValueError:
        return None
    return normalize("NFKC", row[0]).strip() if row else None


def _entry_line(word: UserWord) -> str:
    return _line((word.surface, word.reading, word.accent, word.priority))


def _line(fields: Sequence[object]) -> str:
    line = io.StringIO()
    # Unquoted, a word that begins with # would be a comment.
    quoting: Literal[0, 1] = csv.QUOTE_ALL if str(fields[0]).startswith("#") else csv.QUOTE_MINIMAL
    csv.writer(line, lineterminator="\n", quoting=quoting).writerow(fields)
    return line.getvalue()
