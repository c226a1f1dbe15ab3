import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.text import exchange, user_words
from wyoming_hayakoe.text.user_words import MAX_LINES, UserWord

VOICEVOX = {
    "b1affe2a-d5f0-4050-926c-f28e0c1d9a98": {
        "surface": "ＥＳＰ３２",
        "cost": 8600,
        "part_of_speech": "名詞",
        "yomi": "イーエスピーサンジュウニ",
        "pronunciation": "イーエスピーサンジュウニ",
        "accent_type": 9,
        "mora_count": 12,
        "accent_associative_rule": "*",
    },
    "cc": {"surface": "担々麺", "priority": 5, "pronunciation": "タンタンメン", "accent_type": 3},
}
AIVIS = {
    "dd": {
        "surface": "東京大学",
        "pronunciation": ["トーキョー", "ダイガク"],
        "accent_type": [0, 1],
        "priority": 6,
    },
    "ee": {"surface": "雪", "pronunciation": ["ユキ"], "accent_type": [2]},
}
HAYAKOE = [
    {"surface": "担々麺", "reading": "タンタンメン", "accent": 3},
    {"surface": "雪", "reading": "ユキ"},
]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (VOICEVOX, (UserWord("ESP32", "イーエスピーサンジュウニ", 9), UserWord("担々麺", "タンタンメン", 3, 5))),
        (AIVIS, (UserWord("東京大学", "トーキョーダイガク", 5, 6), UserWord("雪", "ユキ", 2))),
        (HAYAKOE, (UserWord("担々麺", "タンタンメン", 3), UserWord("雪", "ユキ"))),
        (HAYAKOE[0], (UserWord("担々麺", "タンタンメン", 3),)),
        ({}, ()),
    ],
)
def test_parse(data: object, expected: tuple[UserWord, ...]) -> None:
    contents = exchange.parse(json.dumps(data, ensure_ascii=False), "user_dict.json")
    assert contents.entries == expected
    assert contents.problems == ()


def test_a_csv_is_ours() -> None:
    assert exchange.parse("\ufeff雪,ユキ,2\n", "words.csv").entries == (UserWord("雪", "ユキ", 2),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1]", "word 1: not a word with a surface"),
        ('[{"surface": 1, "reading": "ア"}]', "word 1: 1 is not a text"),
        ('[{"surface": "雪"}]', "word 1: None is not a text"),
        ('[{"surface": "雪", "reading": "ユキ", "accent": 1.5}]', "word 1: 1.5 is not a whole number"),
        ('[{"surface": "雪", "reading": "ユキ", "accent": 3}]', "word 1: accent 3 is beyond"),
        (
            '{"x": {"surface": "雪", "pronunciation": ["ユ", "キ"], "accent_type": [0]}}',
            "word 1: not as many accents",
        ),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    contents = exchange.parse(text, "user_dict.json")
    assert contents.entries == ()
    assert reason in str(contents.problems[0])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": ', "not JSON: Expecting value: line 1"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        (f'[{{"surface": "雪", "reading": "ユキ", "accent": {"9" * 5000}}}]', "thousands of digits"),
        ("[" + "1," * MAX_LINES + "1]", "holds more than 100,000 words"),
        ("雪,ユキ\n" * (MAX_LINES + 1), "holds more than 100,000 words"),
    ],
)
def test_a_file_that_is_no_dictionary_is_refused_whole(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        exchange.parse(text, "user_dict.json")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"surface": "雪", "reading": "ユキ", "accent": float("inf")}, "inf is not a whole number"),
        ({"surface": "雪", "reading": "ユキ", "accent": float("nan")}, "nan is not a whole number"),
        ({"surface": "雪", "reading": "ユキ", "accent": [[[]]]}, "a list is not a whole number"),
        ({"surface": {"a": 1}, "reading": "ユキ"}, "an object is not a text"),
        ({"surface": "雪" * 1001, "reading": "ユキ"}, "the surface is longer than 1000"),
        ({"surface": "\ud800", "reading": "ユキ"}, "has no character"),
        ({"surface": "雪", "reading": "\ud800"}, "is not katakana"),
        ({"surface": "雪", "pronunciation": ["ユ"] * 101, "accent_type": [1] * 101}, "more than 100 accent phrases"),
        ({"surface": "雪", "pronunciation": ["ユ" * 900] * 9, "accent_type": [1] * 9}, "the reading is longer"),
    ],
)
def test_a_record_that_is_no_word(record: object, reason: str) -> None:
    (problem,) = exchange.parse(json.dumps([record]), "user_dict.json").problems
    assert reason in str(problem)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["雪", "ユキ"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["surface", "reading", "pronunciation", "yomi", "accent", "accent_type", "priority", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(_VALUES)
def test_any_json_gives_words_or_one_reason(data: object) -> None:
    with suppress(ValueError):
        for word in exchange.parse(json.dumps(data), "x").entries:
            assert user_words.entry(word.surface, word.reading, word.accent, word.priority) == word


def test_dump_is_what_parse_reads() -> None:
    entries = (UserWord("ESP32", "イーエスピー", 4, 5), UserWord("Home Assistant", "ホームアシスタント", 4))
    text = exchange.dump(entries)
    assert "ＥＳＰ３２" in text
    assert "Ｈｏｍｅ　Ａｓｓｉｓｔａｎｔ" in text
    assert exchange.parse(text, "x").entries == entries
    assert exchange.dump(entries) == text
