"""The accent of what is spelled: letters (`エルイーディー`) and digits (`イチニーサンヨン`) by name.

To Open JTalk such a row of names is a word that it does not know, with the fall three morae before the end. Standard
is the fall on the first mora of the last letter, and for digits two by two: イチニ'ー・サンヨ'ン. Where Open JTalk's
dictionary has the acronym itself, its accent stays: シーエム is flat.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from wyoming_hayakoe.text.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyopenjtalk.types import NJDFeature

_LETTER_NAMES = """
    エー ビー シー ディー イー エフ ジー エイチ アイ ジェイ ケー エル エム エヌ オー ピー キュー
    アール エス ティー ユー ブイ ダブリュー エックス ワイ ゼット
"""
LETTERS = dict(zip("abcdefghijklmnopqrstuvwxyz", _LETTER_NAMES.split(), strict=True))
"""Letter → its name in katakana."""

_FIGURE_NAMES = "ワン ツー スリー フォー ファイブ シックス セブン エイト ナイン"
_FIGURES = dict(zip(_FIGURE_NAMES.split(), "123456789", strict=True))
_DIGITS = {
    "ゼロ": 1, "イチ": 2, "ニー": 1, "サン": 0, "ヨン": 1, "ゴー": 1, "ロク": 2, "ナナ": 1, "ハチ": 2, "キュー": 1,
}  # fmt: skip
"""Japanese name of a digit → its nucleus alone."""

_BY_NAME = {name: letter for letter, name in LETTERS.items()} | _FIGURES
_PAIR_NUCLEUS = 3
# キュー is a letter and a digit: which, its neighbours tell.
_NAMES = sorted({*_BY_NAME, *_DIGITS}, key=len, reverse=True)
_AND = "アンド"
_BY_NAME[_AND] = "&"
_NAME = re.compile("|".join([*_NAMES, _AND]))
_ROW = f"(?:{'|'.join(_NAMES)})"
_RUN = re.compile(f"{_ROW}(?:(?:{_AND})?{_ROW})+")
_SMALL = frozenset("ァィゥェォャュョ")
# 5G, 4K, 3D: what is spelled though it begins with a number.
_BEHIND_A_FIGURE = frozenset({"ジー", "ケー", "ディー"})
_BEHIND_A_DIGIT = frozenset({"ケー"})
_FEW = 3
# Words that only look like names of letters and digits.
_WORD_LIST = """
    サンキュー ゴーゴー ゴーゴーゴー ニーニー キューキュー ユーフォー イージー キューピー アイビー オージー ケーシー
    ジェイシー エルシー ティーピー フォーユー
"""
_WORDS = frozenset(_WORD_LIST.split())
# The dictionary's accent of these is not the common one.
_OWN_NUCLEI = {"SOS": 5, "ID": 3, "F1": 3}


class _Word(NamedTuple):
    """A word that a row of names becomes."""

    kana: str
    nucleus: int


def is_spelled(kana: str) -> bool:
    """Return whether ``kana`` is nothing but names of letters and digits, two at least."""
    return _RUN.fullmatch(kana) is not None


def accented(features: Sequence[NJDFeature]) -> Sequence[NJDFeature]:
    """Return the features, with a standard accent for what is spelled; the user's words stay as they are."""
    text = "".join(feature["string"] for feature in features)
    runs = list(_RUN.finditer(text))
    if not runs:
        return features
    starts = {}
    position = 0
    for index, feature in enumerate(features):
        starts[position] = index
        position += len(feature["string"])
    starts[position] = len(features)
    done = list(features)
    for run in reversed(runs):
        edges = [run.start(), *(run.start() + name.end() for name in _NAME.finditer(run[0]))]
        aligned = [edge for edge in edges if edge in starts]
        if len(aligned) > 1:
            begin, end = aligned[0], aligned[-1]
            words = _words(text[begin:end])
            if words and not any(each["is_reading_protected"] for each in done[starts[begin] : starts[end]]):
                _replace(done, starts[begin], starts[end], words)
    return done


def _words(kana: str) -> list[_Word]:
    """Cut a row of names into words; none if it may be no spelling."""
    names = _NAME.findall(kana)
    if len(names) == 1 or kana in _WORDS or _AND in (names[0], names[-1]):
        return []
    if len(names) == 2 and (names[0] in _FIGURES or names[0] in _DIGITS):
        is_spelled_on = names[1] in (_BEHIND_A_FIGURE if names[0] in _FIGURES else _BEHIND_A_DIGIT)
        if is_spelled_on:
            return [_Word(kana, morae(names[0]) + 1)]
    groups = list(_groups(names))
    has_lone_digit = len(groups) > 1 and any(is_number and len(group) == 1 for is_number, group in groups)
    is_one_twice = len(names) == 2 and names[0] == names[1]
    if names[0] in _FIGURES or is_one_twice or (has_lone_digit and len(names) <= _FEW):
        return []
    return [word for is_number, group in groups for word in (_digits(group) if is_number else [_letters(group)])]


def _groups(names: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """Yield rows of Japanese digits and rows of anything else."""
    group: list[str] = []
    was_number = False
    for index, name in enumerate(names):
        is_number = name in _DIGITS
        if name == "キュー":
            after = names[index + 1 : index + 2]
            is_number = was_number or (not group and after != [] and after[0] in _DIGITS and after[0] not in LETTERS)
        if group and is_number != was_number:
            yield was_number, group
            group = []
        group.append(name)
        was_number = is_number
    yield was_number, group


def _digits(names: list[str]) -> Iterator[_Word]:
    """Yield digits two by two, and the last one alone where their number is odd."""
    for first, second in zip(names[::2], names[1::2], strict=False):
        yield _Word(first + second, _PAIR_NUCLEUS)
    if len(names) % 2:
        yield _Word(names[-1], _DIGITS[names[-1]])


def _letters(names: list[str]) -> _Word:
    kana = "".join(names)
    nucleus = _dictionary_nucleus("".join(_BY_NAME[name] for name in names).upper(), kana)
    return _Word(kana, morae("".join(names[:-1])) + 1 if nucleus is None else nucleus)


@lru_cache(maxsize=1024)
def _dictionary_nucleus(acronym: str, kana: str) -> int | None:
    """Return the nucleus that the dictionary has for an acronym which it reads as ``kana``; None if it has none."""
    if acronym in _OWN_NUCLEI:
        return _OWN_NUCLEI[acronym]
    import pyopenjtalk  # heavy

    words = pyopenjtalk.run_frontend(acronym, use_sudachi_kanji_yomi=False, predict_nani=False, jtalk=plain())
    is_known = len(words) == 1 and words[0]["pos"] == "名詞" and _plain(words[0]["pron"]) == _plain(kana)
    return words[0]["acc"] if is_known else None


@lru_cache(maxsize=256)
def _phrase_nucleus(text: str) -> int:
    """Return the nucleus of an accent phrase alone."""
    import pyopenjtalk  # heavy

    words = pyopenjtalk.run_frontend(text, use_sudachi_kanji_yomi=False, predict_nani=False, jtalk=plain())
    return words[0]["acc"] if words else 0


def _plain(kana: str) -> str:
    """Write a pronunciation as dictionaries may write it: エイ for エー, no marks of silent vowels."""
    return re.sub("(?<=[エケェ])イ", "ー", kana.replace("’", ""))


def morae(kana: str) -> int:
    """Count the morae of a name."""
    return sum(char not in _SMALL for char in kana)


def _replace(features: list[NJDFeature], start: int, end: int, words: list[_Word]) -> None:
    """Put ``words`` in the place of features, each but the first in an accent phrase of its own."""
    head = _head(features, start)
    before = sum(each["mora_size"] for each in features[head:start])
    tail = _fall_behind(features, start, end)
    new = [_feature(features[start], word, opens=index > 0) for index, word in enumerate(words)]
    if before and len(words) > 1 and features[start - 1]["pos"] == "名詞":  # a code is no part of a compound
        prefix = "".join(each["string"] for each in features[head:start])
        features[head] = features[head].copy()
        features[head]["acc"] = _phrase_nucleus(prefix)
        new[0]["chain_flag"] = before = 0
    nuclei = [word.nucleus for word in words]
    if tail is not None:
        length = sum(morae(word.kana) for word in words[:-1])
        nuclei[-1] = max(tail - length, 0) or (nuclei[-1] if tail else 0)
    for feature, nucleus in zip(new[1:], nuclei[1:], strict=True):
        feature["acc"] = nucleus
    if before:
        features[head] = features[head].copy()
        features[head]["acc"] = before + nuclei[0] if nuclei[0] else 0
    else:
        new[0]["acc"] = nuclei[0]
    features[start:end] = new


def _head(features: list[NJDFeature], index: int) -> int:
    """Return which feature opens the accent phrase of one."""
    while index > 0 and features[index]["chain_flag"] == 1:
        index -= 1
    return index


def _fall_behind(features: list[NJDFeature], start: int, end: int) -> int | None:
    """Return where a compound falls of which ``start`` to ``end`` is the first part, in morae from ``start``.

    None is no compound: no noun follows in the accent phrase. 0 is a flat one.
    """
    if end == len(features) or features[end]["chain_flag"] != 1 or features[end]["pos"] != "名詞":
        return None
    head = _head(features, end)
    nucleus = features[head]["acc"]
    if not nucleus:
        return 0
    between = sum(each["mora_size"] for each in features[min(head, start) : max(head, start)])
    return max(nucleus + (between if head >= start else -between), 1)


def _feature(model: NJDFeature, word: _Word, *, opens: bool) -> NJDFeature:
    feature = model.copy()
    feature["string"] = feature["orig"] = feature["read"] = feature["pron"] = word.kana
    feature["pos"], feature["pos_group1"], feature["pos_group2"] = "名詞", "固有名詞", "一般"
    feature["pos_group3"] = feature["ctype"] = feature["cform"] = "*"
    feature["mora_size"] = morae(word.kana)
    if opens:
        feature["chain_flag"] = 0
    return feature
