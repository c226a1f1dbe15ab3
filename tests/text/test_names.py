"""The tables of names: what is in them, and where they apply."""

from importlib.resources import files

import pytest

from tests.support import FRONT_END
from wyoming_hayakoe.text import names
from wyoming_hayakoe.text.morae import split
from wyoming_hayakoe.text.phonemes import DICTIONARY, NAMES, USER_DICTIONARY

TABLES = sorted(files("wyoming_hayakoe.text").joinpath("data").iterdir(), key=lambda file: file.name)
LINES = [
    (table.name, line)
    for table in TABLES
    for line in table.read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def sources(text: str) -> list[tuple[str, str, str]]:
    return [(word.surface, word.reading, word.source) for word in FRONT_END.read(text).words]


def test_each_line_is_a_name_with_its_accent_and_stands_once() -> None:
    surfaces = []
    for table, line in LINES:
        columns = [column.split(" ") for column in line.split("\t")]
        assert len(columns) == 4, (table, line)
        assert len({len(column) for column in columns}) == 1, (table, line)
        for reading, nucleus in zip(columns[1], columns[2], strict=True):
            morae = split(reading)
            assert "".join(kana for kana, _ in morae) == reading, (table, line)
            assert 0 <= int(nucleus) <= len(morae), (table, line)
        surfaces.append("".join(columns[0]))
    assert len(surfaces) > 1000
    assert len(set(surfaces)) == len(surfaces)


def test_each_name_is_read_as_its_table_says() -> None:
    wrong = []
    for _, line in LINES:
        surface, reading, *_ = line.replace(" ", "").split("\t")
        read = FRONT_END.read(f"それは{surface}です").reading
        if read != f"ソレワ{reading}デス":
            wrong.append((surface, reading, read))
    # Open JTalk cuts these few within a word of its own.
    assert len(wrong) <= 0.02 * len(LINES), wrong


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("埼玉県羽生市の天気", "サイタマケンハニューシノテンキ"),
        ("羽生市役所へ", "ハニューシヤクショエ"),
        ("三田市長が", "サンダシチョーガ"),
        ("青梅街道と環八通り", "オウメカイドートカンパチドーリ"),
        ("草彅剛と久石譲", "クサナギツヨシトヒサイシジョー"),
        ("乃木坂46の歌", "ノギザカフォーティーシックスノウタ"),
        ("文在寅前大統領", "ムンジェインゼンダイトーリョー"),
    ],
)
def test_names_are_read_in_sentences(text: str, reading: str) -> None:
    assert FRONT_END.read(text).reading == reading


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("直方体の箱", "チョクホータイノハコ"),
        ("行方が分からない", "ユクエガワカラナイ"),
        ("放出する", "ホーシュツスル"),
        ("蓮根を切る", "レンコンヲキル"),
        ("出水に備える", "シュッスイニソナエル"),
        ("三次元", "サンジゲン"),
        ("生活の方が", "セーカツノホーガ"),
    ],
)
def test_what_only_looks_like_a_name_is_read_as_before(text: str, reading: str) -> None:
    assert FRONT_END.read(text).reading == reading


def test_a_town_before_a_title_or_a_given_name_is_a_person() -> None:
    assert FRONT_END.read("熊谷で35度").reading.startswith("クマガヤ")
    assert FRONT_END.read("熊谷さん").reading == "クマガイサン"


def test_a_word_says_that_it_is_a_name_and_what_the_dictionary_read() -> None:
    (first, *_) = FRONT_END.read("三田市へ").words
    assert (first.surface, first.source, first.rival) == ("三田市", NAMES, "ミタシ")
    assert sources("東京へ")[0] == ("東京", "トーキョー", DICTIONARY)


def test_a_compound_has_its_accent() -> None:
    assert FRONT_END.read("羽生市").words[0].accent == 2
    assert FRONT_END.read("東横線").words[0].accent == 0


def test_words_of_the_user_come_first() -> None:
    from wyoming_hayakoe.text.frontend import japanese
    from wyoming_hayakoe.text.user_words import UserWord

    front_end = japanese()
    front_end.dictionary.add(UserWord("三田市", "ミツダシ", 0, 10))
    (first, second, *_) = front_end.read("三田市と羽生市へ").words
    assert (first.reading, first.source) == ("ミツダシ", USER_DICTIONARY)
    assert second.source == DICTIONARY
    assert front_end.read("三田市と羽生市へ").words[2].reading == "ハニューシ"


def test_rows_that_are_not_free_stay() -> None:
    rows = ["羽生,名詞,固有名詞,人名,姓,*,*,羽生,ハブ,ハブ,0/2,C3", "市,名詞,接尾,地域,*,*,*,市,シ,シ,1/1,C3"]
    assert [edit.end for edit in names.revised(rows, [True, True])] == [2]
    assert list(names.revised(rows, [True, False])) == []
