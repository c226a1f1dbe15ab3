"""Readings that stand in a text as ruby or in brackets behind a word, marked as annotations.

Whether kana in round brackets are a reading or a remark is decided where the words are known.
"""

from __future__ import annotations

import re

from wyoming_hayakoe.text.annotations import GUESS, annotated, katakana, parse
from wyoming_hayakoe.text.rule import TextRule, rule, run

_WORTH_A_LOOK = re.compile(r"[ぁ-ゖァ-ヺー](?:[)）》〉]|</rt>)")
_KANJI = "一-鿿㐀-䶿々〆ヶ"
_KANA = "[ぁ-ゖァ-ヺー・]{1,40}"
_PIECES = re.compile("[ぁ-ゖ]+|[^ぁ-ゖ]+")
_BEGINS_WORD = re.compile(f"[0-9０-９{_KANJI}]|[おご](?=[{_KANJI}])")


def marked(text: str) -> str:
    """Return a text with its readings as annotations."""
    return run(RULES, text) if _WORTH_A_LOOK.search(text) else text


def _ruby(found: re.Match[str]) -> str:
    reading = parse(found["kana"])
    return found[0] if reading is None else annotated(found["base"], reading)


def _guess(found: re.Match[str]) -> str:
    """Mark the longest end of the text before a bracket whose kana its reading has."""
    whole, kana = found["base"], found["kana"] or found["ruby"]
    reading = katakana(kana)
    for start in range(len(whole)):
        if _BEGINS_WORD.match(whole, start) and _fits(whole[start:], reading) and parse(kana) is not None:
            return f"{whole[:start]}\ufff9{whole[start:]}\ufffa{kana}{GUESS}\ufffb"
    return found[0]


def _fits(base: str, reading: str) -> bool:
    """Return whether ``reading`` has the kana of ``base`` in their order, and a kana at least for each run of kanji."""
    position = 0
    is_behind_kanji = False
    for piece in _PIECES.findall(base):
        if not "ぁ" <= piece[0] <= "ゖ":
            is_behind_kanji = True
            continue
        kana = katakana(piece)
        found = reading.find(kana, position + 1) if is_behind_kanji else reading.find(kana, position, len(kana))
        if found < 0:
            return False
        position, is_behind_kanji = found + len(kana), False
    return position < len(reading) if is_behind_kanji else position == len(reading)


def _latin(found: re.Match[str]) -> str:
    letters = sum(char.isalpha() for char in found["base"])
    reading = parse(found["kana"])
    if reading is None or len(reading.kana) > 5 * letters:
        return found[0]
    return annotated(found["base"], reading)


RULES: tuple[TextRule, ...] = (
    rule(
        "ruby",
        rf"<ruby>(?P<base>[^<>]{{1,40}})(?:<rp>[^<>]{{0,4}}</rp>)?<rt>(?P<kana>{_KANA})</rt>(?:<rp>[^<>]{{0,4}}</rp>)?</ruby>",
        _ruby,
        "<ruby>神聖文字<rt>ヒエログリフ</rt></ruby>です → \ufff9神聖文字\ufffaヒエログリフ\ufffbです",
        "<ruby>漢字<rt>漢字</rt></ruby> → <ruby>漢字<rt>漢字</rt></ruby>",
    ),
    rule(
        "ruby of Aozora Bunko",
        rf"[｜|](?P<base>[^｜|《》\s]{{1,40}})《(?P<kana>{_KANA})》",
        _ruby,
        "｜神聖文字《ヒエログリフ》です → \ufff9神聖文字\ufffaヒエログリフ\ufffbです",
    ),
    rule(
        "reading in brackets",
        rf"(?P<base>(?<![0-9０-９])[0-9０-９]{{1,6}}[{_KANJI}]{{1,3}}|(?<![0-9０-９])[{_KANJI}ぁ-ゖ]{{1,24}})(?:[(（](?P<kana>{_KANA})[)）]|《(?P<ruby>{_KANA})》)",
        _guess,
        "この漢字(かんじ)は → この\ufff9漢字\ufffaかんじ?\ufffbは",
        "貶（おとし）める → \ufff9貶\ufffaおとし?\ufffbめる",
        "一二三(ひふみ)さん → \ufff9一二三\ufffaひふみ?\ufffbさん",
        "小鳥遊《たかなし》さん → \ufff9小鳥遊\ufffaたかなし?\ufffbさん",
        "物の取り扱い(とりあつかい) → 物の\ufff9取り扱い\ufffaとりあつかい?\ufffb",
        "お知らせ(おしらせ) → \ufff9お知らせ\ufffaおしらせ?\ufffb",
        "10分(じゅっぷん)で → \ufff910分\ufffaじゅっぷん?\ufffbで",
        "お知らせ(緊急) → お知らせ(緊急)",
        "ありがとう(えへへ) → ありがとう(えへへ)",
    ),
    rule(
        "reading of a Latin word in brackets",
        r"(?<![A-Za-z0-9])(?P<base>[A-Za-z][A-Za-z0-9+-]{1,24})[(（](?P<kana>[ァ-ヺー・]{2,40})[)）]",
        _latin,
        "Zigbee(ジグビー)の → \ufff9Zigbee\ufffaジグビー\ufffbの",
        "HACS（ハックス）を → \ufff9HACS\ufffaハックス\ufffbを",
        "AI(ジンコウチノウギジュツ) → AI(ジンコウチノウギジュツ)",
    ),
)
