"""A word is read as the text says, once, and what only looks like a reading is spoken as well."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import FRONT_END
from tests.text.strategies import texts
from wyoming_hayakoe.text.annotations import annotated, parse
from wyoming_hayakoe.text.given_readings import SOURCE


def reading(text: str) -> str:
    return FRONT_END.read(text).reading


def accents(text: str) -> list[tuple[str, int]]:
    return [(word.surface, word.accent) for word in FRONT_END.read(text).words if word.accent is not None]


def with_reading(base: str, notation: str) -> str:
    found = parse(notation, flat=True)
    assert found is not None
    return annotated(base, found)


@pytest.mark.parametrize(
    ("text", "kana"),
    [
        ("この漢字(かんじ)は難しい", "コノカンジワムズカシイ"),
        ("貶（おとし）める", "オトシメル"),
        ("一二三(ひふみ)さん", "ヒフミサン"),
        ("小鳥遊《たかなし》さん", "タカナシサン"),
        ("東京都千代田区麹町(こうじまち)です", "トーキョートチヨダクコージマチデス"),
        ("新妻聖子(にいづませいこ)さん", "ニーズマセーコサン"),
        ("上手(かみて)から入る", "カミテカラハイル"),
        ("母(はは)は元気", "ハハワゲンキ"),
        ("羽生(はぶ)さんは", "ハブサンワ"),
        ("五月蝿(うるさ)い", "ウルサイ"),
        ("行(おこな)った", "オコナッタ"),
        ("取り扱い(とりあつかい)に注意", "トリアツカイニチューイ"),
        ("生物(なまもの)を食べる", "ナマモノヲタベル"),
        ("志(こころざし)", "ココロザシ"),
        ("Zigbee(ジグビー)の設定", "ジグビーノセッテー"),
        ("<ruby>神聖文字<rt>ヒエログリフ</rt></ruby>です", "ヒエログリフデス"),
        ("｜神聖文字《ヒエログリフ》です", "ヒエログリフデス"),
        ("檸檬の七瀬(ななせ)と檸檬(れもん)と月(るな)", "レモンノナナセトレモントルナ"),
        ("10分(じゅっぷん)と3人(さんにん)で", "ジュップントサンニンデ"),
        # remarks
        ("定休日（げつようび）です", "テーキュービゲツヨービデス"),
        ("注意(あぶない)", "チューイアブナイ"),
        ("料理(えへへ)です", "リョーリエヘヘデス"),
        ("営業日(のみ)", "エーギョービノミ"),
        ("会場(ただし)", "カイジョータダシ"),
        ("照明(ライト)をつけて", "ショーメーライトヲツケテ"),
        ("部屋(寝室)", "ヘヤシンシツ"),
        ("雨(ところによりかみなり)", "アメトコロニヨリカミナリ"),
        ("3,300円(税込)", "サンゼンサンビャクエンゼーコミ"),
    ],
)
def test_how_a_word_with_kana_behind_it_is_read(text, kana):
    assert reading(text) == kana


def test_a_reading_that_the_dictionary_has_changes_nothing():
    assert accents("この漢字(かんじ)は難しい") == accents("この漢字は難しい")
    assert accents("貶（おとし）める") == accents("貶める")


@pytest.mark.parametrize(
    ("notation", "kana", "nucleus"),
    [("ナ↓ナミ", "ナナミ", 1), ("ななみ", "ナナミ", 0), ("トーキョ↓ー", "トーキョー", 3)],
)
def test_a_given_accent_is_spoken(notation, kana, nucleus):
    words = FRONT_END.read(with_reading("七海", notation) + "さんは", trace=True).words
    assert (words[0].surface, words[0].reading, words[0].accent) == ("七海", kana, nucleus)
    assert words[0].source == SOURCE
    assert [mora.high for mora in words[0].morae][:2] == [nucleus == 1, nucleus != 1]
    assert [word.reading for word in words[1:]] == ["サン", "ワ"]


@pytest.mark.parametrize("notation", ["", "↓", "七", "ナ" * 61, "↓ナ", "ナ↓↓ミ", "a"])
def test_what_is_no_reading(notation):
    assert parse(notation) is None


@given(st.lists(texts, max_size=4).map("\ufff9".join), st.sampled_from(["かな", "ナ↓ナミ", "x", "は", "ー"]))
def test_any_text_with_readings_is_read(text, notation):
    for marked in (f"\ufff9{text}\ufffa{notation}\ufffb", f"{text}({notation})", f"{text[:9]}\ufffa{notation}\ufffb"):
        utterance = FRONT_END.read(marked[:300])
        assert sum(utterance.word2ph) == len(utterance.phones) == len(utterance.tones)
        assert len(utterance.word2ph) == len(utterance.bert_text) + 2


def test_many_readings_take_linear_time():
    def seconds(count: int) -> float:
        started = time.thread_time()
        FRONT_END.read("月(るな)と" * count)
        return time.thread_time() - started

    seconds(10)
    assert seconds(1000) < 20 * seconds(100) + 0.1
