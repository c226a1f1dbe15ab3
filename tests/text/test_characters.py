import pytest

from wyoming_hayakoe.text.characters import clean, marks, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ｱｲｳ、ｶﾞｷﾞ", "アイウ、ガギ"),
        ("か\u3099は\u309a", "がぱ"),
        ("\u3099か", "か"),
        ("る\u3099", "る"),
        ("ＡＢＣ１２３", "ABC123"),
        ("㌔ ㍻", "キロ 平成"),
        ("23℃", "23℃"),
        ("Ⅲ章", "Ⅲ章"),
        ("5…", "5…"),
        ("あ\u200bい\u200d\ufeff", "あい"),
        ("葛\U000e0100城", "葛城"),
        ("あ\x00\x07い", "あい"),
        ("あ\ue000\U0010ffffい", "あい"),
        ("今日😀晴れ☀️", "今日晴れ"),
        ("♨と♂", "♨と♂"),
        ("(☆▽☆)", "(☆▽☆)"),
        ("(´・ω・`)", "(´・ω・`)"),
        ("一\n二", "一。二"),
        ("一。\n\n二", "一。 二"),
        ("一\r\n \n二", "一。二"),
        ("あ\t\u3000い", "あ  い"),
        ("ですよ〜", "ですよー"),
        ("デスヨ～～", "デスヨー"),
        ("東京〜大阪", "東京〜大阪"),
        ("", ""),
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("東京", "東京"),
        ("１２", "一二"),
        ("ＥＳＰ３２", "ESP三二"),
        ("Ｈｏｍｅ　Ａｓｓｉｓｔａｎｔ", "HomeAssistant"),
        ("ﷺ", "صلىاللهعليهوسلم"),
        ("か\u3099\u3099", "が"),
        ("가", "가"),
        ("a\u0301\u0327", "á"),
        ("\u0301", ""),
    ],
)
def test_tokens(word: str, expected: str) -> None:
    assert tokens(word) == expected


@pytest.mark.parametrize(
    ("symbols", "expected"),
    [
        ("。", "."),
        ("、，", ",,"),
        ("！？", "!?"),
        ("…", "..."),
        ("‥。", "..."),
        ("「」（）［］", "'" * 6),
        ("‼⁉", "!!!?"),
        ("『』〈〉", ""),
        ("―—–−", "----"),
        ("ー", "-"),
        ("★♪", ""),
        ("：；", ""),
    ],
)
def test_marks(symbols: str, expected: str) -> None:
    assert marks(symbols) == expected
