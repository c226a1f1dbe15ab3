"""What a rule for a word's reading is made of: the word, what must stand around it, and how it is read there."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from wyoming_hayakoe.text.rule import Rule, pairs


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


def context(word: str, pattern: str, pron: str, nucleus: int | None, *examples: str) -> Rule[Reading]:
    """Return a rule for a word among others.

    ``pattern`` is searched in the characters around the word, in which ``<`` and ``>`` enclose the word and the kana
    of its ending: ``お腹.{0,3}<空[いく]``.
    """
    return Rule(f"{word}: {pron}, {examples[0]}", re.compile(pattern), Reading(word, pron, nucleus), pairs(examples))


def suffix(word: str, pattern: str, pron: str, nucleus: int | None, *examples: str) -> Rule[Reading]:
    """Return a rule for a word that forms one accent phrase with the word before it."""
    rule = context(word, pattern, pron, nucleus, *examples)
    return replace(rule, replacement=replace(rule.replacement, is_suffix=True))


def compound(word: str, pron: str, nucleus: int | None, *examples: str) -> Rule[Reading]:
    """Return a rule for a word that the dictionary lacks, wherever it stands; without examples it is its own."""
    return context(word, "<", pron, nucleus, *(examples or (f"{word} → {pron}",)))
