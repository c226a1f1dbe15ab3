"""Rules for marks between and beside numbers: signs, ranges, ratios, scores, fractions, sums."""

from __future__ import annotations

import re

from wyoming_hayakoe.text.rule import TextRule, rule

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
# Counters that change the number's reading (ふつか, ふたり, しがつ): in a range they are read on both sides.
_OWN_READING = r"日間?(?!本)|人(?!前)|月(?!間)|時(?!間)|つ"
_MOST_TERMS = 30  # of a sum: without a bound, 1+1+… without an end would be tried from each of its terms
_COUNTER = (
    r"年|月|日|時|分|秒|個|人|回|本|枚|台|度|円|階|歳|才|週|点|件|名|泊|杯|匹|冊|倍|割|代|号車|話|巻|曲"
    r"|品|社|店|校|番|位|章|行|列|問|組|班|級|段|畳|坪|両|食|錠|粒|滴|袋|箱|皿|足|通|発|歩|周|軒|戸|室"
    r"|種類|か[月所国]|ヶ[月所国]|カ[月所国]"
    r"|パーセント|ミリ|センチ|メートル|キロ|グラム|リットル|ワット|ボルト|ヘクト|ギガ|メガ|テラ|ルクス"
    r"|ドル|ユーロ|平方|ページ|ポイント|ステップ|万|億|千"
)
_SCORE_CUE = (
    r"(?=\s?(?:で|の)?\s?(?:[^。、\s]{0,4})?"
    r"(?:勝|敗|負|下|破|引き分|逆転|リード|先制|終了|スコア|試合|完封|制))"
)
_JAPANESE = r"ぁ-ゖァ-ヺー一-鿿々"


def _fraction(match: re.Match[str]) -> str:
    """Return a/b as b分のa; an a that is 0 or greater than b is no fraction: its stroke is read as スラッシュ."""
    above, below = match["above"], match["below"]
    if match["mixed"]:
        return f"{match['mixed'].strip()}と{below}分の{above}"
    if not below.startswith("0") and _value("0") < _value(above) <= _value(below):
        return f"{below}分の{above}"
    return f"{above}スラッシュ{below}"


def _value(digits: str) -> tuple[int, str]:
    """Return what orders numbers of any length as ``int`` would, which refuses more than 4,300 digits."""
    significant = digits.lstrip("0")
    return len(significant), significant


def _own_range(match: re.Match[str]) -> str:
    return f"{match['low']}{match['counter']}から{match['high']}{match['counter']}"


def _arithmetic(match: re.Match[str]) -> str:
    words = {
        "+": "たす",
        "-": "ひく",
        "×": "かける",
        "x": "かける",
        "*": "かける",
        "÷": "わる",
        "/": "わる",
        "=": "イコール",
        "≒": "ニアリーイコール",
        "≠": "ノットイコール",
    }
    return re.sub(r"\s?([-+×x*÷/=≒≠])\s?", lambda sign: words[sign[1]], match[0])


THOUSANDS: tuple[TextRule, ...] = (
    rule(
        "thousands",
        r"(?<![0-9.,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9]|,[0-9])",
        lambda m: m[0].replace(",", ""),
        "1,234,567 → 1234567",
        "12,34 → 12、34",
        "1,2,3 → 1、2、3",
    ),
    rule("decimal without its zero", r"(?<![0-9A-Za-z.。])\.(?=[0-9])", "0.", ".5 → 0.5", "1.5 → 1.5"),
    rule("list of numbers", r"(?<=[0-9]),\s?(?=[0-9])", "、", "2,3日 → 2、3日"),
)
"""Rules that run before the other tables, whose numbers have no commas."""

BETWEEN: tuple[TextRule, ...] = (
    rule(
        "pages from to",
        r"(?<![A-Za-z])pp\.\s?(?P<from>[0-9]+)\s?[-–〜~]\s?(?P<to>[0-9]+)",
        r"\g<from>から\g<to>ページ",
        "pp.10-12 → 10から12ページ",
    ),
    rule("accounting minus", r"[▲△▼]\s?(?=[0-9])", "マイナス", "前年比▲3.5% → 前年比マイナス3.5パーセント"),
    rule(
        "weekdays from to",
        r"(?<![一-鿿々])(?P<from>[月火水木金土日])曜?(?P<whole>日?)\s?[〜~-]\s?(?P<to>[月火水木金土日])(?:曜日?)?(?![一-鿿々])",
        lambda m: f"{m['from']}曜{m['whole']}から{m['to']}曜{m['whole']}",
        "月〜金 → 月曜から金曜",
        "月曜日〜金曜日 → 月曜日から金曜日",
    ),
    rule(
        "range with hyphen, counter on both sides",
        rf"(?P<low>(?<![0-9.]){_NUMBER}[万億千百]*(?P<counter>[年月日時分秒人回度円階個枚本歳]"
        r"|[ァ-ヺー]+))\s?[-–—]\s?"
        rf"(?={_NUMBER}[万億千百]*(?P=counter))",
        r"\g<low>から",
        "9時-18時 → 9時から18時",
        "10%-20% → 10パーセントから20パーセント",
    ),
    rule("plus or minus", r"(?:±|\+/-)\s?(?=[0-9])?", "プラスマイナス", "±5度 → プラスマイナス5度"),
    rule(
        "sum",
        rf"(?<![0-9A-Za-z./-])-?{_NUMBER}(?:\s?[-+×x*÷/]\s?{_NUMBER}){{1,{_MOST_TERMS}}}\s?[=≒≠]",
        _arithmetic,
        "5-3=2 → 5ひく3イコール2",
        "1+2×3=7 → 1たす2かける3イコール7",
    ),
    rule(
        "minus",
        rf"(?:(?<=^)|(?<=[\s{_JAPANESE}(（「『【\[、。:：/〜~=<>→]))[-–—](?=[0-9])",
        "マイナス",
        "-5度 → マイナス5度",
        "最低気温は-2.5℃です → 最低気温はマイナス2.5度です",
        "3-1 → 3 対 1",
        "-5〜5℃ → マイナス5から5度",
        "六本木3-1 → 六本木3の1",
    ),
    rule(
        "plus",
        rf"(?:(?<=^)|(?<=[\s{_JAPANESE}(（「『【\[、。:：/〜~=<>→]))\+(?=[0-9])",
        "プラス",
        "+5度 → プラス5度",
        "気温は+3度 → 気温はプラス3度",
    ),
    rule(
        "season over two years",
        r"(?<![0-9])(?P<one>(?:19|20)[0-9]{2})[-/](?P<two>[0-9]{2})(?=シーズン|年)",
        r"\g<one>から\g<two>",
        "2021-22シーズン → 2021から22シーズン",
    ),
    rule("quarter", r"(?<![0-9-])([0-9]{1,2})[-〜~]([0-9]{1,2})月期", r"\1、\2月期", "1-3月期 → 1、3月期"),
    rule(
        "range with the counter twice",
        rf"(?P<low>(?<![0-9.]){_NUMBER})\s?[〜~]\s?(?P<high>{_NUMBER})(?P<counter>{_OWN_READING})",
        _own_range,
        "3〜5日 → 3日から5日",
        "1~2人 → 1人から2人",
        "10〜12時 → 10時から12時",
        "3〜5日間 → 3日間から5日間",
        "2〜3人前 → 2から3人前",
    ),
    rule(
        "range with hyphen and own counter",
        rf"(?P<low>(?<![0-9.-]){_NUMBER})-(?P<high>{_NUMBER})(?P<counter>{_OWN_READING})",
        _own_range,
        "9-17時 → 9時から17時",
        "3-5日 → 3日から5日",
    ),
    rule(
        "range with hyphen",
        rf"(?<![0-9.-])(?P<low>{_NUMBER})-(?P<high>{_NUMBER})(?={_COUNTER})(?!番地|号(?!車)|丁目|月期)",
        r"\g<low>から\g<high>",
        "1-3位 → 1から3位",
        "3-5分 → 3から5分",
        "20-25℃ → 20から25度",
    ),
    rule(
        "range",
        rf"(?<=[0-9{_JAPANESE}a-z)）」』])\s?[〜~]\s?(?=マイナス|プラス|[0-9]|[¥$])",
        "から",
        "3〜5分 → 3から5分",
        "9時〜17時 → 9時から17時",
        "20℃〜25℃ → 20度から25度",
    ),
    rule(
        "from",
        rf"(?<=[0-9年月日時分秒円度階曜])\s?[〜~](?=\s?(?:$|[。、)）」{_JAPANESE}]))",
        "から",
        "10時〜 → 10時から",
        "9月〜の予定 → 9月からの予定",
    ),
    rule(
        "until",
        r"(?:(?<=^)|(?<=[\s、。(（]))[〜~]\s?(?P<end>(?:[0-9]+[年月日時分])+)",
        r"\g<end>まで",
        "〜17:00 → 17時まで",
    ),
    rule(
        "from place to place",
        r"^(?P<one>[^〜~]*[一-鿿ァ-ヺ々A-Za-z])\s?[〜~]\s?(?=[一-鿿ァ-ヺA-Za-z])(?=[^〜~]*$)",
        r"\g<one>から",
        "東京〜大阪 → 東京から大阪",
        "〜副題〜 → 副題",
    ),
    rule("drawl", r"(?<=[ぁ-ゖァ-ヺー])[〜~]+", "ー", "はい〜 → はいー"),
    rule(
        "fraction",
        r"(?<![0-9./])(?P<mixed>[0-9]+ )?(?P<above>[0-9]+)/(?P<below>[0-9]+)(?![0-9./])",
        _fraction,
        "1/2 → 2分の1",
        "120/80 → 120スラッシュ80",
        "大さじ1 1/2 → 大さじ1と2分の1",
        "0/5 → 0スラッシュ5",
    ),
    rule(
        "score, against",
        r"(?<=[0-9])\s?(?:対|vs\.?|VS)\s?(?=[0-9])",
        " 対 ",
        "3対2 → 3 対 2",
        "1対0 → 1 対 0",
    ),
    rule(
        "score",
        rf"(?<![0-9.-])(?P<us>[0-9]{{1,3}})-(?P<them>[0-9]{{1,3}})(?![0-9.-]){_SCORE_CUE}",
        r"\g<us> 対 \g<them>",
        "3-2で勝利 → 3 対 2で勝利",
    ),
    rule(
        "ratio",
        r"(?<![0-9:.])(?P<one>[0-9]{1,4}):(?P<other>[0-9]{1,4})(?![0-9:])",
        r"\g<one> 対 \g<other>",
        "16:9 → 16 対 9",
        "3:2 → 3 対 2",
    ),
    rule("ratio of three", r"(?<=[0-9]):(?=[0-9])", " 対 ", "1:2:3 → 1 対 2 対 3"),
    rule(
        "times",
        rf"(?<=[0-9{_JAPANESE})])\s?[×✕]\s?(?=[0-9(])|(?<=[0-9])(?<!(?<![0-9.])0)\s?[x*]\s?(?=[0-9])",
        "かける",
        "3×4 → 3かける4",
        "1920x1080 → 1920かける1080",
        "0x1F → 0x1F",
        "5メートル×3メートル → 5メートルかける3メートル",
    ),
    rule("divided by", r"\s?÷\s?", "わる", "10÷2 → 10わる2"),
    rule("added to", r"(?<=[0-9])\s?\+\s?(?=[0-9])", "たす", "3+5 → 3たす5"),
    rule(
        "power",
        r"\^(?P<minus>-)?(?P<power>[0-9]+)",
        lambda m: f"の{'マイナス' if m['minus'] else ''}{m['power']}乗",
        "10² → 10の2乗",
        "2^10 → 2の10乗",
        "10⁻³ → 10のマイナス3乗",
        "注⁵ → 注5",
    ),
    rule(
        "address",
        r"(?<=[一-鿿々ァ-ヺー])(?P<numbers>[0-9]+(?:[-ー–][0-9]+)+)(?![0-9])(?![^\s、。]{0,2}[一-鿿ァ-ヺ]*(?:勝"
        r"|敗))(?!(?!番地|号室)[一-鿿ァ-ヺ]{2})",
        lambda m: re.sub("[-ー–]", "の", m["numbers"]),
        "芝公園4-2-8です → 芝公園4の2の8です",
        "六本木3-1 → 六本木3の1",
        "神南1-2番地 → 神南1の2番地",
        "結果は3-2 → 結果は3 対 2",
        "日本2-1ドイツ → 日本2 対 1ドイツ",
    ),
    rule(
        "numbers in a row",
        r"(?<![0-9A-Za-z-])[0-9]+(?:[-ー–][0-9]+){2,}(?![0-9])",
        lambda m: re.sub("[-ー–]", "の", m[0]),
        "1-2-3 → 1の2の3",
    ),
    rule(
        "large numbers",
        r"(?<![0-9-])(?P<low>[0-9]{3,})[-–](?P<high>[0-9]{3,})(?![0-9-])",
        r"\g<low>から\g<high>",
        "1500-2000 → 1500から2000",
    ),
    rule(
        "number against number",
        r"(?<![0-9A-Za-z-])(?P<us>[0-9]{1,3})[-–](?P<them>[0-9]{1,3})(?![0-9-])",
        r"\g<us> 対 \g<them>",
        "3-1 → 3 対 1",
    ),
)
