"""Rules for units. A symbol is a unit only after a number: 5V is ボルト, TV is not.

Names are those of the SI, in the spelling of Japan's measurement law (計量法) and of the weather service. As in speech,
"per" is 毎 before a unit of time and パー before others.
"""

from __future__ import annotations

import re

from wyoming_hayakoe.text.rule import TextRule, rule

_PREFIXES = {
    "p": "ピコ", "n": "ナノ", "μ": "マイクロ", "m": "ミリ", "c": "センチ", "d": "デシ", "h": "ヘクト",
    "k": "キロ", "M": "メガ", "G": "ギガ", "T": "テラ", "P": "ペタ",
}  # fmt: skip
# Symbol, name, and the prefixes that are in use with it.
_PREFIXED = (
    ("m", "メートル", "nμmck"),
    ("g", "グラム", "nμmk"),
    ("L", "リットル", "μmdk"),
    ("l", "リットル", "μmdk"),
    ("W", "ワット", "μmkMG"),
    ("Wh", "ワットアワー", "mkMGT"),
    ("V", "ボルト", "μmk"),
    ("A", "アンペア", "nμmk"),
    ("Ah", "アンペアアワー", "mk"),
    ("VA", "ボルトアンペア", "mkM"),
    ("Hz", "ヘルツ", "mkMGT"),
    ("Ω", "オーム", "mkM"),
    ("Pa", "パスカル", "mhkMG"),
    ("bar", "バール", "m"),
    ("N", "ニュートン", "mk"),
    ("J", "ジュール", "kMG"),
    ("cal", "カロリー", "k"),
    ("B", "バイト", "kKMGTP"),
    ("bps", "ビーピーエス", "kKMGT"),
    ("bit", "ビット", "kMGT"),
    ("b", "ビット", "kMG"),
    ("F", "ファラド", "pnμ"),
    ("s", "秒", "nμm"),
    ("eV", "エレクトロンボルト", "kMG"),
    ("Sv", "シーベルト", "μm"),
    ("Bq", "ベクレル", "kM"),
    ("lm", "ルーメン", "k"),
    ("lx", "ルクス", "k"),
    ("mol", "モル", "m"),
    ("S", "シーメンス", "μm"),
    ("t", "トン", "kM"),
    ("iB", "ビバイト", "KMGT"),
)
_OWN_NAMES = {
    "KB": "キロバイト", "Kbps": "キロビーピーエス", "μm": "マイクロメートル", "cc": "シーシー",
    # Apart, as the dictionary has キロ alone as a counter: 10kV is ジュッキロ.
    "kV": "キロ ボルト", "kΩ": "キロ オーム", "kPa": "キロ パスカル", "kVA": "キロ ボルトアンペア",
    "kJ": "キロ ジュール",
    "KiB": "キビバイト", "MiB": "メビバイト", "GiB": "ギビバイト", "TiB": "テビバイト",
}  # fmt: skip
_PLAIN = {
    "min": "分", "mins": "分", "sec": "秒", "secs": "秒", "h": "時間", "hr": "時間", "hrs": "時間",
    "hours": "時間",
    "ha": "ヘクタール", "cd": "カンデラ", "dB": "デシベル", "dBA": "デシベル", "dBm": "ディービーエム",
    "dBi": "ディービーアイ",
    "ppm": "ピーピーエム", "ppb": "ピーピービー", "rpm": "アールピーエム", "fps": "エフピーエス",
    "bpm": "ビーピーエム", "dpi": "ディーピーアイ",
    "psi": "ピーエスアイ", "px": "ピクセル", "pt": "ポイント", "mph": "マイル毎時",
    "kph": "キロメートル毎時", "mmHg": "ミリメートル水銀柱", "ch": "チャンネル",
    "ft": "フィート", "inch": "インチ", "lb": "ポンド", "lbs": "ポンド", "oz": "オンス",
    "kt": "ノット", "atm": "気圧",
    "°C": "度", "°F": "度", "°": "度", "ºC": "度", "pcs": "個", "kgf": "キログラム重",
    "var": "バール", "VAC": "ボルトエーシー", "VDC": "ボルトディーシー",
}  # fmt: skip
_AREAS = {"mm": "ミリメートル", "cm": "センチメートル", "m": "メートル", "km": "キロメートル"}
# In kana: Open JTalk takes キロメートル毎時 for one word, before which 10 is not read ジュッ.
_PER_TIME = {"h": "まいじ", "hr": "まいじ", "s": "まいびょう", "sec": "まいびょう", "min": "まいふん"}
_PER_COUNT = {"月": "月", "か月": "1か月", "週": "週", "年": "年間"}
# Symbols that are as likely no unit (4K, 5G, 3D, A4…) or that collide when the case is ignored.
_CASE_MATTERS = frozenset(
    {"m", "g", "s", "t", "h", "b", "B", "N", "F", "S", "J", "A", "P", "pt", "kt", "cd", "var", "Pm"}
)
_NOT_UNITS = frozenset({"S", "F", "b", "PB", "mb", "MS", "km2"})


def _squares_and_cubes() -> dict[str, str]:
    """Return the units of area and volume; 平方 and 立方 precede the prefix: cm² is 平方センチメートル."""
    table = {}
    for symbol, name in _AREAS.items():
        for mark in ("^2", "2"):
            table[symbol + mark] = f"平方{name}"
        for mark in ("^3", "3"):
            table[symbol + mark] = f"立方{name}"
    return table


def _build_units() -> dict[str, str]:
    units = dict(_PLAIN)
    for symbol, name, prefixes in _PREFIXED:
        units.setdefault(symbol, name)
        for prefix in prefixes:
            units.setdefault(prefix + symbol, _PREFIXES.get(prefix, "キロ") + name)
    units.update(_OWN_NAMES)
    units.update(_squares_and_cubes())
    units.update({f"平方{name}": f"平方{name}" for name in _AREAS.values()})
    units.update({f"立方{name}": f"立方{name}" for name in _AREAS.values()})
    return {symbol: name for symbol, name in units.items() if symbol not in _NOT_UNITS}


UNITS = _build_units()
"""Symbol → name in katakana or kanji."""

_FOLDED = {symbol.lower(): name for symbol, name in sorted(UNITS.items(), reverse=True) if symbol not in _CASE_MATTERS}


def _alternatives() -> str:
    forgiven = (symbol for symbol in UNITS if symbol not in _CASE_MATTERS and len(symbol) > 1)
    variants = {v for symbol in forgiven for v in (symbol.lower(), symbol.upper(), symbol.capitalize())}
    spellings = set(UNITS) | (variants - _NOT_UNITS)
    return "|".join(re.escape(spelling) for spelling in sorted(spellings, key=len, reverse=True))


_UNIT = _alternatives()
_NUMBER = r"(?:(?<![A-Za-z0-9.,_])|(?<=AC)|(?<=DC))(?P<number>(?:[0-9]+(?:\.[0-9]+)?|[数何半])[万億兆千百十]*)"
# 2L判 and 3Lサイズ are sizes.
_END = r"(?![A-Za-z0-9^]|サイズ|判)"


def unit_name(symbol: str) -> str:
    """Return the name of a unit; wrong case (KWH, Ghz) is accepted where it is unambiguous."""
    return UNITS.get(symbol) or _FOLDED[symbol.lower()]


def _quantity(match: re.Match[str]) -> str:
    symbol, per = match["unit"], match["per"]
    number = f"華氏{match['number']}" if symbol.upper() == "°F" else match["number"]
    name = unit_name(symbol)
    if per is None:
        return number + name
    if per in _PER_TIME:
        return f"{number}{name}{_PER_TIME[per]}"
    return f"{number}{name}パー{unit_name(per)}"


def _duration(match: re.Match[str]) -> str:
    seconds = f"{match['seconds']}秒" if match["seconds"] else ""
    return f"{match['hours']}時間{match['minutes']}分{seconds}"


def _minutes_seconds(match: re.Match[str]) -> str:
    return f"{match['minutes']}分{match['seconds']}秒"


RULES: tuple[TextRule, ...] = (
    rule(
        "duration",
        r"(?<![A-Za-z0-9.])(?P<hours>[0-9]+)\s?h(?:ours?|rs?)?\s?(?P<minutes>[0-9]+)\s?m(?:in)?s?(?:\s?(?P<seconds>[0-9]+)\s?s(?:ec)?)?(?![A-Za-z0-9])",
        _duration,
        "1h30m → 1時間30分",
        "2h 5min → 2時間5分",
        "1h30 → 1h30",
    ),
    rule(
        "duration, short",
        r"(?<![A-Za-z0-9.])(?P<minutes>[0-9]+)\s?m(?:in)?\s?(?P<seconds>[0-9]+)\s?s(?:ec)?(?![A-Za-z0-9])",
        _minutes_seconds,
        "5m30s → 5分30秒",
        "5m → 5メートル",
    ),
    rule(
        "floor",
        r"(?<![A-Za-z0-9.])(?:(?P<below>B)(?P<depth>[0-9]{1,2})F|(?P<floor>[0-9]{1,3})F)(?![A-Za-z0-9.])",
        lambda m: f"地下{m['depth']}階" if m["below"] else f"{m['floor']}階",
        "5Fです → 5階です",
        "B1Fの売場 → 地下1階の売場",
        "B5サイズ → B5サイズ",
        "F5 → F5",
    ),
    rule("round the clock", r"(?<![A-Za-z0-9.])24H(?![A-Za-z0-9])", "24時間", "24H営業 → 24時間営業"),
    rule(
        "blood pressure, named",
        r"(?P<cue>血圧[^0-9。]{0,6})(?P<upper>[0-9]{2,3})/(?P<lower>[0-9]{2,3})(?:\s?mmHg)?",
        r"\g<cue>\g<upper>の\g<lower>",
        "血圧は118/76です → 血圧は118の76です",
    ),
    rule(
        "blood pressure",
        r"(?<![0-9./])(?P<upper>[0-9]{2,3})/(?P<lower>[0-9]{2,3})\s?mmHg",
        r"\g<upper>の\g<lower>",
        "120/80mmHg → 120の80",
    ),
    rule(
        "colour temperature",
        r"(?<![A-Za-z0-9.])(?P<number>[1-9][0-9]{3,4})\s?K(?![A-Za-z0-9])",
        r"\g<number>ケルビン",
        "2700K → 2700ケルビン",
        "4K → 4K",
    ),
    rule(
        "one unit for two numbers",
        rf"(?<![0-9./])(?P<one>[0-9]{{2,}}|[0-9]+\.[0-9]+)/(?=[0-9]+(?:\.[0-9]+)?\s?(?:{_UNIT}){_END})",
        r"\g<one>、",
        "50/60Hz → 50、60ヘルツ",
        "2.4/5GHz → 2.4、5ギガヘルツ",
        "1/2L → 2分の1リットル",
    ),
    rule(
        "two units in a row",
        rf"{_NUMBER}(?P<unit>km|m|kg|L|l)(?=[0-9]+(?:cm|mm|m|g|mL|ml){_END})",
        lambda m: m["number"] + unit_name(m["unit"]),
        "1m80cm → 1メートル80センチメートル",
        "2kg500g → 2キログラム500グラム",
        "1m8 → 1m8",
    ),
    rule(
        "unit",
        rf"{_NUMBER}\s?(?P<unit>{_UNIT})(?:/(?P<per>{_UNIT}|sec|hr){_END}|{_END})",
        _quantity,
        "5V → 5ボルト",
        "TV → TV",
        "2L → 2リットル",
        "5 kg → 5キログラム",
        "2.4GHz → 2.4ギガヘルツ",
        "10km/h → 10キロメートルまいじ",
        "35μg/m³ → 35マイクログラムパー立方メートル",
        "1.2KWH → 1.2キロワットアワー",
        "30㎡ → 30平方メートル",
        "5m² → 5平方メートル",
        "5G → 5G",
        "iPhone15 m → iPhone15 m",
        "23.5℃ → 23.5度",
        "77℉ → 華氏77度",
        "何kg → 何キログラム",
        "10km/L → 10キロメートルパーリットル",
        "500ml → 500ミリリットル",
        "100Mbps → 100メガビーピーエス",
        "8GB → 8ギガバイト",
        "15 mins → 15分",
    ),
    rule(
        "so much per",
        r"(?<![0-9.])(?P<much>[0-9]+(?:\.[0-9]+)?[万億千百]*(?:円|回|ドル|[ァ-ヺー]+|ml|mg))/(?P<per>日|週間?|か?月|年|人|時間|分|秒|個|本|回|台|枚|泊|件|杯|袋|缶)",
        lambda m: _PER_COUNT.get(m["per"], f"1{m['per']}") + m["much"],
        "3回/日 → 1日3回",
        "980円/月 → 月980円",
        "5GB/月 → 月5ギガバイト",
        "500円/個 → 1個500円",
    ),
    rule(
        "unit, with a price",
        rf"(?<=円)/(?P<unit>{_UNIT}){_END}",
        lambda m: f"パー{unit_name(m['unit'])}",
        "31円/kWh → 31円パーキロワットアワー",
    ),
    rule(
        "inches",
        r"(?<=[0-9])(?:\"|′′)(?=\s?(?:テレビ|TV|モニター?|液晶|有機|ディスプレイ|型|タイヤ|ホイール|自転車))",
        "インチ",
        '55"テレビ → 55インチテレビ',
        '"5"です → "5"です',
    ),
    rule(
        "minutes and seconds by primes",
        r"(?<![0-9.])(?P<minutes>[0-9]{1,2})['′’](?P<seconds>[0-5][0-9])(?:[\"”]|′′)",
        r"\g<minutes>分\g<seconds>秒",
        "5′30″ → 5分30秒",
    ),
    rule("degree alone", r"°\s?[CF]?(?![A-Za-z])", "度", "単位は℃です → 単位は度です"),
    rule(
        "degrees and minutes of arc",
        r"(?<=[0-9]度)(?P<minutes>[0-9]{1,2})[′']",
        r"\g<minutes>分",
        "35°41′ → 35度41分",
    ),
    rule(
        "percent of what is written after it",  # apart: the dictionary would take both for one word, and read 60 alone
        r"\s?%\s?(?=[A-Za-zァ-ヺ])",
        "パーセント ",
        "60%RH → 60パーセント RH",
        "50%OFF → 50パーセント OFF",
    ),
    rule(
        "percent",
        r"\s?%",
        "パーセント",
        "48% → 48パーセント",
        "何％ → 何パーセント",
    ),
    rule("per mille", r"\s?‰", "パーミル", "5‰ → 5パーミル"),
    rule(
        "magnitude",
        r"(?<![A-Za-z0-9])M\s?(?=[0-9]\.[0-9](?![0-9]))",
        "マグニチュード",
        "M7.3 → マグニチュード7.3",
        "M2 → M2",
    ),
)
