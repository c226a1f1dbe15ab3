"""SSML's say-as: a date, a time, a telephone number, digits, a number or characters, as text that is read so."""

import re
from collections.abc import Callable, Mapping, Sequence

from wyoming_hayakoe.text.normalize import fold
from wyoming_hayakoe.text.rules.addresses import DIGIT_NAMES

_DIGITS = re.compile("[0-9]+")
_TIME = re.compile(
    r"(?P<hour>[0-9]{1,2})[:時](?P<minute>[0-9]{1,2})(?:[:分](?P<second>[0-9]{1,2}))?[分秒]?\s?(?P<half>[AaPp]\.?[Mm]?\.?)?"
)
_ORDERS = ("ymd", "ydm", "mdy", "dmy", "ym", "my", "md", "dm", "y", "m", "d")
_UNITS = {"y": "年", "m": "月", "d": "日"}
_COMPACT = {8: (4, 6), 6: (4, 6), 4: (2, 4)}
"""Digits of a date without separators → where its parts end."""


def reader(kind: str, form: str) -> Callable[[str], str] | None:
    """Return what makes the text of a kind readable; None for an unknown kind. It must not raise."""
    match kind:
        case "date":
            return lambda text: date(text, form)
        case "telephone" | "phone" | "digits" | "digit":
            return digits
        case "characters" | "spell-out" | "verbatim":
            return characters
    return _READERS.get(kind)


def digits(text: str) -> str:
    """Read each digit by its name; what stands between groups is の.

    >>> digits("090-1234")
    'ゼロキューゼロのイチニーサンヨン'
    """
    return "の".join(_spelled(group) for group in _DIGITS.findall(fold(text))) or text


def characters(text: str) -> str:
    """Read each character by itself.

    >>> characters("aB1")
    'A、B、イチ'
    """
    return "、".join(_spelled(char) if char in "0123456789" else char.upper() for char in fold(text) if char.strip())


def cardinal(text: str) -> str:
    """Read a number as a quantity, whatever stands around it: leading zeros and separators go.

    >>> cardinal("007"), cardinal("1,234"), cardinal("-0.5")
    ('7', '1234', '-0.5')
    """
    found = re.fullmatch(r"(-?)(?=[0-9])0*+([0-9]*+)(\.[0-9]++)?", fold(text).strip().replace(",", ""))
    return found[1] + (found[2] or "0") + (found[3] or "") if found else text


def ordinal(text: str) -> str:
    """Read a number as a place in an order.

    >>> ordinal("3")
    '3番目'
    """
    found = re.fullmatch(r"(?=[0-9])0*+([0-9]*+)(?:st|nd|rd|th|番目?|位)?", fold(text).strip())
    return f"{found[1] or 0}番目" if found else text


def clock(text: str) -> str:
    """Read a time of day.

    >>> clock("6:30"), clock("6:05pm"), clock("10:00:30")
    ('6時30分', '午後6時5分', '10時30秒')
    """
    found = _TIME.fullmatch(fold(text).strip())
    if found is None:
        return text
    half = {"a": "午前", "p": "午後"}.get((found["half"] or "")[:1].lower(), "")
    parts = [(int(found["minute"]), "分"), (int(found["second"] or 0), "秒")]
    return f"{half}{int(found['hour'])}時" + "".join(f"{number}{unit}" for number, unit in parts if number)


def date(text: str, form: str = "") -> str:
    """Read a date of numbers in the order of ``form`` (``ymd``, ``mdy``, …), else as it looks.

    >>> date("2026-11-25"), date("20261125"), date("11/25"), date("25.11.2026", "dmy")
    ('2026年11月25日', '2026年11月25日', '11月25日', '2026年11月25日')
    """
    folded = fold(text)
    if re.search(r"[^0-9\s./-]", folded):
        return text
    numbers = _DIGITS.findall(folded)
    if len(numbers) == 1 and (ends := _COMPACT.get(len(numbers[0]))):
        compact = numbers[0]
        numbers = [part for part in (compact[: ends[0]], compact[ends[0] : ends[1]], compact[ends[1] :]) if part]
    order = form if form in _ORDERS and len(form) == len(numbers) else _order(numbers)
    if not order:
        return text
    by_unit = dict(zip(order, numbers, strict=True))
    return "".join(f"{int(by_unit[unit][:9])}{_UNITS[unit]}" for unit in "ymd" if unit in by_unit)


def _order(numbers: Sequence[str]) -> str:
    match len(numbers):
        case 3:
            return "ymd" if len(numbers[0]) == 4 or len(numbers[2]) != 4 else "mdy"
        case 2:
            return "ym" if len(numbers[0]) == 4 else "my" if len(numbers[1]) == 4 else "md"
    return ""


def _spelled(group: str) -> str:
    return "".join(DIGIT_NAMES[int(digit)] for digit in group)


_READERS: Mapping[str, Callable[[str], str]] = {
    "time": clock,
    "cardinal": cardinal,
    "number": cardinal,
    "ordinal": ordinal,
}
