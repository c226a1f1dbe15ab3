import json

import pytest

from wyoming_hayakoe.text import exchange
from wyoming_hayakoe.text.user_words import UserWord

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
        ('{"a": ', "not JSON"),
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


def test_dump_is_what_parse_reads() -> None:
    entries = (UserWord("ESP32", "イーエスピー", 4, 5), UserWord("Home Assistant", "ホームアシスタント", 4))
    text = exchange.dump(entries)
    assert "ＥＳＰ３２" in text
    assert "Ｈｏｍｅ　Ａｓｓｉｓｔａｎｔ" in text
    assert exchange.parse(text, "x").entries == entries
    assert exchange.dump(entries) == text
