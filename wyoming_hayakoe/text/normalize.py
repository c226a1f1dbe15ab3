"""Raw text → text that Open JTalk reads right: symbols, units and dates become words, digits stay digits.

Open JTalk (pyopenjtalk-plus) reads digits and their counters far better than anything written out for it
(5分 ゴフン, but 五分 ゴブ), so only what it cannot say is rewritten.
The tables are in `rules/`; this module is their order.
"""

from __future__ import annotations

import re

from wyoming_hayakoe.text.characters import drop_unsayable, is_plain
from wyoming_hayakoe.text.rule import Change, TextRule, differences, run
from wyoming_hayakoe.text.rules import (
    addresses,
    codes,
    counters,
    dates,
    folding,
    forecasts,
    marks,
    money,
    signs,
    units,
)

TABLES: tuple[tuple[TextRule, ...], ...] = (
    signs.THOUSANDS,
    codes.LETTERS,
    addresses.RULES,
    dates.RULES,
    codes.NUMBERS,
    money.RULES,
    units.RULES,
    forecasts.RULES,
    signs.BETWEEN,
    counters.RULES,
    marks.RULES,
)
"""All rules, in the order in which they run."""

# No rule can apply to a text without digits, Latin letters or one of these: most of plain Japanese.
_WORTH_A_LOOK = re.compile(
    r"[\"-,./0-9:;<=>@A-Za-z\[-`{-~\-–—°〒○×÷→±≒≈≠≤≥≦≧¥€£₩₿¢‰〜※何（§¶†‡〓′″\^]|[月火水木金土日][・、/]?[火水木金土日祝]"
    r"|[晴れ曇り雨雪霧雷霙ぶぞくき風南北ルの\s、]後"
    r"|[!。][をの]|![がはにでもへ]|ラブライブ!"
)
_BLANKS = re.compile(r"\s{2,}")


def normalize(text: str) -> str:
    """Rewrite one sentence so that `pyopenjtalk.run_frontend` reads it correctly.

    Never raises, whatever the text holds; the same text always gives the same result.
    """
    return _normalize(text, None)


def fold(text: str) -> str:
    """NFKC that keeps ①, ½, m², … and Roman numerals meaningful; Latin letters lose their accents.

    >>> fold("ＡＢＣ㌔①②½…")
    'ABCキロ1、2、2分の1…'
    """
    return text if is_plain(text) else run(folding.RULES, text)


def explain(text: str) -> list[Change]:
    """Return what `normalize` changes in a text, in the order of the rules."""
    changes: list[Change] = []
    _normalize(text, changes)
    return changes


def _normalize(text: str, trace: list[Change] | None) -> str:
    text = _note(trace, text, fold(text), "compatibility characters")
    if _WORTH_A_LOOK.search(text) is not None:
        for table in TABLES:
            text = run(table, text, trace)
    text = _note(trace, text, drop_unsayable(text), "unsayable characters")
    return _BLANKS.sub(" ", text).strip()


def _note(trace: list[Change] | None, before: str, after: str, rule: str) -> str:
    if trace is not None:
        trace += differences(before, after, rule)
    return after
