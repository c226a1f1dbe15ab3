"""Rules for the words of a forecast that the dictionary lacks or takes for others."""

from __future__ import annotations

from wyoming_hayakoe.text.rules.contexts import ContextRule, compound, context, suffix

RULES: tuple[ContextRule, ...] = (
    context(
        "寒気",
        "<寒気>(?:が(?:流|入|南|居|残|降|北|強|弱|抜|到|張|去|上|日本|押|接|下が|緩|停|覆|引|西|東|次|団)"
        "|の(?:影響|流|南|中心|吹|軸|張|勢|強|ピーク|おかげ|せい)"
        "|に(?:覆|おお|包|伴|よ)|を(?:伴|持|とも)|と(?:暖|の|湿)|流入|団|域|移流|や暖気|南下)"
        "|(?:上空|強い|北|大陸|シベリア|北極|真冬並み|級|冷たい|最強|今季|今シーズン|非常に強い|乾いた"
        "|一番)(?:の|に|から|からの)?<寒気>(?!が?(?:する|し[てたま])|を[感覚])",
        "カンキ",
        1,
        "寒気が流れ込む → カンキガナガレコム",
        "上空の寒気 → ジョークーノカンキ",
        "寒気の影響で大雪 → カンキノエーキョーデオーユキ",
        "寒気がします → サムケガシマス",
        "発熱と寒気 → ハツネツトサムケ",
    ),
    # 晴 and れ to the dictionary where another word stands before: ハレレ.
    compound("晴れのち", "ハレノチ", 2, "明日は晴れのち曇り → アシタワハレノチクモリ"),
    compound("寒気団", "カンキダン", 3),
    compound("梅雨前線", "バイウゼンセン", 4, "梅雨前線の影響 → バイウゼンセンノエーキョー"),
    compound("西風", "ニシカゼ", 0, "西風が強い → ニシカゼガツヨイ"),
    compound("東風", "ヒガシカゼ", 0, "東風が吹く → ヒガシカゼガフク"),
    compound("大荒れ", "オーアレ", 0, "大荒れの天気 → オーアレノテンキ"),
    suffix("梅雨", "(?:送り|戻り|返り|残り)<梅雨", "ズユ", 0, "戻り梅雨 → モドリズユ", "梅雨 → ツユ"),
    compound("南高北低", "ナンコーホクテー", 0),
    compound("海風", "ウミカゼ", 0),
)
"""Rules in the order of their use."""
