"""Texts made from a regular expression itself: whatever it repeats, and its beginnings, over and over."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, permutations
from re import _constants as op  # type: ignore[attr-defined]  # of a parsed pattern, which has no public form
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_CHARACTER = (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY)
_LOOPS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_MANY = 16
"""Repeats from which a bound is as good as none."""

_COMMON = "0a \n・木ー\x00"
_CHARACTERS = 14
_PAIRED = 8
_VARIANTS = 4

Items = Sequence[tuple[Any, Any]]


@dataclass(frozen=True)
class Attack:
    """A text that grows by its middle."""

    head: str
    unit: str
    tail: str = ""

    def text(self, size: int) -> str:
        """Return a text of about ``size`` characters."""
        return self.head + self.unit * max(1, size // len(self.unit)) + self.tail


def attacks(pattern: re.Pattern[str]) -> list[Attack]:
    """Return texts on which ``pattern`` may have to start again and again."""
    parsed = _parser.parse(pattern.pattern, pattern.flags)
    characters = _characters(parsed)
    made = [Attack("", char) for char in characters]
    made += [Attack("", one + other) for one, other in permutations(characters[:_PAIRED], 2)]
    for variant in range(_VARIANTS):
        spell = _Speller(variant, characters)
        made += [Attack("", spell(parsed[:end])) for end in range(1, len(parsed) + 1)]
        for head, body, tail in _loops(parsed, spell):
            made += [Attack(head, body), Attack("", body + head), Attack(head, body, "\x00"), Attack(head, body, tail)]
            made += [Attack("", body, char) for char in characters if variant < 2]
    return list(dict.fromkeys(attack for attack in made if attack.unit))


def _loops(items: Items, spell: "_Speller", head: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield what stands before each loop, what it repeats, and what must not follow."""
    for index, (code, value) in enumerate(items):
        before = head + spell(items[:index])
        if code in _LOOPS and value[1] > _MANY:
            yield before, spell(value[2]), _Speller(spell.variant, spell.characters, refused=True)(items[index + 1 :])
        for part in _parts(code, value):
            yield from _loops(part, spell, before)


def _parts(code: Any, value: Any) -> list[Items]:
    """Return the sequences in an item."""
    if code in _LOOPS:
        return [value[2]]
    if code is op.SUBPATTERN:
        return [value[3]]
    if code in {op.ASSERT, op.ASSERT_NOT}:
        return [value[1]]
    if code is op.BRANCH:
        return list(value[1])
    if code is op.GROUPREF_EXISTS:
        return [part for part in value[1:] if part is not None]
    return [value] if code is op.ATOMIC_GROUP else []


def _all_items(items: Items) -> Iterator[tuple[Any, Any]]:
    for code, value in items:
        yield code, value
        yield from chain.from_iterable(map(_all_items, _parts(code, value)))


def _characters(parsed: Items) -> list[str]:
    """Return characters that the pattern tells apart: first those that most of its loops take."""
    sets = [item for item in _all_items(parsed) if item[0] in _CHARACTER]
    looped = [
        item
        for code, value in _all_items(parsed)
        if code in _LOOPS and value[1] > _MANY
        for item in _all_items(value[2])
        if item in sets
    ]
    kinds: dict[tuple[bool, ...], str] = {}
    for char in (*chain.from_iterable(map(_listed, sets)), *_COMMON):
        kinds.setdefault(tuple(_takes(item, char) for item in sets), char)
    by_loops = sorted(kinds.values(), key=lambda char: -sum(_takes(item, char) for item in looped))
    return by_loops[:_CHARACTERS]


def _listed(item: tuple[Any, Any]) -> Iterator[str]:
    code, value = item
    if code in {op.LITERAL, op.NOT_LITERAL}:
        yield chr(value)
    elif code is op.RANGE:
        yield chr(value[0])
    elif code is op.IN:
        yield from chain.from_iterable(map(_listed, value))


def _takes(item: tuple[Any, Any], char: str) -> bool:
    code, value = item
    match code:
        case op.LITERAL:
            return ord(char) == value
        case op.NOT_LITERAL:
            return ord(char) != value
        case op.RANGE:
            return bool(value[0] <= ord(char) <= value[1])
        case op.CATEGORY:
            return _is_category(value, char)
        case op.IN:
            negated = value[0][0] is op.NEGATE
            return negated != any(_takes(each, char) for each in value[negated:])
    return code is op.ANY


def _is_category(category: Any, char: str) -> bool:
    name = str(category).removeprefix("CATEGORY_")
    kind = {"DIGIT": str.isdecimal, "SPACE": str.isspace, "WORD": lambda char: char.isalnum() or char == "_"}
    return kind[name.removeprefix("NOT_")](char) != name.startswith("NOT_")


@dataclass
class _Speller:
    """Writes a text that items match, or nearly: other choices in each variant."""

    variant: int
    characters: Sequence[str]
    refused: bool = False
    """Whether to write what the items refuse to stand there, too."""

    groups: dict[int, str] = field(default_factory=dict)

    def __call__(self, items: Items) -> str:
        return "".join(self._item(code, value) for code, value in items)

    def _item(self, code: Any, value: Any) -> str:
        if code in _CHARACTER:
            return self._char(code, value)
        if code is op.GROUPREF:
            return self.groups.get(value, "")
        if code is op.AT or (code is op.ASSERT_NOT and not self.refused):
            return ""
        parts = _parts(code, value)
        text = self(parts[self.variant % len(parts)])
        if code in _LOOPS:
            return text * max(value[0], min(value[1], self.variant % 2))
        if code is op.SUBPATTERN:
            self.groups[value[0]] = text
        return text

    def _char(self, code: Any, value: Any) -> str:
        taken = [char for char in (*self.characters, *_listed((code, value)), *_COMMON) if _takes((code, value), char)]
        return taken[self.variant // 2 % len(taken)] if taken else ""
