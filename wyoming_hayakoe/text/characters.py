"""Which characters of a text go on to the reader, to BERT and into pauses.

Three small tables: what is unspeakable is dropped before words are made; what a word shows BERT is NFKC and
one token per character; marks become the seven punctuation phones, as in the voices' training
(`../shared/golden/frontend.jsonl`).
"""

import re
import unicodedata
from collections.abc import Callable

_KEPT_FROM_NFKC = "´¨¯¸゛゜｀￣‾…‥℃℉ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫ"
# The reader knows these better as they are: kaomoji by their accents, Ⅲ章 by its numeral; 5… is not "5."

_NFKC_UNIT = re.compile(f"[^{_KEPT_FROM_NFKC}]+")
# Blanks are spaces by then. Never from the middle of some, or a text of blanks would take quadratic time.
_NEWLINES = re.compile(r"(?<! ) *+\n[ \n]*+")
_WAVE_AFTER_KANA = re.compile("(?<=[ぁ-ゖァ-ヺー])[~〜～〰]+")
_PICTURES = re.compile("[☀-➿⬀-⯿](?<![♀♂♨])")
# Symbols (So, Sk, Sm, Sc) that a table of rules or Open JTalk reads.
_SPOKEN_SYMBOLS = frozenset("°〒○→+=<>±×÷≠≒≈≤≥≦≧∞¥$€£₩¢₿^~`|")
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Mc", "Me"})
_SYMBOLS = frozenset({"So", "Sk", "Sm", "Sc"})
# Kana, common ideographs, ASCII and the punctuation beside them: most texts need no look at each character.
_PLAIN = re.compile(r"[ -~、。「」『』【】〈〉《》〔〕ぁ-ゖァ-ヺ・ーｰ一-鿿々〇〆ヶ…‥—―–’“”°〒〜×÷¥]*")
_KANJI_DIGITS = dict(zip("0123456789", "〇一二三四五六七八九", strict=True))

MARKS = {
    **dict.fromkeys("。.", "."),
    **dict.fromkeys("、,・·•", ","),
    "!": "!",
    "?": "?",
    **dict.fromkeys("“”‘’〝〟\"'()《》【】[]「」", "'"),
    **dict.fromkeys("-˗‐‒–—―⁃−⎯⏤─━⸺⸻〜~ー", "-"),
}
"""Character in NFKC, where … is three full stops → its punctuation phone; what is not here is silent."""


class _Characters(dict[int, str | None]):
    """A table for ``str.translate`` that decides about a character when it first meets it."""

    def __init__(self, decide: Callable[[str], str | None]) -> None:
        super().__init__()
        self._decide = decide

    def __missing__(self, code: int) -> str | None:
        self[code] = kept = self._decide(chr(code))
        return kept


def _speakable(char: str) -> str | None:
    """Return what Open JTalk gets for a character; None for nothing."""
    category = unicodedata.category(char)
    if char in "\n\r\v\f\x85\u2028\u2029":
        return "\n"
    if char == "\t" or category == "Zs":
        return " "
    if category[0] in "CM" or _is_jamo_tail(char) or (category == "So" and char >= "\U0001f000"):
        return None
    return char


def _token(char: str) -> str | None:
    """Return what stands in the BERT text for a character; NFKC leaves any sequence of these as it is."""
    if unicodedata.category(char)[0] in "CMZ" or _is_jamo_tail(char):
        return None
    return "-" if char == "−" else _KANJI_DIGITS.get(char, char)


def _is_jamo_tail(char: str) -> bool:
    """Vowels and finals of decomposed Hangul, which NFKC would join to the letter before them."""
    return "\u1160" <= char <= "\u11ff"


_SPEAKABLE = _Characters(_speakable)
_TOKEN = _Characters(_token)


def clean(text: str) -> str:
    """Prepare ``text`` for the reader: NFKC, one kind of blank and newline, nothing that no reader can say.

    Lone surrogates, control and format characters, unassigned and private code points, combining marks that
    belong to no letter, and emoji go; newlines become a full stop. Never raises.
    """
    if not unicodedata.is_normalized("NFKC", text):
        text = _NFKC_UNIT.sub(lambda unit: unicodedata.normalize("NFKC", unit[0]), text)
    text = text.translate(_SPEAKABLE)
    if "(" not in text:  # in (☆▽☆) they are what a kaomoji is known by
        text = _PICTURES.sub("", text)
    if "\n" in text:
        text = _NEWLINES.sub("\n", text)
        text = re.sub(r"(?<=[。．.、，,！!？?…])\n", " ", text).replace("\n", "。")
    return _WAVE_AFTER_KANA.sub("ー", text)


def is_plain(text: str) -> bool:
    """Return True if nothing in a text is folded or dropped."""
    return _PLAIN.fullmatch(text) is not None


def is_sayable(char: str) -> bool:
    """Return False for a character that no reader can say.

    These are controls, format characters, surrogates, private and unassigned code points, combining marks that
    NFKC left over, and decorative symbols such as ★ and ♪.
    """
    category = unicodedata.category(char)
    return category not in _DROPPED and (category not in _SYMBOLS or char in _SPOKEN_SYMBOLS)


def drop_unsayable(text: str) -> str:
    """Leave out what `is_sayable` refuses; a decorative symbol between two words leaves no gap."""
    return text if is_plain(text) else "".join(filter(is_sayable, text))


def tokens(word: str) -> str:
    """Turn a word into BERT's characters: NFKC, digits as kanji, no blanks and no marks without a letter."""
    return unicodedata.normalize("NFKC", word).translate(_TOKEN)


def marks(symbols: str) -> str:
    """Turn symbols into punctuation phones, one character each; silent ones vanish."""
    return "".join(MARKS.get(char, "") for char in unicodedata.normalize("NFKC", symbols))
