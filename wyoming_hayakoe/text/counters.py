"""Rules for the few words that pyopenjtalk-plus 0.4.1 misreads beside digits, by measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wyoming_hayakoe.text.rules import Rule, rule

if TYPE_CHECKING:
    import re


def _before_eight(match: re.Match[str]) -> str:
    """Take the final 8 off a number and leave a number: 28 becomes 20, and of 8 nothing is left."""
    tens = match["tens"]
    return f"{tens}0" if tens else ""


RULES: tuple[Rule, ...] = (
    rule(
        "8 minutes",
        r"(?<![0-9.])(?P<tens>[0-9]*)8分(?!の[0-9]|間|音)",
        lambda m: f"{_before_eight(m)}はっぷん",
        "8分後 → はっぷん後",
        "7:28 → 7時20はっぷん",
        "8分の1 → 8分の1",
        "18分間 → 18分間",
    ),
    rule(
        "8 pieces",
        r"(?<![0-9.])(?P<tens>[0-9]*)8[個コ箇](?!人|体|別)",
        lambda m: f"{_before_eight(m)}ハッコ",
        "8個 → ハッコ",
        "18個の → 10ハッコの",
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
    rule(
        "stands open",
        r"(?<=[鍵錠窓蓋])(?P<particle>が|は|も)開い(?=[てた])",
        r"\g<particle>あい",
        "窓が開いています → 窓があいています",
        "会を開いた → 会を開いた",
    ),
)
