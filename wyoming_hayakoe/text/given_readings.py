"""Reads words as the text itself says: by ruby, by brackets, by SSML.

Open JTalk reads the text first. Where a word comes out as it should, nothing is done, so that its accent and what
surrounds it stay. Else the word is read once more with a common noun in its place, whose features then get the reading;
a stem, whose ending belongs to the same word (貶 in 貶める), is written in kana instead.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from wyoming_hayakoe.text import characters
from wyoming_hayakoe.text.annotations import GivenReading, katakana, parse
from wyoming_hayakoe.text.morae import LONG, split
from wyoming_hayakoe.text.trace import Traced

if TYPE_CHECKING:
    from pyopenjtalk.types import NJDFeature

    Analyse = Callable[[str], list[NJDFeature]]

SOURCE = "reading in the text"
"""Source of such a reading in ``say --explain``."""

_STAND_IN = "檸檬"
"""A noun of the dictionary that begins and ends no other word."""

_REMARK_KANA = """
    ノミ ダケ ナド マデ カラ ヨリ ホカ ホド カモ ゴト ツキ アリ ナシ オヨビ タブン タダシ マタハ クダサイ
    ワラ ワライ アセ ナミダ ウソ テレ
"""
_REMARKS = frozenset(_REMARK_KANA.split())
_REMARK_POS = frozenset({"助詞", "助動詞", "感動詞", "接続詞", "フィラー", "副詞", "連体詞"})
_LOANWORD_GROUPS = frozenset({"一般", "サ変接続", "形容動詞語幹"})
_VOWELS = {"a": "ア", "i": "イ", "u": "ウ", "e": "エ", "o": "オ"}
_HIRAGANA = {code + 0x60: code for code in range(0x3041, 0x3097)}


@dataclass(frozen=True, slots=True)
class _Covered:
    """One feature and the part of the text that it covers."""

    feature: "NJDFeature"
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Span:
    """A base in the text, and the words over it."""

    start: int
    end: int
    words: Sequence[_Covered]

    def boundaries(self) -> list[int]:
        """Return where a word begins in it, the last first; not inside a number."""
        starts = {self.start}
        for before, word in pairwise(self.words):
            if not before.feature["pos_group1"] == word.feature["pos_group1"] == "数":
                starts.add(max(word.start, self.start))
        return sorted(starts, reverse=True)

    def reading(self, start: int) -> str:
        """Return how Open JTalk reads it from ``start`` on, its ending included."""
        return "".join(word.feature["read"] for word in self.words if word.end > start).replace("’", "")

    @property
    def is_common(self) -> bool:
        """Whether it consists of common nouns."""
        return all(word.feature["pos"] == "名詞" and word.feature["pos_group1"] != "固有名詞" for word in self.words)

    @property
    def ending(self) -> int:
        """Characters of its last word that stand behind it: okurigana."""
        return max((word.end for word in self.words), default=self.end) - self.end


def annotated_part(base: str, notation: str) -> Traced:
    """Return the part of a text that is ``base`` with its reading; without it where that is none."""
    text = characters.clean(unicodedata.normalize("NFKC", base)).strip()
    given = parse(notation)
    if given is None or not characters.tokens(text):
        return Traced(text)
    return Traced(text, (SOURCE,) * len(text), given)


def read_as_given(parts: Sequence[Traced], analyse: "Analyse") -> list["NJDFeature"]:
    """Return the features of the joined parts, in which those with a given reading have it."""
    whole = "".join(part.text for part in parts)
    features = analyse(whole)
    words = list(_placed(features, whole))
    written: list[Traced] = []
    position = 0
    for part in parts:
        end = position + len(part.text)
        span = _Span(position, end, [word for word in words if word.start < end and word.end > position])
        written += [part] if part.given is None else _written(part.text, part.given, span, analyse)
        position = end
    if not any(part.given for part in written) and "".join(part.text for part in written) == whole:
        return features
    text = "".join(_STAND_IN if part.given else part.text for part in written)
    return list(_with_readings(analyse(text), written, analyse))


def _placed(features: Sequence["NJDFeature"], text: str) -> Iterator[_Covered]:
    position = 0
    for feature in features:
        string = unicodedata.normalize("NFKC", feature["string"])
        found = text.find(string, position, position + len(string) + 8)
        start = position if found < 0 else found
        position = start + len(string)
        yield _Covered(feature, start, position)


def _written(base: str, given: GivenReading, span: _Span, analyse: "Analyse") -> list[Traced]:
    """Return what is written for a base: itself where it is read as given or what is given is a remark."""
    starts = span.boundaries() if given.guess else [span.start]
    ending = _ending(span)
    if any(_sounds(span.reading(start)) == _sounds(given.kana + ending) for start in starts):
        return [Traced(base)]
    if not given.guess:
        return [_replaced(base, given, span)]
    start = _best_start(given, span, starts)
    if start is None or _is_remark(given, analyse, is_common=span.is_common):
        return [Traced(f"{base}({given.guess})")]
    split_at = start - span.start
    rest = replace(span, start=start)
    return [Traced(base[:split_at]), _replaced(base[split_at:], given, rest)]


def _ending(span: _Span) -> str:
    """Return the kana behind the base that belong to its last word."""
    if span.ending <= 0:
        return ""
    last = span.words[-1].feature["string"]
    return katakana(last[-span.ending :])


def _replaced(base: str, given: GivenReading, span: _Span) -> Traced:
    if span.ending > 0 and given.nucleus is None:
        return Traced(given.kana.translate(_HIRAGANA))
    return Traced(base, given=given)


def _best_start(given: GivenReading, span: _Span, starts: Sequence[int]) -> int | None:
    """Return from where on the base may have the reading; of several, where it is read about as long."""
    morae = len(split(given.kana))
    plausible = [start for start in starts if _may_be_read(span.end - start, morae)]
    if not plausible:
        return None
    return min(plausible, key=lambda start: (abs(len(split(span.reading(start))) - morae), start))


def _may_be_read(size: int, morae: int) -> bool:
    """Whether so many characters may have so many morae: 百舌鳥 モズ, 志 ココロザシ."""
    return (size + 1) // 2 <= morae <= (5 if size == 1 else 3 * size)


def _is_remark(given: GivenReading, analyse: "Analyse", *, is_common: bool) -> bool:
    """Whether kana in brackets are a remark: a particle, a laugh, or a loanword that explains the word before it.

    Behind common nouns (``is_common``) verbs, adjectives and days are remarks too: 注意(あぶない), 定休日(かようび).
    """
    if given.kana in _REMARKS:
        return True
    laugh = set(given.kana) - set("アイウエオッー")
    if laugh and laugh <= set("ハヒフヘホ") and len(given.kana) > 2:
        return True
    if given.guess[0] > "ゖ":
        return _is_loanword(given.guess, analyse)
    features = analyse(given.guess)
    if len(features) != 1:
        return False
    pos, group = features[0]["pos"], features[0]["pos_group1"]
    return pos in _REMARK_POS or (is_common and (pos in {"動詞", "形容詞"} or group == "副詞可能"))


def _is_loanword(kana: str, analyse: "Analyse") -> bool:
    """Whether the dictionary has katakana as a common noun: only then has it a rule for compounds, as behind 新."""
    word = analyse("新" + kana)[-1:]
    return bool(word) and (
        word[0]["string"] == kana and word[0]["pos_group1"] in _LOANWORD_GROUPS and word[0]["chain_rule"] != "*"
    )


def _sounds(kana: str) -> str:
    """Return kana as they sound: コウジ and コージ alike."""
    sounds: list[str] = []
    vowel = ""
    for mora, phones in split(kana.replace("ヅ", "ズ").replace("ヂ", "ジ").replace("ヲ", "オ")):
        is_long = mora == LONG or (mora == "ウ" and vowel == "o") or (mora == "イ" and vowel == "e")
        sounds.append(_VOWELS.get(vowel, mora) if is_long else mora)
        vowel = vowel if is_long else phones[-1]
    return "".join(sounds)


def _with_readings(
    features: Sequence["NJDFeature"], parts: Sequence[Traced], analyse: "Analyse"
) -> Iterator["NJDFeature"]:
    """Yield features, those of the stand-ins with the readings and the text of their parts."""
    waiting = [each for part in parts for each in ([part] if part.given else [None] * part.text.count(_STAND_IN))]
    for feature in features:
        count = feature["string"].count(_STAND_IN)
        if not count:
            yield feature
            continue
        taken, waiting = waiting[:count], waiting[count:]
        part = taken[0] if taken else None
        if part is None or part.given is None:
            yield feature
            continue
        yield _given_feature(feature, part.text, part.given, analyse)


def _given_feature(feature: "NJDFeature", base: str, given: GivenReading, analyse: "Analyse") -> "NJDFeature":
    pron, nucleus = given.kana, given.nucleus
    if nucleus is None:
        pron, nucleus = _pronounced(given.kana, analyse)
    changed = feature.copy()
    changed["string"] = changed["orig"] = base
    changed["read"], changed["pron"] = given.kana, pron
    changed["mora_size"], changed["acc"] = len(split(pron)), nucleus
    changed["chain_flag"] = min(feature["chain_flag"], 0)
    changed["is_reading_rewritten"] = True
    return changed


def _pronounced(kana: str, analyse: "Analyse") -> tuple[str, int]:
    """Return a reading as pronounced, and the nucleus that Open JTalk gives the word in kana."""
    for spelled in (kana.translate(_HIRAGANA), kana):
        features = analyse(spelled)
        pron = "".join(feature["pron"] for feature in features).replace("’", "")
        if _sounds(pron) == _sounds(kana):
            is_one = all(feature["chain_flag"] == 1 for feature in features[1:])
            return pron, features[0]["acc"] if is_one else 0
    return kana, 0
