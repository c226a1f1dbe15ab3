"""Rules for codes: `A-123-45`, `CVE-2024-12345`, `ISBN978-4-00`, `ESP8266`, a serial number, a number plate.

Their groups stay apart, and from three digits on they are read one by one, unless a counter follows (`E231系`), the
number is round (`N700`) or a year (`CES2025`).
"""

from __future__ import annotations

import re

from wyoming_hayakoe.text.rule import TextRule, rule
from wyoming_hayakoe.text.rules.addresses import spell
from wyoming_hayakoe.text.rules.loanwords import READINGS

_COUNTER = (
    "号|系|便|番|形|型|円|個|枚|回|人|台|本|件|点|位|年|世代|色|種|歳|度|倍|階|歩|曲|話|巻|冊|ページ|万|億|千"
    "|時|分|秒|日|月|週|パーセント|%|ポイント|ミリ|メートル|キロ|グラム|ボルト|ワット"
)
_BOUND = "以上|以下|以内|未満|超|から|まで|前後|程度|近く|を超え|くらい|ぐらい|ほど"
# Behind or before one of these it is part of an address, a path or a clock.
_BEFORE = r"(?<![A-Za-z0-9./@:_=&?%+~\\-])(?<![!-~]#)"
_AFTER = r"(?![A-Za-z0-9/@_\\-]|[.:][A-Za-z0-9])"
_PART = "[A-Za-z0-9]{1,40}"
_DIGITS = re.compile("[0-9]+")
_UNIT_BEHIND = re.compile(
    r"[0-9](?:W|V|A|K|p|px|m|mm|cm|km|g|kg|L|ml|mL|[kKMGT]?B|[kKMG]?Hz|dB|nm|m?Ah|k?Wh|lm|lx|dpi|fps|[kKMG]?bps|fl)$"
)
_YEAR = re.compile("(?:19|20)[0-9]{2}")
_TWO_NUMBERS = re.compile("[0-9]-[0-9]")
_HYPHEN_AT_NUMBER = re.compile("(?<=[0-9ァ-ヺー])-|-(?=[0-9ァ-ヺー])")
_NO_CODE = re.compile("(?:AC|DC|AM|PM|am|pm)[0-9]")
_NAME_BESIDE_LETTER = re.compile("(?<=[A-Za-z])(?=[ァ-ヺ])|(?<=[ァ-ヺー])(?=[A-Za-z])")
_NAME_BEHIND = re.compile("[ァ-ヺー]$")
_KATAKANA = re.compile("[ァ-ヺ]")
_SPELLED_FROM = 3


def _code(match: re.Match[str]) -> str:
    """Return a code of letters and digits, its groups apart; what is no code stays as it is."""
    code = _read(match)
    # Digits by name would be one word with katakana beside them.
    is_apart = _NAME_BEHIND.search(code) is None or _KATAKANA.match(match.string, match.end()) is None
    code = _NAME_BESIDE_LETTER.sub(" ", code).replace("KB ", "ケービー ")  # not kilobytes
    return code + ("" if is_apart else " ")


def _read(match: re.Match[str]) -> str:
    code = match[0]
    if code.lower() in READINGS or _NO_CODE.match(code):
        return code
    groups = _DIGITS.findall(code)
    is_counted = match["counter"] is not None and code[-1].isdigit()
    if _TWO_NUMBERS.search(code):
        is_long = any(len(group) >= _SPELLED_FROM for group in groups[: -1 if is_counted else None])
        *parts, last = code.split("-")
        if is_long:
            parts, last = [_spelled(part) for part in parts], _spelled(last, is_counted=is_counted)
        return "、".join((*parts, last))
    if max(map(len, groups)) < _SPELLED_FROM or _UNIT_BEHIND.search(code):
        return code
    return _HYPHEN_AT_NUMBER.sub("", _spelled(code, is_counted=is_counted, lone=True))


def _spelled(part: str, *, is_counted: bool = False, lone: bool = False) -> str:
    """Return a part of a code with its digits by name; those before a counter stay digits.

    Digits that stand ``lone`` in their code stay a number where they are short, round, or a year behind a name.
    """

    def named(digits: re.Match[str]) -> str:
        is_number = lone and (
            len(digits[0]) < _SPELLED_FROM
            or (digits[0].endswith("00") and digits[0][0] != "0")
            or _YEAR.fullmatch(digits[0]) is not None
        )
        is_last = digits.end() == len(part)
        return digits[0] if is_number or (is_last and is_counted) else _named(digits[0])

    return part if part.lower() in READINGS else _DIGITS.sub(named, part)


def _named(digits: str) -> str:
    return "ゼロ" * (len(digits) - len(digits.lstrip("0"))) + (spell(rest) if (rest := digits.lstrip("0")) else "")


def _groups(text: str, joint: str) -> str:
    return joint.join(_named(group) for group in _DIGITS.findall(text))


def _cued(match: re.Match[str]) -> str:
    return match["cue"] + _groups(match["number"], "の")


def _in_groups(match: re.Match[str]) -> str:
    """Return numbers in groups digit by digit where their lengths show that they are no address and no result."""
    groups = match[0].split("-")
    is_code = any(len(group) > 4 or (group[0] == "0" and len(group) > 1) for group in groups[1:]) or (
        len(groups[0]) > 1 and len(groups) > 2 and any(len(group) > 3 for group in groups)
    )
    return _groups(match[0], "の") if is_code else match[0]


LETTERS: tuple[TextRule, ...] = (
    rule(
        "number of a book",
        r"(?<![A-Za-z])(?P<kind>ISBN|ISSN|JAN|EAN)(?:-1[03])?\s?[:：]?\s?(?P<number>[0-9]+(?:-[0-9]+){0,5}(?:-?X)?)(?![0-9A-Za-z-])",
        lambda m: f"{m['kind']}、{_groups(m['number'], '、')}{'X' if m['number'][-1] == 'X' else ''}",
        "ISBN978-4-00 → ISBN、キューナナハチ、ヨン、ゼロゼロ",
        "ISBN: 978-4-00-310101-8 → ISBN、キューナナハチ、ヨン、ゼロゼロ、サンイチゼロイチゼロイチ、ハチ",
        "ISBNとは → ISBNとは",
    ),
    rule(
        "code",
        rf"{_BEFORE}(?=[A-Za-z-]+[0-9]){_PART}(?:-{_PART}){{0,9}}{_AFTER}(?=(?P<counter>{_COUNTER})?)",
        _code,
        "A1-2 → A1、2",
        "B12-34 → B12、34",
        "A-123-45 → A、イチニーサン、ヨンゴー",
        "A-123-45号 → A、イチニーサン、45号",
        "B-1-2 → B、1、2",
        "5V-12V → 5ボルトから12ボルト",
        "CVE-2024-12345 → CVE、ニーゼロニーヨン、イチニーサンヨンゴー",
        "SKU-2024-001です → SKU、ニーゼロニーヨン、ゼロゼロイチです",
        "ABC-1234-5678 → ABC、イチニーサンヨン、ゴーロクナナハチ",
        "ABC-123 → ABC イチニーサン",
        "ESP8266 → ESP ハチニーロクロク",
        "KB5034441 → ケービー ゴーゼロサンヨンヨンヨンイチ",
        "E102エラー → E イチゼロニー エラー",
        "ABC-123番 → ABC123番",
        "E231系 → E231系",
        "N700系 → N700系",
        "T-1000 → T1000",
        "X-100F → X100F",
        "CES2025 → CES2025",
        "AC100V → AC100ボルト",
        "F-15 → F-15",
        "GPT-4o → GPT-4o",
        "x86-64 → x86、64",
        "#A-123 → ハッシュタグA イチニーサン",
        "https://a.example/ABC-123 → aドットexample",
    ),
    rule(
        "identifier of 32 digits",
        r"(?<![0-9A-Za-z-])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z-])",
        lambda m: _DIGITS.sub(lambda digits: _named(digits[0]), m[0].upper().replace("-", "、")),
        "550e8400-e29b-41d4-a716-446655440000 → ゴーゴーゼロEハチヨンゼロゼロ、EニーキューB、ヨンイチDヨン、"
        "Aナナイチロク、ヨンヨンロクロクゴーゴーヨンヨンゼロゼロゼロゼロ",
    ),
)
"""Rules that run before those of `addresses`, which would take a part of a code for a postal code."""

NUMBERS: tuple[TextRule, ...] = (
    rule(
        "number by its name",
        r"(?P<cue>(?:番号|コード|パスワード|パスコード|型番|品番|シリアル|暗証|(?<![A-Za-z])(?:ID|PIN|S/N|P/N))"
        rf"(?:は|が|:|：|、|「|『)?\s?)(?P<number>[0-9]{{3,}}(?:-[0-9]+){{0,6}})(?![0-9A-Za-z,.-]|\s?(?:{_COUNTER}|{_BOUND}|[〜~/:]))",
        _cued,
        "認証コードは482913です → 認証コードはヨンハチニーキューイチサンです",
        "シリアル番号: 1234-5678 → シリアル番号、イチニーサンヨンのゴーロクナナハチ",
        "エラーコード404 → エラーコードヨンゼロヨン",
        "受付番号は123番です → 受付番号は123番です",
        "コードは100以上 → コードは100以上",
        "番号は12です → 番号は12です",
    ),
    rule(
        "status",
        rf"(?P<cue>(?:HTTP|ステータス|エラー)\s?)(?P<number>[1-5][0-9][1-9])(?![0-9A-Za-z,.-]|\s?(?:{_COUNTER}))",
        _cued,
        "HTTP 404 → HTTP ヨンゼロヨン",
        "HTTP 500 → HTTP 500",
        "エラー404件 → エラー404件",
    ),
    rule(
        "number in parts",
        r"(?<![A-Za-z])[Nn][Oo]\.?\s?(?P<number>[0-9]{2,}(?:-[0-9]+){1,5})(?![0-9A-Za-z-])",
        lambda m: "ナンバー" + _groups(m["number"], "の"),
        "No. 123-45 → ナンバーイチニーサンのヨンゴー",
    ),
    rule(
        "number and part",
        r"(?<![0-9A-Za-z./:-])(?!(?:19|20)[0-9]{2}-)[0-9]{4,}-[0-9]{1,2}(?![0-9A-Za-z/:-])",
        lambda m: _groups(m[0], "の"),
        "JIS C 8105-3 → JIS C ハチイチゼロゴーのサン",
    ),
    rule(
        "number plate",
        r"(?P<class>[0-9]{2,3}\s?[ぁ-ん]\s?)(?P<one>[0-9]{1,2})-(?P<two>[0-9]{2})(?![0-9-])",
        r"\g<class>\g<one>の\g<two>",
        "品川300あ12-34 → 品川300あ12の34",
    ),
    rule(
        "code of digits",
        r"(?<![0-9A-Za-z./:-])[0-9]+(?:-[0-9]+){1,8}(?![0-9A-Za-z/:-])",
        _in_groups,
        "978-4-00-310101-8 → キューナナハチのヨンのゼロゼロのサンイチゼロイチゼロイチのハチ",
        "2024-001 → ニーゼロニーヨンのゼロゼロイチ",
        "1-2-301 → 1の2の301",
        "4-2-8 → 4の2の8",
        "2026-03 → 2026年3月",
    ),
)
"""Rules that run behind those of `addresses` and `dates`: what is left is no phone number and no day."""
