"""Emoji named in Japanese."""

from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.text.rule import run
from wyoming_hayakoe.text.rules.emoji import NAMES, RULES


def test_the_table_is_of_use() -> None:
    assert len(NAMES) >= 200
    assert all(name for name in NAMES.values())


@given(st.text(max_size=40))
def test_any_text(text: str) -> None:
    assert not any(emoji in run(RULES, text) for emoji in NAMES)
