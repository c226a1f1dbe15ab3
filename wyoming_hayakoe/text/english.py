"""Latin words → katakana.

A word's reading comes from the first of these that knows it: our own list (`loanwords`), Open JTalk's
dictionary where it has the whole as one word, Sudachi's reading, the names of the letters (USB, LED), and at
last kanalizer, VOICEVOX's small model for words that no dictionary has. Sudachi and kanalizer are loaded at
their first use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from wyoming_hayakoe.text.acronyms import LETTERS, is_spelled
from wyoming_hayakoe.text.plain import plain
from wyoming_hayakoe.text.rule import Change
from wyoming_hayakoe.text.rules.loanwords import READINGS, SPELLED

# Other names that dictionaries use, to see whether what they give is only a spelling.
_LETTER_VARIANTS = {
    "a": "エー|エイ|アー",
    "b": "ビー|ビ|ベー",
    "c": "シー|シイ|セー",
    "d": "ディー|ディ|デー",
    "e": "イー|イ",
    "h": "エイチ|エッチ",
    "j": "ジェー|ジェイ",
    "k": "ケー|ケイ",
    "n": "エヌ|ネヌ",
    "p": "ピー|ピ|ペー",
    "t": "ティー|ティ|テー",
    "u": "ユー|ユ",
    "v": "ブイ|ヴイ|ヴィー|ヴィ|ビー",
    "w": "ダブリュー|ダブリュ|ダブル",
    "z": "ゼット|ズィー",
}

_TOKEN = re.compile(r"[A-Za-z0-9]+(?:['&-][A-Za-z0-9]+)*")
_HAS_LATIN = re.compile("[A-Za-z]")
_RUNS = re.compile("[A-Za-z](?:[A-Za-z']*[A-Za-z])?|[0-9]+")
# Home|Assistant, Open|AI, ESP|Home, i|Robot
_CAMEL = re.compile("[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_FROM_TO = re.compile("[A-Za-z]2[A-Za-z]")  # D2C, V2G: the figure is the English word "to"
_KATAKANA = re.compile("[ァ-ヴー]+")
_NO_VOWEL = re.compile("[b-df-hj-np-tv-xz]{1,5}|[b-df-hj-np-tv-z]{3}")
_TV_BEHIND_A_NAME = "ティービー"
# TV alone is テレビ, but behind a name (Apple TV, Fire TV) it is ティービー.
_NAMED_TV = re.compile(r"(?<=[A-Za-z]) TV(?![A-Za-z])")
# Read as one word.
_THANK_YOU = re.compile("(?i:(?<![A-Za-z])thank you(?![A-Za-z]))")
# The article; a letter by itself is its name (A型 エーがた).
_ARTICLE = re.compile(r"(?<![A-Za-z0-9])[Aa](?= [a-z]{2})")
# Sudachi has these with readings that are not those of the English word.
_SUDACHI_STOP = frozenset({"a", "as", "upgrade", "us", "be", "go", "me"})

# In capitals these are acronyms, otherwise function words.
_CAPITAL_ACRONYMS = frozenset(
    {"ETC", "IT", "AM", "AT", "PM", "US", "ME", "OR", "DO", "WHO", "HIS", "MR", "MS", "DR", "ITS", "PER", "SEM"}
)

# In these capitals they are other words.
_IN_THIS_CASE = {"JAN": "ジャン", "dB": "デシベル"}

# What is longer may also be a word that is shouted (TIMES).
_SHORT_ACRONYM = 3

# Longer runs of letters are no words; looking them up would only cost time.
_LONGEST = 60

# The model writes ヴ where Japanese loanwords have ブ, and ei where they have a long e.
_V_SOUNDS = (("ヴァ", "バ"), ("ヴィ", "ビ"), ("ヴェ", "ベ"), ("ヴォ", "ボ"), ("ヴュ", "ビュ"), ("ヴ", "ブ"))
# Behind these the plural is a syllable of its own: サービシズ, ディッシズ.
_HISSES = (("ス", "シズ"), ("ズ", "ジズ"), ("シュ", "シズ"))
_LONG_E = re.compile("(?<=[レテケセペベデゲゼ])イ(?=ション|ト$|ブル|ブ$|ス$|ル$)")


def katakana(text: str) -> str:
    """Put katakana for every Latin word of a normalized text; digits stay digits.

    >>> katakana("Home AssistantのLED")
    'ホーム アシスタントのエルイーディー'
    """
    if _HAS_LATIN.search(text) is None:
        return text
    text = _ARTICLE.sub("ア", text)
    text = _THANK_YOU.sub("サンキュー", text)
    text = _NAMED_TV.sub(f" {_TV_BEHIND_A_NAME}", text)
    return _TOKEN.sub(lambda match: _read(match) if _HAS_LATIN.search(match[0]) else match[0], text)


def _read(match: re.Match[str]) -> str:
    """Return a word's reading; what is spelled stays apart from katakana beside it, so that it can be found again."""
    reading = word_reading(match[0])[0]
    if not is_spelled(reading):
        return reading
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    left, right = (" " if char and _KATAKANA.fullmatch(char) else "" for char in (before, after))
    return f"{left}{reading}{right if after != 'ー' else ''}"


def explain(text: str) -> list[Change]:
    """Return how `katakana` reads each Latin word of a text, with the source of the reading."""
    return [
        Change(token, reading, f"English: {source}")
        for token in _TOKEN.findall(text)
        if _HAS_LATIN.search(token)
        for reading, source in [word_reading(token)]
    ]


@lru_cache(maxsize=4096)
def word_reading(word: str) -> tuple[str, str]:
    """Read one word and what is joined to it (`Wi-Fi`, `iPhone15`, `Google's`), and name its source.

    The source is `override`, `dictionary`, `sudachi`, `spelled` or `kanalizer`; that of the first part where
    a word had to be taken apart. Digits that are not part of a name stay digits.
    """
    if len(word) > _LONGEST:
        return _spell(word), "spelled"
    known = _whole(word)
    if known is not None:
        return known
    for split in (_at_last_digits, _at_joints, _at_digits, _at_suffix, _at_capitals):
        parts = split(word)
        if parts is not None:
            return parts
    return _last_resort(word)


def _whole(word: str) -> tuple[str, str] | None:
    """Return the reading that a list or dictionary has for exactly this word."""
    lower = word.lower()
    if word in _IN_THIS_CASE:
        return _IN_THIS_CASE[word], "override"
    if lower in READINGS and word not in _CAPITAL_ACRONYMS and len(word) > 1:
        return READINGS[lower], "override"
    if len(word) == 1 or lower in SPELLED or _FROM_TO.fullmatch(word) is not None:
        return "ツー".join(map(_spell, word.split("2"))), "spelled"
    if not word.isalpha():
        return None
    for source, look_up in (("dictionary", _from_dictionary), ("sudachi", _from_sudachi)):
        reading = look_up(word)
        if reading is not None and not _is_spelling(lower, reading):
            return reading, source
    return None


def _at_last_digits(word: str) -> tuple[str, str] | None:
    """Wi-Fi6, Galaxy-S24: a number behind a word that is known as it is, joints and all."""
    stem = word.rstrip("0123456789")
    known = _whole(stem) if stem != word and len(stem) > 1 else None
    return known and (known[0] + word[len(stem) :], known[1])


def _at_joints(word: str) -> tuple[str, str] | None:
    """smart-home, R&D, o'clock: the parts on their own, but a possessive or contraction is one word."""
    if "-" not in word and "&" not in word:
        return None
    parts = [part for part in re.split("[-]|(&)", word) if part]
    readings = ["アンド" if part == "&" else _part(part) for part in parts]
    # Digits on both sides of a hyphen would become one number.
    apart = (a[-1].isdigit() and b[0].isdigit() for a, b in pairwise(readings))
    return readings[0] + "".join("、" * rest + reading for rest, reading in zip(apart, readings[1:], strict=True)), (
        _source(parts[0])
    )


def _at_digits(word: str) -> tuple[str, str] | None:
    """iPhone15 → アイフォン15, ESP32 → イーエスピー32."""
    if word.isalpha() or not any(char.isdigit() for char in word):
        return None
    runs = _RUNS.findall(word)
    letters = next(run for run in runs if not run.isdigit())
    return "".join(_part(run) for run in runs), _source(letters)


def _at_suffix(word: str) -> tuple[str, str] | None:
    """Google's, LEDs, cameras: the word and its s; any other apostrophe is dropped."""
    if "'" in word:
        stem = word.removesuffix("'s").replace("'", "")
        reading, source = word_reading(stem)
        return (_with_s(reading, stem.lower()) if word.endswith("'s") else reading), source
    for stem in _singulars(word):
        known = (_spell(stem), "spelled") if stem.isupper() and len(stem) <= 5 else _whole(stem)
        if known is not None:
            return _with_s(known[0], stem.lower()), known[1]
    return None


def _singulars(word: str) -> Iterator[str]:
    """Yield the singulars of a plural: cameras → camera, lenses → lense, lens; batteries → batterie, battery."""
    if len(word) < 3 or not word.endswith("s") or word.endswith("ss"):
        return
    yield word[:-1]
    if word.endswith(("xes", "ches", "shes", "ses", "zes")):
        yield word[:-2]
    if word.endswith("ies"):
        yield word[:-3] + "y"


def _with_s(reading: str, stem: str) -> str:
    """Put the English plural in katakana: ライツ, マップス, カメラズ, サービシズ."""
    for hiss, more in _HISSES:
        if reading.endswith(hiss):
            return reading.removesuffix(hiss) + more
    if stem.endswith(("t", "te")) and reading.endswith("ト"):
        return reading[:-1] + "ツ"
    if stem.endswith("d") and reading.endswith("ド"):
        return reading[:-1] + "ズ"
    if stem.endswith(("p", "k", "f", "pe", "ke")):
        return reading + "ス"
    return reading + "ズ"


def _at_capitals(word: str) -> tuple[str, str] | None:
    """OpenAI → Open + AI; a run of capitals alone is no such word."""
    parts = _CAMEL.findall(word)
    if len(parts) < 2:
        return None
    readings = ["マク" if part == "Mc" else _part(part) for part in parts]
    if parts[-1] == "TV":
        readings[-1] = _TV_BEHIND_A_NAME
    return "".join(readings), _source(parts[0])


def _last_resort(word: str) -> tuple[str, str]:
    lower = word.lower()
    if word.isupper() and len(word) > _SHORT_ACRONYM:
        shouted = _whole(lower) or _at_suffix(lower)
        if shouted is not None:
            return shouted
    if len(word) == 1 or (word.isupper() and len(word) <= 5) or _NO_VOWEL.fullmatch(lower):
        return _spell(word), "spelled"
    reading = _from_kanalizer(lower)
    return (reading, "kanalizer") if reading else (_spell(word), "spelled")


def _part(part: str) -> str:
    if part.isdigit():
        return part
    return word_reading(part)[0]


def _source(part: str) -> str:
    return "spelled" if part.isdigit() or part == "&" else word_reading(part)[1]


def _spell(word: str) -> str:
    return "".join(LETTERS.get(letter, letter if letter.isdigit() else "") for letter in word.lower())


def _is_spelling(word: str, reading: str) -> bool:
    """Whether a dictionary only put letter names in a row: its way with words that it does not have."""
    pattern = "".join(f"(?:{_LETTER_VARIANTS.get(letter, LETTERS.get(letter, letter))})" for letter in word)
    return len(word) > 1 and re.fullmatch(pattern, reading) is not None


def _from_dictionary(word: str) -> str | None:
    """Open JTalk's reading where the whole is one word to it."""
    import pyopenjtalk  # heavy

    words = pyopenjtalk.run_frontend(word, use_sudachi_kanji_yomi=False, predict_nani=False, jtalk=plain())
    if len(words) != 1:
        return None
    reading = words[0]["read"].replace("’", "")
    return reading if _KATAKANA.fullmatch(reading) else None


def _from_sudachi(word: str) -> str | None:
    """Sudachi's reading where the whole is one morpheme that its dictionary reads in katakana."""
    if word.lower() in _SUDACHI_STOP:
        return None
    from pyopenjtalk.utils import get_sudachi_tokenizer  # heavy; keeps one tokenizer a thread

    morphemes = list(get_sudachi_tokenizer().tokenize(word))
    if len(morphemes) != 1:
        return None
    reading: str = morphemes[0].reading_form()
    return reading if _KATAKANA.fullmatch(reading) else None


def _from_kanalizer(word: str) -> str:
    import kanalizer  # a model of 5 MB

    reading = kanalizer.convert(word, on_invalid_input="ignore", on_incomplete="ignore")
    for sound, plainer in _V_SOUNDS:
        reading = reading.replace(sound, plainer)
    return _LONG_E.sub("ー", reading)
