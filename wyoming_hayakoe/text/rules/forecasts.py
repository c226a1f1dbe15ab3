"""Rules for the short phrases of a forecast, in which 後 is のち: 晴れ後曇り, 北の風後南の風, 1.5m後2m."""

from __future__ import annotations

from wyoming_hayakoe.text.rule import TextRule, rule

_SKY = (
    "晴れ?(?![れまてるた])|曇り?|くもり|雨|雪|みぞれ|霙|霧|雷雨|雷|快晴|薄曇り?|うす曇り?|大雨|大雪|雷を伴う"
    "|ふぶき|吹雪"
)
_WIND = "[東西南北]{1,3}の?(?:風|寄り)"
_THEN = rf"時々|一時|所によ|ところによ|次第に|やや|強く|弱く|{_SKY}|{_WIND}"

RULES: tuple[TextRule, ...] = (
    rule(
        "then, of the sky and the wind",
        r"(?P<one>晴れ?|曇り?|くもり|[雨雪霧雷霙風]|みぞれ|ふぶき|強く|弱く|南|北)(?:\s?、?の?後\s?、?"
        rf"|\s?のち\s)(?={_THEN})",
        r"\g<one>のち",
        "晴れ後曇り → 晴れのち曇り",
        "雨の後時々雪 → 雨のち時々雪",
        "北の風 後 南の風 → 北の風のち南の風",
        "雨の後に → 雨の後に",
        "雨の後、晴れました → 雨の後、晴れました",
        "3時間後雨 → 3時間後雨",
    ),
    rule(
        "then, of the waves",
        r"(?<=メートル)\s?後\s?(?=[0-9])",
        "のち",
        "波は1.5m後2.5m → 波は1.5メートルのち2.5メートル",
        "5m後ろ → 5メートル後ろ",
    ),
)
