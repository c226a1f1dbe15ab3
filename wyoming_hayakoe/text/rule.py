"""A rule of the text front end, and how a table of rules is run.

Every table in ``rules/`` is a tuple of `Rule`. A rule carries its examples, a test runs them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from wyoming_hayakoe.text.alignment import replaced

T = TypeVar("T")


class Change(NamedTuple):
    """One replacement by a rule."""

    before: str
    """The characters as the rule found them; earlier rules may have touched them already."""
    after: str
    """What stands there now, perhaps nothing."""
    rule: str
    """The rule's name."""


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """A pattern, what stands in its place afterwards, and examples."""

    name: str
    """Its name in ``say --explain``."""

    pattern: re.Pattern[str]
    """What is replaced."""

    replacement: T
    """What replaces it: text, or a word's :class:`~wyoming_hayakoe.text.rules.contexts.Reading`."""

    examples: tuple[tuple[str, str], ...]
    """(before, after), near misses included: a whole text before and after the stage that this table belongs to."""


Replacement = str | Callable[[re.Match[str]], str]
TextRule = Rule[Replacement]
"""A rule from text to text, as for ``re.sub``."""


def differences(before: str, after: str, name: str) -> list[Change]:
    """Return the characters that differ before and after a rewriting ``name`` that is no table of rules."""
    if before == after:
        return []
    return [
        Change(before[start:end], after[new_start:new_end], name)
        for start, end, new_start, new_end in replaced(before, after)
    ]


def rule(name: str, pattern: str, replacement: Replacement, *examples: str) -> TextRule:
    """Return a rule from text to text; an example is written `before → after`."""
    return Rule(name, re.compile(pattern), replacement, pairs(examples))


def pairs(examples: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the two sides of each example."""
    return tuple((before, after) for before, after in (example.split(" → ") for example in examples))


def run(rules: Sequence[TextRule], text: str, trace: list[Change] | None = None) -> str:
    """Run the rules in order, each once over the whole text; add what changed to `trace` if given."""
    for one in rules:
        text = one.pattern.sub(one.replacement, text) if trace is None else _run_traced(one, text, trace)
    return text


def _run_traced(one: TextRule, text: str, trace: list[Change]) -> str:
    def note(match: re.Match[str]) -> str:
        after = one.replacement(match) if callable(one.replacement) else match.expand(one.replacement)
        if after != match[0]:
            trace.append(Change(match[0], after, one.name))
        return after

    return one.pattern.sub(note, text)
