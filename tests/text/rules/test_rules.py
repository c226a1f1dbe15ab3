"""Each rule of every table does what its examples say."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from tests.support import FRONT_END
from wyoming_hayakoe.text.normalize import TABLES, normalize
from wyoming_hayakoe.text.phonemes import CONTEXT
from wyoming_hayakoe.text.readings import RULES
from wyoming_hayakoe.text.rule import Rule, run
from wyoming_hayakoe.text.rules import emoji, folding, lists, markdown, readings_in_brackets


def reading(text: str) -> str:
    return FRONT_END.read(text).reading


FAMILIES: dict[str, tuple[Sequence[Rule[Any]], Callable[[str], str]]] = {
    "folding": (folding.RULES, normalize),
    "numbers and symbols": ([rule for table in TABLES for rule in table], normalize),
    "markdown": (markdown.RULES, partial(run, markdown.RULES)),
    "lists": (lists.RULES, partial(run, lists.RULES)),
    "readings in brackets": (readings_in_brackets.RULES, readings_in_brackets.marked),
    "emoji": (emoji.RULES, partial(run, emoji.RULES)),
    "readings in context": (RULES, reading),
}
EXAMPLES = [
    pytest.param(stage, before, after, id=f"{family}, {rule.name}: {before}")
    for family, (rules, stage) in FAMILIES.items()
    for rule in rules
    for before, after in rule.examples
]


@pytest.mark.parametrize(("stage", "before", "after"), EXAMPLES)
def test_an_example(stage: Callable[[str], str], before: str, after: str) -> None:
    assert stage(before) == after


@pytest.mark.parametrize("family", FAMILIES)
def test_every_rule_has_an_example_that_it_changes_and_a_name_of_its_own(family: str) -> None:
    rules, _ = FAMILIES[family]
    assert len({rule.name for rule in rules}) == len(rules)
    assert [rule.name for rule in rules if not any(before != after for before, after in rule.examples)] == []


def test_a_homograph_names_its_source() -> None:
    sources = {word.surface: word.source for word in FRONT_END.read("こんな風に").words}
    assert sources["風"] == CONTEXT
