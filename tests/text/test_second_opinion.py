"""Sudachi's second opinion: where it is heard, and where it is not."""

import time

import pytest

from tests.support import FRONT_END, in_threads
from wyoming_hayakoe.text import rows, second_opinion
from wyoming_hayakoe.text.phonemes import SECOND_OPINION
from wyoming_hayakoe.text.plain import plain


def edits(text: str) -> list[tuple[str, ...]]:
    found = plain().run_mecab(text)
    return [edit.rows for edit in second_opinion.revised(found, [True] * len(found))]


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("名寄市の北", "ナヨロシノキタ"),  # one word for several
        ("極夜のころ", "キョクヤノコロ"),
        ("子守歌を歌う", "コモリウタヲウタウ"),
        ("古今和歌集", "コキンワカシュー"),
        ("幸子は言った", "サチコワイッタ"),  # a given name that is a place to Open JTalk
        ("登戸駅で", "ノボリトエキデ"),
        ("板橋駅で", "イタバシエキデ"),  # not the one in China
        ("日本の秋", "ニホンノアキ"),  # one word against one: Open JTalk's
        ("街中を歩く", "マチナカヲアルク"),
        ("今日一日", "キョーイチニチ"),
    ],
)
def test_readings(text: str, reading: str) -> None:
    assert FRONT_END.read(text).reading == reading


def test_a_word_says_that_it_is_a_second_opinion_and_what_the_first_was() -> None:
    (first, *_) = FRONT_END.read("極夜").words
    assert (first.source, first.rival) == (SECOND_OPINION, "ゴクヨル")


def test_a_reading_that_open_jtalk_has_too_keeps_its_accent() -> None:
    ((row,),) = edits("幸子は")
    own = next(way for way in second_opinion._ways("幸子") if rows.parsed(way).reading == "サチコ")
    assert row.split(",")[8:] == own.split(",")[8:]


def test_texts_without_runs_of_kanji_are_not_asked_about() -> None:
    asked = second_opinion._opinion.cache_info()
    assert edits("リビングの照明をつけて、窓を開けました。23度です。") == []
    assert second_opinion._opinion.cache_info() == asked


def test_runs_that_are_no_words_are_not_asked_about() -> None:
    assert edits("漢" * 2000) == []


@pytest.mark.parametrize("unit", ["極夜", "羽生市と", "東京都", "木", "幸子は"])
def test_time_is_linear(unit: str) -> None:
    def seconds(count: int) -> float:
        found = plain().run_mecab(unit * count)
        took = []
        for _ in range(3):
            start = time.process_time()
            list(second_opinion.revised(found, [True] * len(found)))
            took.append(time.process_time() - start)
        return min(took)

    assert seconds(400) < 20 * max(seconds(100), 0.0005)


def test_threads_read_the_same() -> None:
    texts = ["名寄市の北", "極夜のころ", "子守歌を歌う", "古今和歌集", "登戸駅で"]
    expected = [FRONT_END.read(text).reading for text in texts]
    second_opinion._opinion.cache_clear()
    assert in_threads(lambda: [FRONT_END.read(text).reading for text in texts]) == [expected] * 8


@pytest.mark.parametrize(
    ("reading", "surface", "pronounced"),
    [
        ("ハニュウ", "羽生", "ハニュー"),
        ("イノウエ", "井上", "イノウエ"),
        ("オオウチ", "大内", "オーウチ"),
        ("カメイ", "亀井", "カメイ"),
        ("ケイト", "敬斗", "ケート"),
        ("ツヅキ", "都築", "ツズキ"),
        ("アオイ", "葵", "アオイ"),
    ],
)
def test_pronounced(reading: str, surface: str, pronounced: str) -> None:
    assert rows.pronounced(reading, surface) == pronounced
