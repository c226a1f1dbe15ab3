"""Rules for days of the week beside dates and in lists: 20日(金), (日・祝), 毎週月・水・金."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wyoming_hayakoe.text.rule import TextRule, rule

if TYPE_CHECKING:
    import re

_WEEKDAYS = {"mon": "月", "tue": "火", "wed": "水", "thu": "木", "fri": "金", "sat": "土", "sun": "日"}
_WEEK = "月火水木金土日"
_WEEK_NAMES = dict(zip(_WEEK, ("ゲツ", "カ", "スイ", "モク", "キン", "ド", "ニチ"), strict=True))


def _week(match: re.Match[str]) -> str:
    """Return the names of days of the week that are in order; the day before 曜 stays as written."""
    days = [day for day in match["days"] if day in _WEEK]
    is_list = match["cue"] or match["end"] or len(days) > 2 or "・" in match["days"]
    if match["days"] == "土日" or not is_list or days != sorted(set(days), key=_WEEK.index):
        return match[0]
    last = len(match["days"]) - 1 if match["end"] else len(match["days"])
    names = "".join(_WEEK_NAMES.get(char, char) for char in match["days"][:last])
    return f"{match['cue'] or ''}{names}{match['days'][last:]}{match['end'] or ''}"


RULES: tuple[TextRule, ...] = (
    rule(
        "weekday and holidays",
        rf"(?<![一-鿿々0-9])(?<!日[(（])(?<![{_WEEK}][・、/])(?P<day>[{_WEEK}])(?P<mark>[・、/])祝(?=日|[^一-鿿]|$)",
        lambda m: f"{_WEEK_NAMES[m['day']]}{m['mark']}祝",
        "(日・祝) → (ニチ・祝)",
        "3日(火・祝) → 3日火曜日、祝日",
        "土・日・祝 → ド・ニチ・祝",
    ),
    rule(
        "closing days",
        rf"(?P<cue>[^0-9][休業館診園]日)\s?[(（](?P<day>[{_WEEK}])(?P<mark>[・、/])祝(?P<end>日?)[)）]",
        lambda m: f"{m['cue']}({_WEEK_NAMES[m['day']]}{m['mark']}祝{m['end']})",
        "定休日(月・祝) → 定休日(ゲツ・祝)",
    ),
    rule(
        "weekday of each week",
        rf"(?P<week>[毎隔今来先]週)\s?[(（](?P<day>[{_WEEK}])[)）]",
        r"\g<week>\g<day>曜日",
        "毎週(火)は休み → 毎週火曜日は休み",
        "毎週(木)と(金) → 毎週木曜日と(金)",
    ),
    rule(
        "holiday",
        r"(?<=[0-9]日)\s?[(（]祝日?[)）]",
        "、祝日",
        "10月5日(祝)です → 10月5日、祝日です",
        "3日(火・祝) → 3日火曜日、祝日",
    ),
    rule(
        "weekday",
        r"(?<=日)\s?[(（](?P<day>[月火水木金土日])(?:曜日?)?(?:・?(?P<holiday>祝日?|振休|休))?[)）]",
        lambda m: f"{m['day']}曜日" + ("、祝日" if m["holiday"] and "祝" in m["holiday"] else ""),
        "11月20日(金) → 11月20日金曜日",
        "3日(火・祝) → 3日火曜日、祝日",
        "会議(木) → 会議(木)",
    ),
    rule(
        "weekday, English",
        rf"(?i)(?<=日)\s?\((?P<day>{'|'.join(_WEEKDAYS)})\.?\)",
        lambda m: f"{_WEEKDAYS[m['day'].lower()]}曜日",
        "11/20(Fri) → 11月20日金曜日",
    ),
    rule(
        # Eight days are enough to be no list of different ones; without a bound, each of thousands would be a start.
        "days of the week in a row",
        r"(?:(?P<cue>毎週)"
        rf"|(?<![一-鿿々ヶか0-9]))(?P<days>[{_WEEK}](?:[・、]?[{_WEEK}]){{1,7}})(?P<end>曜日?)?(?![・、]?(?!祝)[一-鿿々])",
        _week,
        "毎週月・水・金 → 毎週ゲツ・スイ・キン",
        "毎週火木 → 毎週カモク",
        "月、水、金曜日 → ゲツ、スイ、金曜日",
        "土・日・祝 → ド・ニチ・祝",
        "火と水 → 火と水",
        "木金属 → 木金属",
        "5月、水曜日 → 5月、水曜日",
        "日・月 → 日・月",
    ),
)
