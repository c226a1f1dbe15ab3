"""Words that are read by the words around them: what a rule covers, and what it does to the accent."""

import pytest

from tests.support import FRONT_END
from wyoming_hayakoe.text import user_words
from wyoming_hayakoe.text.dictionary import UserDictionary
from wyoming_hayakoe.text.frontend import japanese
from wyoming_hayakoe.text.phonemes import CONTEXT


def words(text: str) -> list[tuple[str, str, int | None]]:
    return [(word.surface, word.reading, word.accent) for word in FRONT_END.read(text).words]


def test_several_words_of_the_dictionary_become_one() -> None:
    assert words("昼白色の照明")[:2] == [("昼白色", "チューハクショク", 3), ("の", "ノ", None)]


def test_the_kana_of_an_ending_follow_the_reading() -> None:
    assert [words(f"水を{verb}")[2][:2] for verb in ("弾く", "弾いて", "弾かない")] == [
        ("弾く", "ハジク"),
        ("弾い", "ハジイ"),
        ("弾か", "ハジカ"),
    ]


def test_a_suffix_makes_one_accent_phrase_with_the_word_before_it() -> None:
    assert words("在庫がなく電池切れ")[-2:] == [("電池", "デンチ", 0), ("切れ", "ギレ", None)]


@pytest.mark.parametrize(
    ("text", "word", "accent"),
    [
        ("雨が降る", "降る", 1),
        ("雨が降ります", "降り", 3),  # フリマ＼ス: the nucleus is in ます, and stays there
        ("水を弾きます", "弾き", 4),  # ハジキマ＼ス: one mora longer than ヒキマス
        ("お腹が空く", "空く", 0),
        ("電池切れです", "電池", 6),  # デンチギレデ＼ス
    ],
)
def test_the_nucleus_is_where_it_is_spoken(text: str, word: str, accent: int) -> None:
    assert {surface: nucleus for surface, _, nucleus in words(text)}[word] == accent


def test_a_rule_sees_few_characters_around_a_word() -> None:
    assert "スイ" in FRONT_END.read("お腹が空いている").reading
    assert "スイ" not in FRONT_END.read(f"お腹が{'とても' * 10}空いている").reading


def test_the_words_of_the_user_stay_as_they_are() -> None:
    dictionary = UserDictionary()
    dictionary.add(user_words.entry("電球", "マメ", 1))
    front_end = japanese(dictionary)
    assert front_end.read("電球色").reading.startswith("マメ")
    assert front_end.read("昼白色").reading == "チューハクショク"


def test_a_word_read_by_its_context_says_so() -> None:
    assert [word.source for word in FRONT_END.read("梅雨前線").words] == [CONTEXT]
