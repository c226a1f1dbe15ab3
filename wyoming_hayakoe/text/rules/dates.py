"""Rules for dates and times of day: 2026-11-20, 11/20, 3/15(土), 7:30, 19:05:30, 9:00-17:00, 3 pm."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

from wyoming_hayakoe.text.rule import TextRule, rule
from wyoming_hayakoe.text.rules import weekdays

if TYPE_CHECKING:
    import re

_YEAR = r"(?P<year>[12][0-9]{3})"
_MONTH = r"(?P<month>1[0-2]|0?[1-9])"
_DAY = r"(?P<day>3[01]|[12][0-9]|0?[1-9])"
_NO_DIGIT_BEFORE = r"(?<![0-9A-Za-z./:-])"
_NO_DIGIT_AFTER = r"(?![0-9]|[./:-][0-9])"
_CLOCK = r"(?P<hour>[01]?[0-9]|2[0-9]):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9]))?"
_HALF = r"(?P<half>[AaPp])\.?[Mm]\.?"
_MONTHS = {
    name: number + 1
    for number, name in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"))
}
_LAST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# Contexts that distinguish a day from a fraction (1/2, 3/4).
_DAY_BEFORE = (
    r"(?:今年|来年|昨年|去年|日付|期限|締切|締め切り|予定|開催日?|発売日?|誕生日|から|[〜~])"
    r"\s?[はがの、:]?\s?"
)
_DAY_AFTER = (
    r"\s?[(（][月火水木金土日]|\s?(?:まで|から|より|以降|以前|開催|発売|公開|開始|締切|締め切り|予定|付"
    r"|放送|配信|発|着|生まれ"
    r"|の(?:天気|予定|会議|午|朝|昼|夜|夕|天|試合|イベント|予約|誕生)|は(?:晴|雨|曇|くも|雪|休|祝|燃|可燃"
    r"|不燃|資源|ゴミ|ごみ|誕生)"
    r"|に(?:開|発|予|実|出|行|来|会|届|到|公|放|配|終|始|納|投)|[〜~-]\s?[0-9]{1,2}/|[0-9]{1,2}:|午[前後])"
)


def _ymd(year: str | int, month: str, day: str) -> str:
    return f"{year}年{int(month)}月{int(day)}日"


def _full_date(match: re.Match[str]) -> str:
    return _ymd(match["year"], match["month"], match["day"])


def _clock_words(hour: str, minute: str, second: str | None) -> str:
    """Return hours, minutes and seconds without zero parts: 7:00 is 7時, 0:05:30 a duration of 5分30秒."""
    hours, minutes = int(hour), int(minute)
    if second is None:
        return f"{hours}時" + (f"{minutes}分" if minutes else "")
    seconds = f"{int(second)}秒" if int(second) else ""
    if hours or not minutes:
        return f"{hours}時" + (f"{minutes}分" if minutes or seconds else "") + seconds
    return f"{minutes}分{seconds}"


def _span(match: re.Match[str]) -> str:
    parts = ((match["hours"], "時間"), (match["minutes"], "分"), (match["seconds"], "秒"))
    return match["cue"] + ("".join(f"{int(value)}{unit}" for value, unit in parts if int(value or 0)) or "0秒")


def _half(letter: str | None) -> str:
    return "" if letter is None else ("午前" if letter in "Aa" else "午後")


def _clock(match: re.Match[str]) -> str:
    half = match["before"] or match["after"]
    return _half(half) + _clock_words(match["hour"], match["minute"], match["second"])


def _is_day(match: re.Match[str]) -> bool:
    """Return whether the match is a calendar day and no common fraction."""
    month, day = int(match["month"]), int(match["day"])
    if day > _LAST_DAYS[month - 1]:
        return False
    return not (month < day <= 10 and gcd(month, day) == 1) or match["month"][0] == "0" or match["day"][0] == "0"


def _month_day_words(match: re.Match[str]) -> str:
    return f"{int(match['month'])}月{int(match['day'])}日"


def _month_day(match: re.Match[str]) -> str:
    return _month_day_words(match) if _is_day(match) else match[0]


def _sure_month_day(match: re.Match[str]) -> str:
    return f"{match['cue'] or ''}{_month_day_words(match)}"


RULES: tuple[TextRule, ...] = (
    rule(
        "date and time, ISO 8601",
        rf"{_NO_DIGIT_BEFORE}{_YEAR}-{_MONTH}-{_DAY}T(?P<hour>[01][0-9]|2[0-4]):(?P<minute>[0-5][0-9])"
        r"(?::(?P<second>[0-5][0-9])(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?(?![0-9])",
        lambda m: _full_date(m) + _clock_words(m["hour"], m["minute"], m["second"]),
        "2026-11-20T07:30:00+09:00 → 2026年11月20日7時30分",
    ),
    rule(
        "date",
        rf"{_NO_DIGIT_BEFORE}{_YEAR}(?P<sep>[-/.]){_MONTH}(?P=sep){_DAY}(?![0-9]|[./:][0-9])",
        _full_date,
        "2026-11-20 → 2026年11月20日",
        "2026/1/2 → 2026年1月2日",
        "2026.11.20 → 2026年11月20日",
        "2026.11.0 → 2026テン11テン0",
    ),
    rule(
        "date, American",
        rf"{_NO_DIGIT_BEFORE}{_MONTH}/{_DAY}/{_YEAR}(?![0-9/])",
        _full_date,
        "11/20/2026 → 2026年11月20日",
    ),
    rule(
        "year and month",
        rf"{_NO_DIGIT_BEFORE}(?P<year>(?:19|20)[0-9]{{2}})(?:/{_MONTH}|-(?P<padded>0[1-9]|1[0-2])){_NO_DIGIT_AFTER}",
        lambda m: f"{m['year']}年{int(m['month'] or m['padded'])}月",
        "2026/11 → 2026年11月",
        "2026-03 → 2026年3月",
        "2020-2026年 → 2020から2026年",
    ),
    rule(
        "days from to",
        rf"{_NO_DIGIT_BEFORE}{_MONTH}/{_DAY}(?P<weekday>[(（][月火水木金土日][)）])?\s?[-〜~–—]\s?"
        rf"(?P<month2>1[0-2]|0?[1-9])/(?P<day2>3[01]|[12][0-9]|0?[1-9])(?![0-9/])",
        lambda m: f"{_month_day_words(m)}{m['weekday'] or ''}から{int(m['month2'])}月{int(m['day2'])}日",
        "6/1-6/7 → 6月1日から6月7日",
        "6/1(月)〜6/7(日) → 6月1日月曜日から6月7日日曜日",
    ),
    rule(
        "days of a month",
        rf"{_NO_DIGIT_BEFORE}{_MONTH}/{_DAY}[-〜~](?P<last>3[01]|[12][0-9]|[1-9])(?![0-9/:.])",
        lambda m: f"{int(m['month'])}月{int(m['day'])}日から{m['last']}日",
        "12/24-25 → 12月24日から25日",
    ),
    rule(
        "month and day, by what follows",
        rf"(?P<cue>){_NO_DIGIT_BEFORE}{_MONTH}/{_DAY}(?={_DAY_AFTER})",
        _sure_month_day,
        "3/15(土) → 3月15日土曜日",
        "1/2の天気 → 1月2日の天気",
        "1/2の量 → 2分の1の量",
        "3/1〜3/5 → 3月1日から3月5日",
    ),
    rule(
        "month and day, by what precedes",
        rf"(?P<cue>{_DAY_BEFORE}){_MONTH}/{_DAY}{_NO_DIGIT_AFTER}(?!\s?(?:以|カップ|個))",
        _sure_month_day,
        "締切は1/5です → 締切は1月5日です",
    ),
    rule(
        "month and day",
        rf"{_NO_DIGIT_BEFORE}{_MONTH}/{_DAY}{_NO_DIGIT_AFTER}(?!mm|[A-Za-z%])",
        _month_day,
        "11/20 → 11月20日",
        "1/2 → 2分の1",
        "3/4 → 4分の3",
        "01/02 → 1月2日",
        "24/7 → 24スラッシュ7",
        "2/30 → 30分の2",
    ),
    rule(
        "month by name",
        rf"(?<![A-Za-z])(?P<month>{'|'.join(_MONTHS)})\.? (?P<day>[12]?[0-9]|3[01])(?:st|nd|rd|th)?"
        r"(?:[,、] ?(?P<year>[12][0-9]{3}))?(?![0-9:A-Za-z])",
        lambda m: (f"{m['year']}年" if m["year"] else "") + f"{_MONTHS[m['month']]}月{m['day']}日",
        "Nov 20, 2026 → 2026年11月20日",
    ),
    *weekdays.RULES,
    rule(
        "first of the month",
        r"(?<![0-9月])1日(?=[月火水木金土日]曜)",
        "ついたち",
        "1日(月)です → ついたち月曜日です",
        "11月1日(日) → 11月1日日曜日",
    ),
    rule(
        "from the first of the month",
        r"(?<![0-9月])1日(?=\s?(?:から|[-〜~])\s?[0-9]{1,2}日(?!間|[でほくぐ程か後以分前]))",
        "ついたち",
        "1日から3日まで → ついたちから3日まで",
        "1日〜5日 → ついたちから5日",
        "1日〜2日で届く → 1日から2日で届く",
    ),
    rule(
        "span of time",
        r"(?P<cue>(?:残り|あと|経過|所要|再生|録画"
        r"|タイマー)[^0-9。、]{0,6})(?P<hours>[0-9]{1,2}):(?P<minutes>[0-5][0-9]):(?P<seconds>[0-5][0-9])(?![0-9:])",
        _span,
        "残り時間は1:05:30です → 残り時間は1時間5分30秒です",
        "残り0:05:00 → 残り5分",
    ),
    rule(
        "span of minutes",
        r"(?P<cue>(?:残り"
        r"|タイマー)[^0-9。、]{0,6})(?P<hours>)(?P<minutes>[0-9]{1,2}):(?P<seconds>[0-5][0-9])(?![0-9:])",
        _span,
        "残り時間は1:23です → 残り時間は1分23秒です",
    ),
    rule(
        "race time",
        r"(?<![0-9:.])(?P<minute>[0-9]{1,2}):(?P<second>[0-5][0-9])\.(?P<part>[0-9]{1,3})(?![0-9:.])",
        lambda m: f"{int(m['minute'])}分{int(m['second'])}.{m['part']}秒",
        "1:23.45 → 1分23.45秒",
    ),
    rule(
        "times from to",
        r"(?<=[0-9]:[0-5][0-9])\s?[-〜~–—ー]\s?(?=(?:[AaPp]\.?[Mm]\.?\s?|翌日?|午[前後])?[0-9]{1,2}:[0-5][0-9])",
        "から",
        "AM10:00-PM5:00 → 午前10時から午後5時",
        "9:00-17:00 → 9時から17時",
        "10:30〜12:00 → 10時30分から12時",
    ),
    rule(
        "time",
        rf"(?<![0-9:.])(?:(?<![A-Za-z])(?P<before>[AaPp])\.?[Mm]\.?\s?)?{_CLOCK}(?:\s?(?P<after>[AaPp])\.?[Mm](?:\.(?=[^A-Za-z0-9]"
        r"|$))?(?![A-Za-z0-9]))?(?![0-9]|:[0-9])",
        _clock,
        "7:30 → 7時30分",
        "19:05:30 → 19時5分30秒",
        "7:00 PM → 午後7時",
        "AM 6:45 → 午前6時45分",
        "3:2 → 3 対 2",
        "0:05:30 → 5分30秒",
    ),
    rule(
        "hour, English",
        rf"(?<![0-9A-Za-z.:])(?P<hour>1[0-2]|[1-9])\s?{_HALF}(?![A-Za-z0-9.])",
        lambda m: f"{_half(m['half'])}{m['hour']}時",
        "3 am → 午前3時",
        "10PMに → 午後10時に",
        "I am → I am",
        "13pm → 13pm",
    ),
    rule(
        "half of the day",
        rf"(?<![A-Za-z]){_HALF}\s?(?=[0-9]{{1,2}}(?:[-〜~][0-9]{{1,2}})?時)",
        lambda m: _half(m["half"]),
        "PM3時 → 午後3時",
        "PM1-3時 → 午後1時から3時",
        "PM2.5 → PM2.5",
    ),
    rule(
        "leading zero",
        r"(?<![0-9.])0+(?=(?:[1-9][0-9]*+|0)(?:[年月日時分秒銭](?!間?[0-9]{0}の[0-9])|か月|ヶ月|カ月|時間))",
        "",
        "19時05分 → 19時5分",
        "38,923円03銭 → 38923円3銭",
        "10時00分 → 10時0分",
        "0時 → 0時",
        "0.05秒 → 0.05秒",
    ),
)
