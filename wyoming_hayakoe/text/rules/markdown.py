"""Takes markdown out of a sentence."""

import re
from collections.abc import Callable

_Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def _rule(pattern: str, replacement: str | Callable[[re.Match[str]], str]) -> _Rule:
    return re.compile(pattern), replacement


def _cells(match: re.Match[str]) -> str:
    return "、".join(cell.strip() for cell in match[1].split("|") if cell.strip())


# In this order; each is bounded by the sentence, so an unpaired mark from a cut sentence falls to the last rules.
_MARKDOWN: tuple[_Rule, ...] = (
    _rule(r"^\s*(?:```|~~~).*$", ""),  # ```python (a fence)
    _rule(r"^[\s|:=*_-]*$", ""),  # ---, |---|:--| (rules and table lines)
    _rule(r"^\s*\|(.*)\|\s*$", _cells),  # | 部屋 | 温度 | → 部屋、温度
    _rule(r"!?\[([^\[\]]*)\]\([^()]*(?:\([^()]*\)[^()]*)*\)", r"\1"),  # [取説](https://…) → 取説
    _rule(r"!?\[([^\[\]]*)\]\[[^\[\]]*\]", r"\1"),  # [取説][1] → 取説
    _rule(r"\[(?:\d{1,2}|\^\w{1,20})\]", ""),  # 晴れです[1]。 (a footnote)
    _rule(r"</?[A-Za-z][^<>]*>", " "),  # <br>
    _rule(r"^(?:\s*>)+\s?", ""),  # > 引用
    _rule(r"^\s*#{1,6}\s+", ""),  # ## 見出し
    _rule(r"^\s*[-*+•‣◦▪・]\s+(?:\[[ xX]\]\s+)?", ""),  # - 項目, - [x] 済
    _rule(r"\*{2,}|_{2,}|~{2,}|`+", ""),  # **強調**, __強調__, ~~取消~~, `コード`
    _rule(r"(?<![\d\s*])\*|\*(?![\d\s*])", ""),  # *強調*, but 3 * 4 and 3*4 stay
    _rule(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", ""),  # _強調_, but snake_case stays
    _rule(r"\\([!-/:-@\[-`{-~])", r"\1"),  # 1\. → 1.
)


def plain(sentence: str) -> str:
    """Return ``sentence`` without markdown, as it would be read aloud."""
    for pattern, replacement in _MARKDOWN:
        sentence = pattern.sub(replacement, sentence)
    return sentence
