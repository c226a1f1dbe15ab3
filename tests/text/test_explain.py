import json

import pytest

from wyoming_hayakoe.text.explain import columns, table, to_json, width
from wyoming_hayakoe.text.frontend import japanese

FRONT_END = japanese()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("abc", 3), ("漢字", 4), ("ｶﾅ", 2), ("か\u3099", 2), ("あ\u200bい", 4), ("￣＿", 4), ("😀", 2), ("", 0)],
)
def test_width(text: str, expected: int) -> None:
    assert width(text) == expected


def test_columns() -> None:
    assert columns([("a", "漢字", "x"), ("bc", "d", "")]) == "a   漢字  x\nbc  d"


def test_table() -> None:
    assert table(FRONT_END.read("桜が3本、☆")) == (
        "word  reading  pitch   accent  from\n"
        "桜    サクラ   ＿￣￣  0       dictionary\n"
        "が    ガ       ￣              dictionary\n"
        "三    サン     ￣＿    1       number\n"
        "本    ボン     ＿＿            number\n"
        ",                              mark"
    )


def test_a_yoon_is_as_wide_as_its_kana() -> None:
    assert "キョー   ￣￣＿" in table(FRONT_END.read("今日"))


def test_what_is_not_read_is_shown() -> None:
    assert table(FRONT_END.read("привет")).splitlines()[1].split() == ["привет", "not", "read"]


def test_to_json() -> None:
    line = to_json(FRONT_END.read("愛。"))
    assert json.loads(line) == {
        "text": "愛。",
        "reading": "アイ",
        "phones": ["_", "a", "i", ".", "_"],
        "tones": [0, 1, 0, 0, 0],
        "word2ph": [1, 2, 1, 1],
        "bert_text": "愛.",
        "words": [
            {
                "surface": "愛",
                "reading": "アイ",
                "phones": ["a", "i"],
                "accent": 1,
                "morae": [
                    {"kana": "ア", "phones": ["a"], "high": True},
                    {"kana": "イ", "phones": ["i"], "high": False},
                ],
                "source": "dictionary",
            },
            {"surface": ".", "reading": "", "phones": ["."], "accent": None, "morae": [], "source": "mark"},
        ],
    }


def test_json_is_one_line_that_can_be_written() -> None:
    line = to_json(FRONT_END.read("一\n二\ud800"))
    assert "\n" not in line
    assert json.loads(line)["text"] == "一\n二?"


def test_the_opinion_that_lost_is_shown() -> None:
    utterance = FRONT_END.read("羽生市の天気")
    overruled = next(word for word in utterance.words if word.rival)
    assert f"{overruled.source}, not {overruled.rival}" in table(utterance)
    records = json.loads(to_json(utterance))["words"]
    assert [record["rival"] for record in records if "rival" in record] == [overruled.rival]
