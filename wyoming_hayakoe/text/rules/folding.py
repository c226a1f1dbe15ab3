"""Rules for single characters: Unicode normalization that keeps the meaning of compatibility characters.

NFKC unifies full-width letters and half-width kana, but also turns ① into 1, m² into m2 and … into three full stops.
Characters whose meaning is spoken are therefore written out before it.
"""

from __future__ import annotations

import re
import unicodedata

from wyoming_hayakoe.text.rule import TextRule, rule

_CIRCLED = {
    **{chr(0x2460 + n): n + 1 for n in range(20)},  # ①–⑳
    **{chr(0x3251 + n): n + 21 for n in range(15)},  # ㉑–㉟
    **{chr(0x32B1 + n): n + 36 for n in range(15)},  # ㊱–㊿
    **{chr(0x2776 + n): n + 1 for n in range(10)},  # ❶–❿
    **{chr(0x24EB + n): n + 11 for n in range(10)},  # ⓫–⓴
    **{chr(0x2780 + n): n + 1 for n in range(10)},  # ➀–➉
    "⓪": 0,
    "⓿": 0,
}

_WORDS = {
    "㈱": "株式会社", "㍿": "株式会社", "㏍": "株式会社", "㈲": "有限会社", "㈳": "社団法人",
    "㈶": "財団法人", "㈻": "学校法人",
    "㊙": "マル秘", "℡": "電話", "㎡": "平方メートル", "㎥": "立方メートル", "㎢": "平方キロメートル",
    "㎠": "平方センチメートル",
    "²": "^2", "³": "^3", "™": "", "®": "", "©": "", "℠": "", "♯": "#", "♭": "フラット", "∞": "無限大",
    "√": "ルート",
    "∼": "〜", "～": "〜", "˜": "〜", "∙": "・", "•": "・", "‧": "・", "‘": "'", "’": "'", "＇": "'",
    "º": "°", **{chr(small): chr(small - 16) for small in range(0x2170, 0x2180)},  # ⅳ as Ⅳ
    "⁄": "/", "∕": "/", "∶": ":", "−": "-", "‐": "-", "‑": "-", "‒": "-", "－": "-", "﹣": "-", "˗": "-",
    "✕": "×", "✖": "×", "✗": "×", "➕": "+", "➖": "-", "➗": "÷", "➜": "→", "➡": "→", "⇒": "→",
    "⟶": "→", "⟹": "→",
    "◯": "○", "⭕": "○", "´": "", "｀": "", "¨": "", "￣": "", "‾": "", "¯": "", "¸": "",
    "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ß": "ss", "đ": "d", "Đ": "D",
    "ł": "l", "Ł": "L",
    "ı": "i", "\t": " ", "\n": " ", "\r": " ", "\x0b": " ", "\x0c": " ", "\x85": " ", "\u2028": " ",
    "\u2029": " ",
}  # fmt: skip
_WORD = f"[{re.escape(''.join(_WORDS))}]"

_FRACTIONS = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5),
    "⅙": (1, 6), "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
    "⅑": (1, 9), "⅒": (1, 10),
}  # fmt: skip

_LONE_UNITS = {
    "㎜": "ミリメートル", "㎝": "センチメートル", "㎞": "キロメートル", "㎎": "ミリグラム",
    "㎏": "キログラム", "㏄": "シーシー",
    "㎖": "ミリリットル", "ℓ": "リットル", "℃": "度", "℉": "度",
}  # fmt: skip
# Units in one character without a number before them, which the unit tables would leave as letters: ㎞ as km.
_LONE_UNIT = rf"(?<![0-9０-９万千百\s])[{''.join(_LONE_UNITS)}]"

_SPECIAL = f"[{''.join(_CIRCLED)}]|(?:[0-9０-９])?[{''.join(_FRACTIONS)}]"
_QUIET_AFTER_CIRCLED = re.compile(r"[\s、。，．,.)）」』のとかやはがをにでまへ番〜～-]|$")
# After a Japanese word a superscript number is a footnote mark, not a power.
_POWER = "(?<=[0-9A-Za-z)０-９）])⁻?[⁰¹²³⁴-⁹]+"
# Left out: NFKC turns ellipses into full stops and Roman numerals into Latin letters (Open JTalk reads Ⅲ but not III).
_NFKC_RUN = "[^…‥Ⅰ-Ⅿⅰ-ⅿ]+"

_ACCENTED = "[À-ʯḀ-ỿ]"


def _special(match: re.Match[str]) -> str:
    """Return ① as a number with a pause after it, ½ as a fraction, joined by と to a whole number before it."""
    char = match[0][-1]
    if char in _CIRCLED:
        apart = "" if _QUIET_AFTER_CIRCLED.match(match.string, match.end()) else "、"
        return f"{_CIRCLED[char]}{apart}"
    numerator, denominator = _FRACTIONS[char]
    whole = f"{match[0][0]}と" if len(match[0]) > 1 else ""
    return f"{whole}{denominator}分の{numerator}"


def _power(match: re.Match[str]) -> str:
    """Return the power of 10⁻³ as in 10^-3; NFKC alone would give 10-3."""
    return "^" + unicodedata.normalize("NFKC", match[0]).replace("\u2212", "-")


def _nfkc(run: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", run[0])


RULES: tuple[TextRule, ...] = (
    rule("unit in one character", _LONE_UNIT, lambda m: _LONE_UNITS[m[0]], "単位は㎏です → 単位はキログラムです"),
    rule("raised number", _POWER, _power, "10⁻³ → 10のマイナス3乗", "10⁵ → 10の5乗"),
    rule(
        "circled number or fraction",
        _SPECIAL,
        _special,
        "①電源 → 1、電源",
        "①の → 1の",
        "½ → 2分の1",
        "1½ → 1と2分の1",
    ),
    rule(
        "symbol with a word or a plainer form",
        _WORD,
        lambda m: _WORDS[m[0]],
        "㈱ハヤコエ → 株式会社ハヤコエ",
        "A⇒B → A、B",
    ),
    rule("compatibility character", _NFKC_RUN, _nfkc, "ＡＢＣ㌔ → ABCキロ", "第Ⅲ章 → 第Ⅲ章", "はい… → はい…"),
    rule(
        "accented Latin letter",
        _ACCENTED,
        lambda m: unicodedata.normalize("NFD", m[0]),
        "naïve → naive",
    ),
)
