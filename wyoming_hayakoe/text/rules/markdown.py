"""Rules that remove markdown from a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wyoming_hayakoe.text.rule import TextRule, rule

if TYPE_CHECKING:
    import re


def _cells(match: re.Match[str]) -> str:
    return "、".join(cell.strip() for cell in match[1].split("|") if cell.strip())


# In the order of their use. A rule sees one sentence: the last rules remove a mark whose pair is in another sentence.
RULES: tuple[TextRule, ...] = (
    rule("fence", r"^\s*(?:```|~~~).*$", "", "```yaml → ", "~~~ → "),
    rule("line of a table or between sections", r"^[\s|:=*_-]*$", "", "--- → ", "|---|:--:| → ", "-5度です → -5度です"),
    rule("row of a table", r"^\s*\|(.*)\|\s*$", _cells, "| 部屋 | 温度 | → 部屋、温度"),
    rule(
        "link or image",
        r"!?\[([^\[\]]*)\]\([^()]*(?:\([^()]*\)[^()]*)*\)",
        r"\1",
        "[取説](https://e.example/a?b=(1))を見て → 取説を見て",
        "![家の写真](a.png) → 家の写真",
        "[警告] 水漏れ → [警告] 水漏れ",
    ),
    rule("link by reference", r"!?\[(?!\d{1,3}[],、-])([^\[\]]*)\]\[[^\[\]]*\]", r"\1", "[取説][1]を見て → 取説を見て"),
    rule("beginning of a footnote", r"^\s*\[\^\w{1,20}\]:\s*", "", "[^1]: 出典は白書です → 出典は白書です"),
    rule(
        "footnote",
        r"\[(?:\d{1,3}(?:[,、-] ?\d{1,3}){0,9}|\^\w{1,20}|要出典|脚注|注釈? ?\d{0,3})\]"
        r"|【\d{1,3}(?::\d{1,3})?†[^【】]{0,60}】",
        "",
        "晴れです[1]。 → 晴れです。",
        "晴れ[^注]です → 晴れです",
        "晴れ[1][2,3]です[4-6] → 晴れです",
        "晴れ【4:0†source】です → 晴れです",
        "晴れ[要出典]です → 晴れです",
        "【重要】です → 【重要】です",
    ),
    rule(
        "mark of a footnote",
        r"[※＊†‡]\d{1,2}(?![\d.,:：%％℃°~〜-])(?=[\s、。，．)）」はがをにでともへのや]|$)"
        r"|(?<=[ぁ-ゖァ-ヺー一-鿿々」）)])(?:\*\d{1,2}(?!\d)(?=[\s、。，．)）はがをにでともへのや]|$)|[¹²³⁰⁴-⁹]{1,2})",
        "",
        "価格※1は税込です → 価格は税込です",
        "※2 税込です →  税込です",
        "価格*1は → 価格は",
        "価格²は → 価格は",
        "※3回まで → ※3回まで",
        "面積は5m²です → 面積は5m²です",
    ),
    rule("comment", r"<!--[^<>]{0,300}-->", "", "<!-- 注 -->はい → はい"),
    rule("HTML tag", r"</?[A-Za-z][^<>]*>", " ", "改行<br>です → 改行 です", "3<5 → 3<5"),
    rule("quotation", r"^(?:\s*>)+\s?", "", "> 引用 → 引用", "5 > 3 → 5 > 3"),
    rule("heading", r"^\s*#{1,6}\s+", "", "# 見出し → 見出し", "#1の部屋 → #1の部屋"),
    rule(
        "list item",
        r"^\s*[-*+•‣◦▪・]\s+(?:\[[ xX]\]\s+)?",
        "",
        "- 項目 → 項目",
        "* 項目 → 項目",
        "  • 項目 → 項目",
        "- [x] 済み → 済み",
        "1. りんご → 1. りんご",
    ),
    rule(
        "strong, struck out or code",
        r"\*{2,}|_{2,}|~{2,}|`+",
        "",
        "**重要**です。 → 重要です。",
        "**次の → 次の",  # the other half is in the next sentence
        "`light.turn_on`を呼ぶ → light.turn_onを呼ぶ",
    ),
    rule(
        "emphasis by stars",
        r"(?<![\d\s*])\*|\*(?![\d\s*])",
        "",
        "*強調*と_下線_と~~取消~~ → 強調と下線と取消",
        "3*4は12 → 3*4は12",
        "3 * 4 は 12 → 3 * 4 は 12",
    ),
    rule(
        "emphasis by underscores",
        r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])",
        "",
        "_強調_です → 強調です",
        "sensor_temp_1 → sensor_temp_1",
    ),
    rule("escaped mark", r"\\([!-/:-@\[-`{-~])", r"\1", "1\\. りんご → 1. りんご"),
)
