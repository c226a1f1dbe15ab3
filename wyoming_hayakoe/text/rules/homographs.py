"""Words that the dictionary reads one way only, read by what stands beside them.

pyopenjtalk-plus has hundreds of such rules; these are the ones that were still missed in a list of 95
sentences. Sudachi, which it could ask instead, gets as many of that list wrong as it mends.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyopenjtalk.types import NJDFeature


@dataclass(frozen=True, slots=True)
class Rule:
    """One reading and where it holds."""

    word: str
    """The word as it is written."""

    reading: str
    """Its pronunciation there, in katakana."""

    nucleus: int | None
    """Accent nucleus of the phrase that the word opens; None leaves what the dictionary has."""

    before: re.Pattern[str]
    """Must end the text before the word."""

    after: re.Pattern[str]
    """Must begin the text after the word."""


def _rule(word: str, reading: str, nucleus: int | None = None, *, before: str = "", after: str = "") -> Rule:
    return Rule(word, reading, nucleus, re.compile(f"(?:{before})$"), re.compile(after))


RULES = (
    # こんな風に吹く, どんな風だった, そういう風な
    _rule("風", "フー", before="[こそあど]んな|[こそあど]う(いう|言う)|という|ような", after="[になだでのじ]"),
    # あの方はどなたですか; but その方がいい is ホー
    _rule("方", "カタ", before="あの", after="[はがもをにとの]"),
    _rule("方", "カタ", before="[こそ]の", after="[はもを]|$"),
    # 人の出が多い, 水の出が悪い; but 出を引く is ダシ
    _rule("出", "デ", 0, after="(が多|が少|[のが](良|悪|よ|わる|いい))"),
    # 空の箱; but 空の色 is ソラ
    _rule(
        "空",
        "カラ",
        0,
        after="の(箱|容器|瓶|ビン|ボトル|ペット|缶|袋|コップ|グラス|カップ|皿|状態|まま|文字列)",
    ),
    # 辛い料理; but 辛い思い出 is ツライ
    _rule("辛い", "カライ", after="(もの|物|料理|カレー|ラーメン|味|食べ物|鍋|麺|スープ|ソース|お菓子|スナック)"),
    # 次の表に示す, 表を参照; but 表に出る is オモテ
    _rule("表", "ヒョー", 0, before="(次|上|下|右|左|以下|この|以上)の"),
    _rule("表", "ヒョー", 0, after="(を見|を参照|をご|に示|にまとめ|を作)"),
    # 何曜日ですか; 何色にしますか, but 何色ありますか is ナンショク
    _rule("何", "ナン", after="曜日?"),
    _rule("何", "ナニ", after="色[がにのでだをか]"),
    _rule("色", "イロ", before="何", after="[がにのでだをか]"),
    # 北の方へ行く, which the dictionary takes for a nobleman's wife
    _rule("北の方", "キタノホー", 4, after="(へ|に|から|で|を|角)"),
    # 金の指輪; but 金の無駄 is カネ
    _rule("金", "キン", 1, after="の(ネックレス|指輪|延べ棒|メダル|卵|装飾|斧|腕時計|鯱|シャチホコ)"),
    _rule("金", "キン", 1, after="(と[銀銅]|の(価格|相場|含有))"),
    # O型, T型
    _rule("型", "ガタ", before="[ァ-ヺ]ー"),
    # the letter C and the words sea and see, where the dictionary has スィー
    _rule("シー", "シー"),
    # 対になる
    _rule("対", "ツイ", 0, after="(にな|をな|にし)"),
    # センサーの値は25です; but 値が上がる is ネ
    _rule(
        "値",
        "アタイ",
        0,
        before="[のなたる]|この|その|各",
        after="(を|に|で|と|が(大き|小さ|変|異常|正常|範囲|不正|届|超)|は[〇一二三四五六七八九十百千])",
    ),
    _rule("値", "アタイ", 0, after="(は[〇一二三四五六七八九十百千]|を(変|確|入|読|取|設|更|返|送|記|表|参|代))"),
    # 床に就く; but 床に置く is ユカ
    _rule("床", "トコ", 0, after="に(就|つい|着)"),
)

_RULES_OF: dict[str, tuple[Rule, ...]] = {
    word: tuple(rule for rule in RULES if rule.word == word) for word in {rule.word for rule in RULES}
}
_REACH = 3


def reread(features: Iterable["NJDFeature"]) -> Iterator["NJDFeature"]:
    """Give each feature again, with another reading where a rule holds; the user's words are left alone."""
    features = list(features)
    for index, feature in enumerate(features):
        rules = () if feature["is_reading_protected"] else _RULES_OF.get(feature["string"], ())
        rule = next((rule for rule in rules if _holds(rule, features, index)), None)
        yield feature if rule is None else _with_reading(feature, rule)


def _holds(rule: Rule, features: list["NJDFeature"], index: int) -> bool:
    before = "".join(feature["string"] for feature in features[max(0, index - _REACH) : index])
    after = "".join(feature["string"] for feature in features[index + 1 : index + 1 + _REACH])
    return bool(rule.before.search(before) and rule.after.match(after))


def _with_reading(feature: "NJDFeature", rule: Rule) -> "NJDFeature":
    nucleus = feature["acc"] if rule.nucleus is None else rule.nucleus
    changed = feature.copy()
    changed["read"] = changed["pron"] = rule.reading
    changed["acc"] = nucleus
    changed["is_reading_rewritten"] = True
    return changed
