"""Which full stops, ellipses and marks end a sentence, and which belong to a number, an abbreviation or a name.

Each function looks at the text up to a mark, and where it must at a few characters behind it.
"""

import re

ELLIPSES = frozenset("…‥")
STOPS = frozenset(".．")

_BLANKS_BEHIND = re.compile(r"\s")
_LONGEST_WORD = 24
_LATIN = re.compile("[0-9A-Za-z０-９Ａ-Ｚａ-ｚ]")
_WORD_BACKWARDS = re.compile("(?![.'’-])[A-Za-zＡ-Ｚａ-ｚ.'’-]+")
_INITIALS = re.compile("(?:[A-Za-zＡ-Ｚａ-ｚ][.．])*[A-Za-zＡ-Ｚａ-ｚ]")
_ABBREVIATION_LIST = """
    mr mrs ms dr prof st jr sr vs etc inc ltd co corp approx dept est ave gen col lt sgt rev hon cf al jan feb mar apr
    jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun ii iii iv vi vii viii ix
"""
_ABBREVIATIONS = frozenset(_ABBREVIATION_LIST.split())
# Abbreviations where a number follows, words otherwise: No. 5.
_BEFORE_NUMBERS = frozenset({"no", "nos", "fig", "vol", "pp", "ver", "sec", "ch", "art", "eq", "max", "min"})
_JAPANESE = re.compile("[ぁ-ゖァ-ヺー一-鿿々〆〇%％℃°]")
_OPENERS = frozenset("（(「『[［【〔〈《<＜“‘")
_CLOSED = re.compile("[」』）)\\]］}〉》】”’\"']")

NAMES = (
    "Yahoo!", "Joomla!", "ラブライブ!サンシャイン", "ラブライブ!スーパースター", "ラブライブ!虹", "Yes!プリキュア",
    "Go!プリンセス", "HUGっと!プリキュア", "ドキドキ!プリキュア", "Hey! Say! JUMP", "Hey!Say!JUMP", "Panic! at",
    "Let's Go!ピカチュウ", "Let's Go! ピカチュウ", "Let's Go!イーブイ", "Let's Go! イーブイ", "GO!GO!7188",
    "モーニング娘。'",
)  # fmt: skip
"""Names with a mark inside, or with one that they keep in front of another word."""
_WIDTHS = str.maketrans("！？’", "!?'")
_INSIDE = tuple(
    (name[:place].lower(), name[place:].lower())
    for name in NAMES
    for place in range(1, len(name) + 1)
    if name[place - 1] in "!。"
)
_LONGEST_NAME = max(map(len, NAMES))
# A particle and a word behind a mark: けいおん！の曲, ハイキュー!!が好き. No sentence begins so.
_WORD_BEHIND = "(?=[一-鿿ァ-ヺA-Za-zＡ-Ｚａ-ｚ0-9０-９「『])"
# By mark: the particle with what must follow it, and what may become that.
_PARTICLES = {
    "!": (re.compile(f"を|(?:[のがはにでもへと]|って){_WORD_BEHIND}"), re.compile("[のがはにでもへとっ]|って")),
    "。": (re.compile(f"を|の{_WORD_BEHIND}"), re.compile("の")),
}


def can_end(text: str, start: int, index: int) -> bool:
    """Return whether the single full stop before ``index`` may end the sentence from ``start``, by what precedes it.

    It does not behind a number (1. or 3.5), an initial, a label of one letter, or an abbreviation.
    """
    before = text[max(start, index - 1 - _LONGEST_WORD) : index - 1]
    if not before.strip():
        return False
    word = _last_word(before)
    if word:
        return _INITIALS.fullmatch(word) is None and word.lower() not in _ABBREVIATIONS
    last = before[-1]
    if _CLOSED.match(last):
        return True
    return _JAPANESE.match(last) is not None and len(text[start : index - 1].strip()) > 1


def _last_word(text: str) -> str:
    """Return the Latin word, with what joins its parts, that a text ends in."""
    found = _WORD_BACKWARDS.match(text[::-1])
    return found[0][::-1].lstrip(".'’-") if found else ""


def goes_on_after_stop(text: str, start: int, index: int, rest: str, *, is_all: bool) -> bool | None:
    """Return whether a single full stop that can end a sentence does not, by the ``rest`` behind it.

    None: not yet known. ``is_all`` means that no more text will be behind it.
    """
    if not rest:
        return False if is_all else None
    if text[index - 1] == "．":
        return _LATIN.match(rest) is not None and _LATIN.match(text, index - 2) is not None
    if _BLANKS_BEHIND.match(rest) is None:
        return True
    if _last_word(text[max(start, index - 1 - _LONGEST_WORD) : index - 1]).lower() in _BEFORE_NUMBERS:
        if len(rest) == 1:
            return False if is_all else None
        return rest[1].isdigit()
    return False


def goes_on_after_ellipsis(before: str, rest: str) -> bool:
    """Return whether an ellipsis behind the character ``before`` ends no sentence: （…）, a…z, or 、 behind it."""
    return (
        before in _OPENERS
        or rest[:1] in {"、", "，", ","}
        or (rest[:1].isascii() and rest[:1].isalnum() and before.isascii())
    )


def goes_on_after_mark(text: str, start: int, index: int, rest: str, *, is_all: bool) -> bool | None:
    """Return whether a mark before ``index`` belongs to a name, in a sentence from ``start``; None: not yet known."""
    if not rest:
        return False
    mark = text[index - 1]
    if mark not in "!！。｡":
        return False
    before = text[max(start, index - _LONGEST_NAME) : index].translate(_WIDTHS).lower()
    behind = rest.translate(_WIDTHS).lower()
    for head, tail in _INSIDE:
        if not before.endswith(head):
            continue
        if behind.startswith(tail) if tail else not behind.isspace():
            return behind[0] != "\n"
        if (behind.isspace() if not tail else tail.startswith(behind)) and not is_all:
            return None
    particle, begun = _PARTICLES["。" if mark in "。｡" else "!"]
    if particle.match(rest) is not None:
        return True
    return None if begun.fullmatch(rest) and not is_all else False
