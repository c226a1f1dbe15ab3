"""Emoji named in Japanese."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.text.rules.emoji import NAMES, name_emoji


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("いい天気☀️☀️です", "いい天気、晴れ、です"),
        ("👍🏽", "いいね"),
        ("誕生日おめでとう🎂🎉！", "誕生日おめでとう、誕生日ケーキ、おめでとう！"),
        ("🇯🇵がんばれ", "日本、がんばれ"),
        ("今日は、😀", "今日は、笑顔"),
        ("今日は晴れ", "今日は晴れ"),
        ("", ""),
    ],
)
def test_name_emoji(text: str, named: str) -> None:
    assert name_emoji(text) == named


def test_the_table_is_of_use() -> None:
    assert len(NAMES) >= 200
    assert all(name for name in NAMES.values())


@given(st.text(max_size=40))
def test_any_text(text: str) -> None:
    assert not any(emoji in name_emoji(text) for emoji in NAMES)
