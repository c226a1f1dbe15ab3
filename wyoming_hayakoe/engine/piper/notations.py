"""The two ways in which Piper's Japanese voices write Open JTalk's phones and prosody marks, and their ids.

Sources: the tables of piper-tts 1.8.0 (``piper/phonemize_japanese.py``: IPA) and of piper-plus-g2p 0.3.1
(``piper_plus_g2p/encode``: Open JTalk's names, where those of several letters are characters for private use).
A voice may lack symbols: what it lacks is written as something near.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

Kind = Literal["piper", "piper-plus"]

Symbols = Mapping[str, tuple[int, ...]]
"""Ids by symbol, as the voice's configuration has them."""

BLANK, START, END = "_", "^", "$"
"""Symbols that both kinds have: the blank between two others (piper-plus's pause too), and both ends."""

RISE, FALL, BOUNDARY, PAUSE, STOP, QUESTION = "[", "]", "#", "_", ".", "?"
"""Prosody marks in Kurihara's notation, as far as it has them: what is written for them is in the tables below."""

_IPA = {
    "u": "ɯ", "g": "ɡ", "sh": "ɕ", "j": "dʑ", "ts": "ts", "ch": "tɕ", "f": "ɸ", "y": "j", "r": "ɾ", "N": "ɴ", "cl": "ʔ",
    "ky": "kʲ", "gy": "ɡʲ", "ty": "tʲ", "dy": "dʲ", "ny": "nʲ", "hy": "hʲ", "by": "bʲ", "py": "pʲ", "my": "mʲ",
    "ry": "ɾʲ", "fy": "ɸʲ", "kw": "kʷ", "gw": "ɡʷ", RISE: "↑", FALL: "↓", PAUSE: ",",
}  # fmt: skip
"""Phone → IPA, where it is another sign; a long vowel is two vowels. piper-tts has nothing for ``fy``."""

_NEAR_IPA = {
    "ɯ": "u", "ɡ": "g", "ɕ": "ʃ", "ʃ": "s", "ʑ": "ʒ", "ʒ": "z", "ɸ": "f", "f": "h", "ɾ": "r", "ɴ": "n", "ʔ": "q",
    "ʲ": "j", "ʷ": "w", "v": "b", "?": ".",
}  # fmt: skip

_PRIVATE = """
a: i: u: e: o: cl ky kw gy gw ty dy py by ch ts sh zy hy ny my ry ?! ?. ?~ N_m N_n N_ng N_uvular
"""
_CODE_POINTS = {token: chr(0xE000 + index) for index, token in enumerate(_PRIVATE.split())}
"""Symbols of several letters → their one character, from U+E000 on."""

_NEAR_PLUS = {
    **dict.fromkeys(("N_m", "N_n", "N_ng", "N_uvular"), ("N",)),
    **{vowel.upper(): (vowel,) for vowel in "aiueo"},
    **{f"{consonant}y": (consonant, "y") for consonant in "kgtdnhbpmrf"},
    **{f"{consonant}w": (consonant, "w") for consonant in "kg"},
    **dict.fromkeys(("?!", "?.", "?~"), ("?",)),
    "cl": ("q",), "v": ("b",), "?": ("$",),
}  # fmt: skip

NEEDED = (*"aiueo", "N", *"kgsztdnhbpmyrwjf", "sh", "ch", "ts")
"""Phones without which no Japanese can be spoken."""


def ids_of(token: str, kind: Kind, symbols: Symbols) -> tuple[int, ...]:
    """Return the ids of a phone or mark; none where the voice has neither its symbol nor one near.

    Args:
        token: one of Open JTalk's phones (``ky``, ``cl``, ``A`` for a devoiced vowel), one of piper-plus's (``N_m``),
            or a prosody mark.
        kind: the notation.
        symbols: those of the voice.
    """
    if kind == "piper":
        return tuple(number for sign in _IPA.get(token, token) for number in _ids_of_sign(sign, symbols))
    return tuple(_ids_of_token(token, symbols))


def lacking(kind: Kind, symbols: Symbols) -> list[str]:
    """Return what a voice lacks without which it cannot speak Japanese."""
    return [sign for sign in (BLANK, START, END) if sign not in symbols] + [
        phone for phone in NEEDED if not ids_of(phone, kind, symbols)
    ]


def _ids_of_sign(sign: str, symbols: Symbols) -> tuple[int, ...]:
    while sign not in symbols and sign in _NEAR_IPA:
        sign = _NEAR_IPA[sign]
    return symbols.get(sign, ())


def _ids_of_token(token: str, symbols: Symbols) -> Iterator[int]:
    for symbol in (_CODE_POINTS.get(token, token), token):
        if symbol in symbols:
            yield from symbols[symbol]
            return
    for near in _NEAR_PLUS.get(token, ()):
        yield from _ids_of_token(near, symbols)
