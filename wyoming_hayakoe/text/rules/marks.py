"""Rules for marks alone or between words: №, #, &, @, →, (株), and silent marks."""

from __future__ import annotations

import re

from wyoming_hayakoe.text.rule import TextRule, rule
from wyoming_hayakoe.text.stops import NAMES

_SILENT = "[○×※〓§¶†‡^~〜`<>≤≥≦≧*#﹏＿′″]+"
_ABBREVIATIONS = {
    "Lv": "レベル", "LV": "レベル", "lv": "レベル", "Ep": "エピソード", "EP": "エピソード", "ep": "エピソード",
    "Fig": "図", "fig": "図", "FIG": "図", "Ch": "チャンネル", "Rev": "リビジョン", "Chap": "チャプター",
    "Sec": "セクション", "Eq": "式", "Tab": "表",
}  # fmt: skip
_JAPANESE = r"ぁ-ゖァ-ヺー一-鿿々"

_WORD = "[一-鿿ァ-ヺA-Za-z0-9「『]"

RULES: tuple[TextRule, ...] = (
    rule(
        "mark in a name",
        rf"(?i)(?<![A-Za-z])(?:{'|'.join(re.escape(name) for name in sorted(NAMES, key=len, reverse=True))})",
        lambda m: re.sub("[!。]", "", m[0]),
        "Yahoo!ニュース → Yahooニュース",
        "Hey! Say! JUMPの曲 → Hey Say JUMPの曲",
        "ラブライブ！サンシャイン → ラブライブサンシャイン",
        "OK!次は → OK!次は",
    ),
    rule(
        "mark at the end of a name",
        rf"(?<=[{_JAPANESE}A-Za-z0-9])!{{1,2}}(?=を|[のがはにでもへ]{_WORD})|(?<=[{_JAPANESE}])。(?=を)|(?<=[一-鿿ァ-ヺー])。(?=の{_WORD})",
        "",
        "ハイキュー!!を見る → ハイキューを見る",
        "けいおん！の曲 → けいおんの曲",
        "モーニング娘。のライブ → モーニング娘のライブ",
        "やった！と叫ぶ → やった!と叫ぶ",
        "すごい！のんびり → すごい!のんびり",
    ),
    rule("Pink", r"(?<![A-Za-z])P!nk(?![A-Za-z])", "ピンク", "P!nkの曲 → ピンクの曲"),
    rule("company", r"[(（]株[)）]", "株式会社", "(株)ハヤコエ → 株式会社ハヤコエ"),
    rule("limited company", r"[(（]有[)）]", "有限会社", "(有)ハヤコエ → 有限会社ハヤコエ", "(無) → (無)"),
    rule(
        "number one",
        r"(?:(?<![A-Za-z])[Nn][Oo]\.?\s?|[№#]\s?|ナンバー\s?)1(?![0-9.,/:-]|号|番)",
        "ナンバーワン",
        "No.1の曲 → ナンバーワンの曲",
        "人気№1 → 人気ナンバーワン",
        "No.10 → ナンバー10",
    ),
    rule(
        "abbreviation before a number",
        rf"(?<![A-Za-z])(?P<abbreviation>{'|'.join(_ABBREVIATIONS)})\.?\s?(?=[0-9])",
        lambda m: _ABBREVIATIONS[m["abbreviation"]],
        "Lv.99 → レベル99",
        "Fig.3 → 図3",
        "Ch.5 → チャンネル5",
        "AC100 → AC100",
    ),
    rule(
        "number sign",
        r"(?<![A-Za-z])[Nn][Oo]\.?\s?(?=[0-9])|#(?=[0-9])|№",
        "ナンバー",
        "№5 → ナンバー5",
        "#12 → ナンバー12",
        "No.5 → ナンバー5",
    ),
    rule(
        "ordinal",
        r"(?<![A-Za-z0-9.])(?P<number>[0-9]{2,})(?:st|nd|rd|th)(?![A-Za-z0-9])",
        r"第\g<number>",
        "20th → 第20",
        "2nd → 2nd",
    ),
    rule("sharp", r"(?<=[A-G])#", "シャープ", "C# → Cシャープ"),
    rule("hashtag", rf"#(?=[A-Za-z{_JAPANESE}])", "ハッシュタグ", "#ニュース → ハッシュタグニュース"),
    rule(
        "arrow between numbers",
        r"(?P<old>(?<![0-9.])[0-9]+(?:\.[0-9]+)?(?:[度円階時分日]|[ァ-ヺー]{1,12})?)\s?(?:→|->)\s?(?=[0-9マプ])",
        r"\g<old>から",
        "25→28度 → 25から28度",
        "1F→3F → 1階から3階",
        "リビング→25度 → リビング、25度",
    ),
    rule("shortened year", r"'(?=[0-9]{2}年)", "", "'25年度 → 25年度"),
    rule("arrow", r"\s?(?:→|(?<![-=])[-=]++>)\s?", "、", "A→B → A、B"),
    rule("and", r"\s?&\s?", "アンド", "A&B → AアンドB"),
    rule("at", r"@", "アット", "@home → アットhome"),
    rule("plus between words", r"\s?\+\s?", "プラス", "A+B → AプラスB", "Disney+ → Disneyプラス"),
    rule("equals", r"\s?={1,3}\s?", "イコール", "1ドル=150円 → 1ドルイコール150円"),
    rule(
        "nearly or not equal",
        r"\s?([≒≈≠])\s?",
        lambda m: "ノットイコール" if m[1] == "≠" else "ニアリーイコール",
        "π≒3.14 → πニアリーイコール3.14",
    ),
    rule("at most", r"(?<=[0-9A-Za-z])\s?[≤≦]\s?(?=[0-9A-Za-z])", "小なりイコール", "3≦5 → 3小なりイコール5"),
    rule("at least", r"(?<=[0-9A-Za-z])\s?[≥≧]\s?(?=[0-9A-Za-z])", "大なりイコール", "5≧3 → 5大なりイコール3"),
    rule("less than", r"(?<=[0-9])\s?<\s?(?=[0-9])", "小なり", "3<5 → 3小なり5"),
    rule("greater than", r"(?<=[0-9])\s?>\s?(?=[0-9])", "大なり", "5>3 → 5大なり3"),
    rule("circles for a name", r"○{2,}", "まるまる", "○○さん → まるまるさん"),
    rule("circle for a number", r"○(?=[年月日時分円])", "まる", "○月○日 → まる月まる日"),
    rule("maru and batsu", r"○×", "まるばつ", "○×クイズ → まるばつクイズ"),
    rule("cross", r"×(?=[一-鿿ァ-ヺぁ-ゖA-Za-z])", "、", "猫×犬 → 猫、犬"),
    rule(
        "colon",
        rf"(?<=[{_JAPANESE}A-Za-z0-9)」』]):\s++(?=\S)|(?<=[{_JAPANESE}]):(?=[{_JAPANESE}A-Za-z0-9])|(?<=[A-Za-z]):(?=[0-9])",
        "、",
        "照明: オン → 照明、オン",
        "室温：25℃ → 室温、25度",
        "注意：火傷 → 注意、火傷",
    ),
    rule("strokes and bars", r"\s?[/|\\]+\s?", "、", "入/切 → 入、切"),
    rule("silent marks between words", rf"(?<=[A-Za-z0-9]){_SILENT}(?=[A-Za-z0-9])", " ", "x>y → x y"),
    rule(
        "laughter", rf"(?<=[{_JAPANESE}。！？!?…])w+(?![A-Za-z0-9])", "", "すごいwww → すごい", "東京tower → 東京tower"
    ),
    # Open JTalk drops blanks, and would read two numbers as one.
    rule("numbers side by side", r"(?<=[0-9])\s+(?=[0-9])", "、", "300 600 → 300、600", "5 個 → 5 個"),
    rule("silent marks", _SILENT, "", "★今日※ → 今日"),
)
