"""Rules for the numbers of ordered lists: a short rest after `1.`, `2)`, `(3)`, so that no decimal is read.

Language models write `1. 25℃に設定`. A decimal never has a blank behind its point, nor a bracket; behind a full-width
point, the counter tells `１．３回押す` from `１．５倍`.
"""

from __future__ import annotations

import re

from wyoming_hayakoe.text.rule import TextRule, rule

# Where an item begins: a line or a sentence.
_START = r"(?m:(?:^|(?<=[。．！？!?]))[ \t　]*)"
_NUMBER = r"(?P<number>[1-9１-９][0-9０-９]{0,2})"
_SHORT_NUMBER = r"(?P<number>[1-9１-９][0-9０-９]?)"
_BLANKS = r"[ \t　]+"
# Counters that nobody gives a decimal: １．３回押す is the first item, １．３倍 is not.
_WHOLE = (
    r"(?:回|つ|個|本目?|人(?![前分])|名|枚|番|台|階|件|匹|冊|度目|日(?!間)|月|年(?!間)|時(?!間)|章|位|曲|話|品|種類"
    "|[かヶカ]所|[:：])"
)
_DECIMAL = r"[0-9０-９]+(?:倍|割|分|[%％]|パーセント|ポイント|[万億兆]|[A-Za-zｍｋｇμ])"
_ROMAN = {"ii": 2, "iii": 3, "iv": 4, "vi": 6, "vii": 7, "viii": 8, "ix": 9}
_ANY_ROMAN = "|".join(sorted([*_ROMAN, *map(str.upper, _ROMAN)], key=len, reverse=True))
_PLAIN_NUMBER = re.compile("[0-9０-９]{1,9}(?![0-9A-Za-z])")
_CIRCLED = "①-⑳❶-❿"
# Numbers of an item in one character, in brackets, with a full stop, or in two circles: their first and last.
_IN_ONE = (("⑴", "⒇"), ("⒈", "⒛"), ("⓵", "⓾"))
_ONE_CHARACTER = {
    chr(code): code - ord(first) + 1 for first, last in _IN_ONE for code in range(ord(first), ord(last) + 1)
}
_ROMAN_CHARACTER = {chr(0x2160 + number): number + 1 for number in range(12)}
# A number behind such a word belongs to it: ステップ 2. 3秒待つ.
_LABELS = (
    "ステップ", "手順", "工程", "フェーズ", "レベル", "パターン", "ポイント", "質問", "項目", "方法", "理由", "選択肢",
    "問", "第", "その", "例", "図", "表", "案", "章", "注",
)  # fmt: skip


def _rest(match: re.Match[str]) -> str:
    """Return the mark of a short rest; 2、3秒 would be about two or three seconds to Open JTalk."""
    return "・" if _PLAIN_NUMBER.match(match.string, match.end()) is not None else "、"


def _item(match: re.Match[str]) -> str:
    return match["number"] + _rest(match)


def _inside(match: re.Match[str]) -> str:
    """Return the number with a rest on both sides; none before it where a label or a mark stands there."""
    before = match.string[: match.start()]
    is_joined = before.endswith(_LABELS) or before[-1:].isascii() or before[-1:] in "、，。：「『（"
    return f"{' ' if is_joined else '、'}{_item(match)}"


def _circled(match: re.Match[str]) -> str:
    """Return a rest before a circled number that goes on with a list: one is before it, and no label joins it."""
    before = match.string[max(0, match.start() - _NEAR) : match.start()]
    return "、" if _ANY_CIRCLED.search(before) is not None and not before.endswith(_LABELS) else match[0]


_NEAR = 100
_ANY_CIRCLED = re.compile(f"[{_CIRCLED}]")

RULES: tuple[TextRule, ...] = (
    rule(
        "number of an item in one character",
        rf"(?P<one>[{''.join(_ONE_CHARACTER)}])[ \t　]*",
        lambda m: f"{_ONE_CHARACTER[m['one']]}{_rest(m)}",
        "⑴ 3回押す → 1・3回押す",
        "⒉電源 → 2、電源",
    ),
    rule(
        "circled number inside a line",
        rf"(?<=[ぁ-ゖァ-ヺー一-鿿])[ \t　]*(?=[{_CIRCLED}])",
        _circled,
        "①3秒待つ②2回押す → ①3秒待つ、②2回押す",
        "①は図②の通り → ①は図②の通り",
        "手順② → 手順②",
    ),
    rule(
        "number of an item, Roman",
        rf"{_START}(?P<number>[{''.join(_ROMAN_CHARACTER)}])[.．]{_BLANKS}(?=\S)",
        lambda m: f"{_ROMAN_CHARACTER[m['number']]}{_rest(m)}",
        "Ⅱ. 3回押す → 2・3回押す",
        "Ⅲ章 → Ⅲ章",
    ),
    rule(
        "letter of an item",
        rf"{_START}[(（]?(?P<letter>[ア-ンA-Za-zＡ-Ｚａ-ｚ])"
        rf"(?:[)）][ \t　]*(?=[^\s、。のとかやはがをにでもへ])|．[ \t　]*(?=[^\sA-Za-zＡ-Ｚａ-ｚ])"
        rf"|\.{_BLANKS}(?=[0-9０-９]))",
        r"\g<letter>、",
        "ア．3回押す → ア、3回押す",
        "a) 3回押す → a、3回押す",
        "(b) りんご → b、りんご",
        "A．はい → A、はい",
        "(C)の図 → (C)の図",
    ),
    rule(
        "number of a step",
        rf"(?P<label>{'|'.join(_LABELS)}|(?<![A-Za-z])(?:[Ss]tep|STEP|[Pp]art|[Cc]ase|[Pp]hase|[QＱ]))(?P<blank>\s?)(?P<number>[0-9０-９]{{1,2}})\s?[:：]\s?(?=[0-9０-９])",
        lambda m: f"{m['label']}{m['blank']}{_item(m)}",
        "ステップ1：3回押す → ステップ1・3回押す",
        "STEP 2:10分待つ → STEP 2・10分待つ",
        "午後1:30 → 午後1:30",
        "AM10:00 → AM10:00",
    ),
    rule(
        "keycap",
        r"(?P<number>[0-9])\ufe0f?\u20e3[ \t　]*",
        _item,
        "1\ufe0f\u20e3 3回押す → 1・3回押す",
    ),
    rule(
        "item of an item",
        rf"{_START}(?P<part>[1-9][0-9]?)[-－‐](?P<number>[1-9][0-9]?)(?:[.．]|[)）]){_BLANKS}",
        lambda m: f"{m['part']}の{_item(m)}",
        "1-2. 3秒待つ → 1の2・3秒待つ",
        "1-2 3秒待つ → 1-2 3秒待つ",
    ),
    rule(
        "number of an item",
        rf"{_START}{_NUMBER}(?:[.．:：]{_BLANKS}|[.．](?=[「『（ぁ-ゖァ-ヺ一-鿿Ａ-Ｚ]))(?=\S)",
        _item,
        "1. 25℃に設定 → 1・25℃に設定",
        "2. 3秒待つ → 2・3秒待つ",
        "3. 2本目 → 3・2本目",
        "1.りんご → 1、りんご",
        "１．りんご → １、りんご",
        "1. 1.5倍にする → 1・1.5倍にする",
        "次です。\n10. 5分 → 次です。\n10・5分",
        "1.5倍にする → 1.5倍にする",
        "3.14です → 3.14です",
        "1.25℃ → 1.25℃",
        "2. → 2.",
    ),
    rule(
        "number of an item, full width",
        rf"{_START}(?:{_SHORT_NUMBER}．(?=[0-9０-９]+{_WHOLE})|(?P<narrow>[1-9][0-9]?)．(?![0-9０-９.]*[0-9０-９]$)(?!{_DECIMAL})(?=[0-9０-９]))",
        lambda m: (m["number"] or m["narrow"]) + _rest(m),
        "１．３回押す → １・３回押す",
        "1．25℃に設定 → 1・25℃に設定",
        "1．1.5倍にする → 1・1.5倍にする",
        "１．５倍になる → １．５倍になる",
        "1．5倍になる → 1．5倍になる",
        "１．２５ → １．２５",
    ),
    rule(
        "number of an item, in brackets",
        rf"{_START}[(（]?{_SHORT_NUMBER}[)）](?:{_BLANKS}(?=\S)|(?=[^\s、。,.)）のとかやはがをにでもへ〜～番-]))",
        _item,
        "1) 25℃に設定 → 1・25℃に設定",
        "（２）３回押す → ２・３回押す",
        "(3) はい → 3、はい",
        "(1)の図 → (1)の図",
        "(03)1234-5678 → (03)1234-5678",
        "5) → 5)",
    ),
    rule(
        "number of an item, Roman by letters",
        rf"{_START}[(（]?(?P<number>{_ANY_ROMAN})[.)）]{_BLANKS}(?=\S)",
        lambda m: f"{_ROMAN[m['number'].lower()]}{_rest(m)}",
        "ii. 3回押す → 2・3回押す",
        "III. 3回押す → 3・3回押す",
        "(iv) 2本 → 4・2本",
        "vi. → vi.",
    ),
    rule(
        "number of an item, inside a line",
        rf"(?<=\S){_BLANKS}{_SHORT_NUMBER}[.．]{_BLANKS}(?=\S)",
        _inside,
        "手順は 1. 電源を入れる 2. 3秒待つ → 手順は、1、電源を入れる、2・3秒待つ",
        "準備： 1. 25℃ → 準備： 1・25℃",
        "ステップ 2. 3秒待つ → ステップ 2・3秒待つ",
        "長さは 2.5 m → 長さは 2.5 m",
    ),
    rule(
        "full stop between numbers",
        rf"(?<=[0-9０-９])[.．]{_BLANKS}(?=[-－+¥￥$(（「『]?[0-9０-９])",
        _rest,
        "手順1. 3回押す → 手順1・3回押す",
        "Q1. 3つ選べ → Q1・3つ選べ",
        "1.5 2.5 → 1.5 2.5",
    ),
)
"""Rules in the order of their use, behind those of markdown."""
