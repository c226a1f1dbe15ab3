"""What a rule for a word's reading is made of: the word, what must stand around it, and how it is read there."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property

from wyoming_hayakoe.text.rule import pairs


@dataclass(frozen=True, slots=True)
class Reading:
    """How a word is read where its rule matches."""

    word: str
    """As it is written, without the kana of its ending: one or more whole words of the dictionary."""

    pron: str
    """Pronunciation of `word`, in katakana; an ending follows as it is written."""

    nucleus: int | None = None
    """Accent nucleus of the accent phrase that the word begins; None keeps the dictionary's."""

    is_suffix: bool = False
    """Whether the word belongs to the accent phrase of the word before it; then 0 makes that whole phrase flat."""


@dataclass(frozen=True)
class ContextRule:
    """A rule for a word's reading: a :class:`~wyoming_hayakoe.text.rule.Rule` that is compiled at its first use.

    Compiling all of them would take 60 ms of every start.
    """

    name: str
    """Its name in ``say --explain``."""

    source: str
    """What must stand around the word, as a regular expression."""

    replacement: Reading
    """How the word is read there."""

    examples: tuple[tuple[str, str], ...]
    """(before, after), near misses included."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """``source`` compiled."""
        return re.compile(self.source)


def context(word: str, pattern: str, pron: str, nucleus: int | None, *examples: str) -> ContextRule:
    """Return a rule for a word among others.

    ``pattern`` is searched in the characters around the word, in which ``<`` and ``>`` enclose the word and the kana
    of its ending: ``お腹.{0,3}<空[いく]``.
    """
    return ContextRule(f"{word}: {pron}, {examples[0]}", pattern, Reading(word, pron, nucleus), pairs(examples))


def suffix(word: str, pattern: str, pron: str, nucleus: int | None, *examples: str) -> ContextRule:
    """Return a rule for a word that forms one accent phrase with the word before it."""
    rule = context(word, pattern, pron, nucleus, *examples)
    return replace(rule, replacement=replace(rule.replacement, is_suffix=True))


def compound(word: str, pron: str, nucleus: int | None, *examples: str) -> ContextRule:
    """Return a rule for a word that the dictionary lacks, wherever it stands; without examples it is its own."""
    return context(word, "<", pron, nucleus, *(examples or (f"{word} → {pron}",)))
