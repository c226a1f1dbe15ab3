"""Rules for homographs: readings by the neighbouring words, where the dictionary has only one reading.

pyopenjtalk-plus has hundreds of such rules; these cover the words of a list of 95 sentences that it still misread.
Sudachi, which it can use instead, misreads as many sentences of that list as it corrects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from wyoming_hayakoe.text.rule import Rule, pairs


@dataclass(frozen=True, slots=True)
class Reading:
    """The reading of one word."""

    pron: str
    """Pronunciation, in katakana."""

    nucleus: int | None = None
    """Accent nucleus of the accent phrase that the word begins; None keeps the dictionary's."""


def _rule(word: str, pattern: str, pron: str, nucleus: int | None, *examples: str) -> Rule[Reading]:
    return Rule(f"{word}: {pron}", re.compile(pattern), Reading(pron, nucleus), pairs(examples))


RULES: tuple[Rule[Reading], ...] = (
    _rule(
        "風",
        "(?:(?<=[こそあど]んな|という|ような)|(?<=[こそあど]う(?:いう|言う)))風(?=[になだでのじ])",
        "フー",
        None,
        "こんな風に吹く → コンナフーニフク",
        "どんな風だった → ドンナフーダッタ",
        "そういう風な → ソーユウフーナ",
        "こんな風が吹く → コンナカゼガフク",
        "涼しい風に当たる → スズシイカゼニアタル",
    ),
    _rule(
        "方",
        "(?<=あの)方(?=[はがもをにとの])|(?<=[こそ]の)方(?=[はもを]|$)",
        "カタ",
        None,
        "あの方はどなた → アノカタワドナタ",
        "その方がいい → ソノホーガイイ",
    ),
    _rule(
        "出",
        "出(?=が多|が少|[のが](?:良|悪|よ|わる|いい))",
        "デ",
        0,
        "人の出が多い → ヒトノデガオーイ",
        "水の出が悪い → ミズノデガワルイ",
    ),
    _rule(
        "空",
        "空(?=の(?:箱|容器|瓶|ビン|ボトル|ペット|缶|袋|コップ|グラス|カップ|皿|状態|まま|文字列))",
        "カラ",
        0,
        "空の箱 → カラノハコ",
        "空の色 → ソラノイロ",
    ),
    _rule(
        "辛い",
        "辛い(?=もの|物|料理|カレー|ラーメン|味|食べ物|鍋|麺|スープ|ソース|お菓子|スナック)",
        "カライ",
        None,
        "辛い料理 → カライリョーリ",
        "辛い思い出 → ツライオモイデ",
    ),
    _rule(
        "表",
        "(?:(?<=[次上下右左]の)|(?<=(?:以下|この|以上)の))表|表(?=を見|を参照|をご|に示|にまとめ|を作)",
        "ヒョー",
        0,
        "次の表に示す → ツギノヒョーニシメス",
        "表を見る → ヒョーヲミル",
        "表に出る → オモテニデル",
    ),
    _rule("何", "何(?=曜日?)", "ナン", None, "何曜日 → ナンヨービ"),
    _rule(
        "何",
        "何(?=色[がにのでだをか])",
        "ナニ",
        None,
        "何色にしますか → ナニイロニシマスカ",
        "何色ありますか → ナンショクアリマスカ",
        "何が → ナニガ",
    ),
    _rule("色", "(?<=何)色(?=[がにのでだをか])", "イロ", None, "何色ですか → ナニイロデスカ"),
    _rule(
        "北の方",  # to the dictionary, a nobleman's wife
        "北の方(?=へ|に|から|で|を|角)",
        "キタノホー",
        4,
        "北の方へ行く → キタノホーエイク",
    ),
    _rule(
        "金",
        "金(?=の(?:ネックレス|指輪|延べ棒|メダル|卵|装飾|斧|腕時計|鯱|シャチホコ|価格|相場|含有)|と[銀銅])",
        "キン",
        1,
        "金の指輪 → キンノユビワ",
        "金と銀 → キントギン",
        "金の無駄 → カネノムダ",
    ),
    _rule("型", "(?<=[ァ-ヺ]ー)型", "ガタ", None, "O型の人 → オーガタノヒト", "型にはまる → カタニハマル"),
    # the letter C and the words sea and see, which the dictionary reads as スィー
    _rule("シー", "シー", "シー", None, "C型 → シーガタ"),
    _rule("対", "対(?=にな|をな|にし)", "ツイ", 0, "対になる → ツイニナル", "3対2 → サンタイニ"),
    _rule(
        "値",
        "(?<=[のなたる各])値(?=を|に|で|と|が(?:大き|小さ|変|異常|正常|範囲|不正|届|超)|は[〇一二三四五六七八九十百千])"
        "|値(?=は[〇一二三四五六七八九十百千]|を(?:変|確|入|読|取|設|更|返|送|記|表|参|代))",
        "アタイ",
        0,
        "センサーの値は25です → センサーノアタイワニジューゴデス",
        "この値を使う → コノアタイヲツカウ",
        "値が高い → ネガタカイ",
    ),
    _rule("床", "床(?=に(?:就|つい|着))", "トコ", 0, "床に就く → トコニツク", "床に置く → ユカニオク"),
)
"""Rules in the order of their use; a pattern matches one word, and its reading applies to exactly that surface."""
