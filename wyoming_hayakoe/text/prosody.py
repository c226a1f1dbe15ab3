"""The values of SSML's prosody, emphasis and break, as factors and seconds.

Source of the names and signs: SSML 1.1, section 3.2; what they amount to is left to a synthesizer.
"""

import re
from collections.abc import Mapping

_NUMBER = r"(?P<sign>[+-]?)(?P<number>[0-9]{1,5}(?:\.[0-9]{1,5})?|\.[0-9]{1,5})"
_VALUE = re.compile(rf"{_NUMBER}(?P<unit>%|st|db)?")
_TIME = re.compile(rf"{_NUMBER}(?P<unit>ms|s)")

REFUSED = 100
"""Characters of a name of a voice, at most."""

_NAMES: Mapping[str, Mapping[str, float]] = {
    "rate": {"x-slow": 0.6, "slow": 0.8, "fast": 1.25, "x-fast": 1.6},
    "pitch": {"x-low": 0.75, "low": 0.87, "high": 1.15, "x-high": 1.33},
    "range": {"x-low": 0.4, "low": 0.7, "high": 1.3, "x-high": 1.7},
    "volume": {"silent": 0.0, "x-soft": 0.25, "soft": 0.5, "loud": 1.4, "x-loud": 2.0},
}

EMPHASIS: Mapping[str, tuple[float, float, float]] = {
    "strong": (0.87, 1.35, 1.25),
    "moderate": (0.93, 1.2, 1.12),
    "reduced": (1.07, 0.8, 0.85),
    "none": (1.0, 1.0, 1.0),
}
"""By level: the factors on rate, intonation and volume."""

STRENGTHS: Mapping[str, float | None] = {
    "none": None,
    "x-weak": 0.1,
    "weak": 0.25,
    "medium": 0.5,
    "strong": 0.8,
    "x-strong": 1.2,
}
"""By strength of a break: its seconds."""


def seconds(value: str) -> float | None:
    """Return the seconds of ``500ms`` or ``1.5s``; None if it is no time.

    >>> seconds("500ms"), seconds("2s"), seconds("soon")
    (0.5, 2.0, None)
    """
    found = _TIME.fullmatch(value.strip().lower())
    if found is None or found["sign"] == "-":
        return None
    return float(found["number"]) / (1000 if found["unit"] == "ms" else 1)


def factor(kind: str, value: str) -> float:
    """Return the factor that a value of ``rate``, ``pitch``, ``range`` or ``volume`` stands for; 1 if it is none.

    >>> factor("rate", "120%"), factor("rate", "-20%"), factor("pitch", "+12st"), factor("volume", "soft")
    (1.2, 0.8, 2.0, 0.5)
    """
    value = value.strip().lower()
    if (named := _NAMES[kind].get(value)) is not None:
        return named
    found = _VALUE.fullmatch(value)
    return 1.0 if found is None else _measured(kind, found)


def _measured(kind: str, value: re.Match[str]) -> float:
    number, sign, unit = float(value["number"]), value["sign"], value["unit"]
    change = -number if sign == "-" else number
    if unit == "%":
        return max(0.0, 1 + change / 100 if sign else number / 100)
    if unit == "st" and kind in {"pitch", "range"}:
        return float(2 ** (min(max(change, -24.0), 24.0) / 12))
    if unit == "db" and kind == "volume":
        return float(10 ** (min(max(change, -60.0), 12.0) / 20))
    if unit is None and not sign:
        return {"rate": number, "volume": min(number, 100.0) / 100}.get(kind, 1.0)  # as in SSML 1.0
    return 1.0
