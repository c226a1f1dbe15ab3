"""Rules for the few words beside digits that pyopenjtalk-plus 0.4.1 was measured to misread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wyoming_hayakoe.text.rule import TextRule, rule

if TYPE_CHECKING:
    import re


_KANJI = dict(zip("123456789", "一二三四五六七八九", strict=True))


def _before_last(match: re.Match[str]) -> str:
    """Return a number without its last digit: 20 for 28, nothing for 8."""
    tens = match["tens"]
    return f"{tens}0" if tens else ""


RULES: tuple[TextRule, ...] = (
    rule(
        "pieces in a pack",
        r"(?<=[0-9])[ケヶ](?=入|セット|パック|組|で[0-9]|[、。]|$)",
        "個",
        "5ヶ入り → 5個入り",
        "8ヶ入り → ハッコ入り",
        "5ヶ月 → 5ヶ月",
        "3ヶ所 → 3ヶ所",
    ),
    rule(
        "parts of a thing",
        r"(?<![0-9.,第])(?P<number>[1-9])つ(?=葉(?![っぱ])|編み|折り|子(?!ど)|巴|揃い|又|角|切り)",
        lambda m: f"{_KANJI[m['number']]}つ",
        "4つ葉 → 四つ葉",
        "3つ編み → 三つ編み",
        "3つの葉 → 3つの葉",
    ),
    rule(
        "one of a thing in katakana",
        r"(?<![0-9.,第])1(?=ルーム|コイン|タッチ|クリック|タップ|プッシュ|オペ|マン(?:オペ|ショー)|ピース"
        r"|ストップ|チャンス|アクション|ボタン|ランク|ウェイ|フロア|ショット|シーター|ウェア)",
        "ワン",
        "1ルーム → ワンルーム",
        "1クリックで → ワンクリックで",
        "11ルーム → 11ルーム",
        "1メートル → 1メートル",
    ),
    rule(
        "8 minutes",
        r"(?<![0-9.])(?P<tens>[0-9]*)8分(?!の[0-9]|間|音)",
        lambda m: f"{_before_last(m)}はっぷん",
        "8分後 → はっぷん後",
        "7:28 → 7時20はっぷん",
        "8分の1 → 8分の1",
        "18分間 → 18分間",
    ),
    rule(
        "8 pieces",
        r"(?<![0-9.])(?P<tens>[0-9]*)8[個コ箇](?!人|体|別)",
        lambda m: f"{_before_last(m)}ハッコ",
        "8個 → ハッコ",
        "18個の → 10ハッコの",
    ),
    rule(
        "4 mats",
        r"(?<![0-9.])(?P<tens>[0-9]*)4畳(?!半)",
        lambda m: f"{_before_last(m)}よじょう",
        "4畳 → よじょう",
        "14畳 → 10よじょう",
        "6畳 → 6畳",
    ),
    rule(
        "words of a numeral and a noun",
        r"(?<![0-9.,万億兆千百十])(?:4(?=畳半|次元|隅)|3(?=拍子)|1(?=本釣り|[対双](?![0-9一-鿿])))",
        lambda m: _KANJI[m[0]],
        "4畳半 → 四畳半",
        "24次元 → 24次元",
        "3拍子 → 三拍子",
        "1対 → 一対",
    ),
    rule(
        "one and two of a noun",
        r"(?<![0-9.,万億兆千百十])(?P<number>[12])(?=包み|樽|鍋|串|匙|揃い|眠り|休み|房|家族|駅(?:先|前"
        r"|分|間|ほど|[でと、。]|$))",
        lambda m: "ひと" if m["number"] == "1" else "ふた",
        "2串 → ふた串",
        "12串 → 12串",
    ),
    rule(
        "midnight",
        r"(?<=[夜日翌朝毎])0時(?!間)",
        "レー時",
        "深夜0時 → 深夜レー時",
        "20日0時30分 → 20日レー時30分",
        "午前0時 → 午前0時",
    ),
    rule("a way of one", r"(?<![0-9])1本道", "一本みち", "1本道 → 一本みち"),
    rule(
        "draws",
        r"(?<=敗)(?P<draws>[0-9]+)分(?![け0-9])",
        r"\g<draws>分け",
        "1勝1敗1分 → 1勝1敗1分け",
    ),
    rule(
        "race over metres",
        r"(?<=[0-9])(?P<unit>メートル|キロメートル)走(?![らりるれろっ])",
        r"\g<unit>そう",
        "100m走 → 100メートルそう",
        "10キロメートル走った → 10キロメートル走った",
    ),
    rule("8 months, places, countries", r"(?<=8)か(?=[月所国])", "ヶ", "8か月 → 8ヶ月", "3か月 → 3か月"),
    rule(
        "times a year",
        r"(?<![一-鿿々0-9])年(?=[0-9]+(?:回|度|パーセント|割|件|万|億))",
        "ねん",
        "年3回 → ねん3回",
        "2026年3月 → 2026年3月",
    ),
    rule("what day of the week", r"何曜", "なん曜", "何曜日 → なん曜日"),
    rule(
        "one-room flats",
        r"(?<![0-9])1(?=(?:S?LDK|S?DK|R|K)(?![A-Za-z0-9]))",
        "ワン",
        "1LDK → ワンLDK",
        "11K → 11K",
    ),
    rule("100-yen shop", r"(?<![0-9])100均", "ひゃっきん", "100均で買う → ひゃっきんで買う"),
)
