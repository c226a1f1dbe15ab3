"""One rewriting rule, and how a table of them is run.

Every table of the text front end (dates, units, signs, …) is a tuple of `Rule`. A rule carries its own
examples, whole texts as `normalize` takes and returns them, and a test runs them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

Replacement = str | Callable[[re.Match[str]], str]


class Change(NamedTuple):
    """One thing that a rule did to a text."""

    before: str
    """The characters as the rule found them; earlier rules may have touched them already."""
    after: str
    """What stands there now, perhaps nothing."""
    rule: str
    """The rule's name."""


class Rule(NamedTuple):
    """A pattern, what to put in its place, and proof."""

    name: str
    pattern: re.Pattern[str]
    replacement: Replacement
    examples: tuple[tuple[str, str], ...]
    """(raw text, normalized text), near misses included."""


def differences(before: str, after: str, name: str) -> list[Change]:
    """Say which characters differ between a text and what rule ``name``, which is no table, made of it."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    return [
        Change(before[start:end], after[new_start:new_end], name)
        for kind, start, end, new_start, new_end in matcher.get_opcodes()
        if kind != "equal"
    ]


def rule(name: str, pattern: str, replacement: Replacement, *examples: str) -> Rule:
    """Build a rule; an example is written `raw → normalized`."""
    pairs = tuple((raw, done) for raw, done in (example.split(" → ") for example in examples))
    return Rule(name, re.compile(pattern), replacement, pairs)


def run(rules: Sequence[Rule], text: str, trace: list[Change] | None = None) -> str:
    """Run the rules in order, each once over the whole text; note what changed in `trace` if given."""
    for one in rules:
        text = one.pattern.sub(one.replacement, text) if trace is None else _run_traced(one, text, trace)
    return text


def _run_traced(one: Rule, text: str, trace: list[Change]) -> str:
    def note(match: re.Match[str]) -> str:
        after = one.replacement(match) if callable(one.replacement) else match.expand(one.replacement)
        if after != match[0]:
            trace.append(Change(match[0], after, one.name))
        return after

    return one.pattern.sub(note, text)
