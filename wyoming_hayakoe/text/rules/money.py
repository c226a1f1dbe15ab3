"""Rules for prices: the currency follows the amount, as it is spoken (¥1,200 → 1200円)."""

from __future__ import annotations

import re

from wyoming_hayakoe.text.rule import TextRule, rule

_SIGNS = {
    "¥": "円", "US$": "ドル", "U.S.$": "ドル", "A$": "オーストラリアドル", "C$": "カナダドル",
    "HK$": "香港ドル", "NT$": "台湾ドル",
    "S$": "シンガポールドル", "$": "ドル", "€": "ユーロ", "£": "ポンド", "₩": "ウォン",
    "₿": "ビットコイン", "¢": "セント",
    "JPY": "円", "USD": "ドル", "EUR": "ユーロ", "GBP": "ポンド", "CNY": "元", "KRW": "ウォン",
}  # fmt: skip
_SCALES = {"K": 1_000, "M": 1_000_000, "B": 1_000_000_000, "T": 1_000_000_000_000}
_SCALE_WORDS = {"thousand": "K", "million": "M", "billion": "B", "trillion": "T"}
_BEFORE = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))
_AMOUNT = r"(?P<amount>[0-9]+(?:\.[0-9]+)?)"


def _in_myriads(value: int) -> str:
    """Return a whole number in units of 万, 億 and 兆: 1500000 → 150万, 2050000000 → 20億5000万."""
    for unit, word in ((10**12, "兆"), (10**8, "億"), (10**4, "万")):
        if value >= unit:
            high, low = divmod(value, unit)
            return f"{high}{word}{_in_myriads(low) if low else ''}"
    return str(value)


def _price(match: re.Match[str]) -> str:
    amount = match["amount"]
    if match["scale"]:
        letter = _SCALE_WORDS.get(match["scale"].lower(), match["scale"])
        amount = _in_myriads(round(float(amount[:15]) * _SCALES[letter]))
    minus = "マイナス" if match["minus"] else ""
    return f"{minus}{amount}{match['kanji'] or ''}{_SIGNS[match['sign']]}"


RULES: tuple[TextRule, ...] = (
    rule(
        "price",
        rf"(?P<minus>(?<![0-9A-Za-z])-)?(?<![A-Za-z])(?P<sign>{_BEFORE})\s?{_AMOUNT}(?:(?P<kanji>[万億兆千百]+)|\s?(?P<scale>[KMBT]|thousand|million|billion|trillion)(?![A-Za-z]))?"
        r"(?:円|ドル|-(?![0-9]))?",
        _price,
        "¥1,200 → 1200円",
        "$5.99 → 5.99ドル",
        "€30 → 30ユーロ",
        "¥1,200円 → 1200円",
        "US$20 → 20ドル",
        "$1.5M → 150万ドル",
        "¥3億 → 3億円",
        "-¥500 → マイナス500円",
        "$3 million → 300万ドル",
    ),
    rule(
        "price, sign behind",
        r"(?<=[0-9万億兆千百])\s?(?P<sign>[$€£₩¢¥]|(?:JPY|USD|EUR|GBP|CNY|KRW)(?![A-Za-z]))",
        lambda m: _SIGNS[m["sign"]],
        "5$ → 5ドル",
        "100USD → 100ドル",
        "10€ → 10ユーロ",
    ),
    rule("currency alone", r"[$€£₩₿¢¥]", lambda m: _SIGNS[m[0]], "$を円に → ドルを円に"),
)
