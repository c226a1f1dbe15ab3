"""Katakana → morae → JP-Extra phones.

Source of the phones: the readings that the voices were trained with (`../shared/golden/frontend.jsonl`). Open
JTalk has kw, gw and fy besides, but no voice does: クヮ is written k w a, グァ g u a and フュ f y u.
"""

import re
from collections.abc import Iterator

_VOWELS = "aiueo"

_COLUMNS = {
    "": "アイウエオ", "k": "カキクケコ", "g": "ガギグゲゴ", "s": "サ_スセソ", "z": "ザ_ズゼゾ",
    "t": "タ__テト", "d": "ダ__デド", "n": "ナニヌネノ", "h": "ハヒ_ヘホ", "b": "バビブベボ",
    "p": "パピプペポ", "m": "マミムメモ", "y": "ヤ_ユ_ヨ", "r": "ラリルレロ", "w": "ワ____",
    "sh": "_シ___", "j": "_ジ___", "ch": "_チ___", "ts": "__ツ__", "f": "__フ__", "v": "ヷヸヴヹヺ",
}  # fmt: skip
"""Consonant → its kana for a, i, u, e, o; ``_`` where another consonant has that place."""

_SMALL = {
    "ky": "キ", "gy": "ギ", "sh": "シ", "j": "ジヂ", "ch": "チ", "ny": "ニ", "hy": "ヒ", "by": "ビ",
    "py": "ピ", "my": "ミ", "ry": "リ", "ty": "テ", "dy": "デ",
}  # fmt: skip
"""Consonant → the kana that a small ャュョェ turns into it."""

_OTHERS = {
    "ン": "N", "ッ": "q", "ヲ": "o", "ヰ": "i", "ヱ": "e", "ヂ": "j i", "ヅ": "z u",
    "ァ": "a", "ィ": "i", "ゥ": "u", "ェ": "e", "ォ": "o", "ャ": "y a", "ュ": "y u", "ョ": "y o", "ヮ": "w a",
    "ヵ": "k a", "ヶ": "k e",
    "イェ": "y e", "ウィ": "w i", "ウェ": "w e", "ウォ": "w o",
    "ヴァ": "v a", "ヴィ": "v i", "ヴェ": "v e", "ヴォ": "v o",
    "ヴャ": "by a", "ヴュ": "by u", "ヴョ": "by o",
    "ファ": "f a", "フィ": "f i", "フェ": "f e", "フォ": "f o",
    "フャ": "f y a", "フュ": "f y u", "フョ": "f y o",
    "クァ": "k u a", "クィ": "k u i", "クゥ": "k u u", "クェ": "k u e", "クォ": "k u o", "クヮ": "k w a",
    "グァ": "g u a", "グィ": "g u i", "グゥ": "g u u", "グェ": "g u e", "グォ": "g u o", "グヮ": "g w a",
    "スィ": "s i", "ズィ": "z i", "ティ": "t i", "ディ": "d i", "トゥ": "t u", "ドゥ": "d u",
    "ツァ": "ts a", "ツィ": "ts i", "ツェ": "ts e", "ツォ": "ts o",
}  # fmt: skip
"""What the two tables above cannot say."""


def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for consonant, row in _COLUMNS.items():
        for vowel, kana in zip(_VOWELS, row, strict=True):
            if kana != "_":
                table[kana] = (consonant, vowel) if consonant else (vowel,)
    for consonant, rows in _SMALL.items():
        for kana in rows:
            for small, vowel in zip("ャュョェ", "auoe", strict=True):
                table[kana + small] = (consonant, vowel)
    del table["デェ"]  # two morae in Open JTalk: d e, e
    del table["テェ"]
    table.update({kana: tuple(phones.split()) for kana, phones in _OTHERS.items()})
    return table


MORA_PHONES = _table()
"""Katakana of one mora → its phones; ``ー`` is not in it, as its phone is the vowel before it."""

LONG = "ー"

DEVOICED = "’"
"""Stands behind a mora whose vowel is devoiced, in Open JTalk's pronunciations."""

_HIRAGANA = {ord("ぁ") + offset: ord("ァ") + offset for offset in range(ord("ゖ") - ord("ぁ") + 1)}
_MORA = re.compile("|".join([*sorted(MORA_PHONES, key=len, reverse=True), LONG]))
_LENGTHENABLE = frozenset("aiueoNq")


def split(katakana: str, previous: str = "") -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Cut ``katakana`` into morae, each with its phones.

    ``previous`` is the last phone before it, which a leading ``ー`` repeats; where there is none to repeat,
    the ``ー`` is left out. Characters that belong to no mora (the devoicing mark ``’`` and whatever else) are
    left out too.
    """
    return tuple((kana, phones) for kana, phones, _ in split_with_devoicing(katakana, previous))


def split_with_devoicing(katakana: str, previous: str = "") -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Yield what :func:`split` returns, and whether each mora is devoiced: whether ``’`` stands behind it."""
    spelled, *rest = katakana.split(DEVOICED)
    ends = set()
    for part in rest:
        ends.add(len(spelled))
        spelled += part
    for found in _MORA.finditer(spelled):
        kana = found[0]
        if kana != LONG:
            phones = MORA_PHONES[kana]
        elif previous in _LENGTHENABLE and previous:
            phones = (previous,)
        else:
            continue
        yield kana, phones, found.end() in ends
        previous = phones[-1]


def as_katakana(text: str) -> str:
    """Turn hiragana into katakana; other characters stay.

    >>> as_katakana("はっくす")
    'ハックス'
    """
    return text.translate(_HIRAGANA)
