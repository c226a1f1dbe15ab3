"""Symbol table of Style-Bert-VITS2 JP-Extra: the meaning of the rows of a voice's embeddings.

Source: the table that the published voices were trained with. Its order is the order of the rows: do not add, remove or
sort symbols. It holds phones of other languages too, which this program does not use.
"""

from collections.abc import Iterable

PAD = "_"
"""Row 0: silence at both ends, and the blank between phones."""

PUNCTUATION = ("!", "?", "…", ",", ".", "'", "-")
"""Marks that voices are trained to speak as pauses."""

_PHONES = """
AA E EE En N OO V a a: aa ae ah ai an ang ao aw ay b by c ch d dh dy e e: eh ei en eng er ey f g gy h hh hy
i i0 i: ia ian iang iao ie ih in ing iong ir iu iy j jh k ky l m my n ng ny o o: ong ou ow oy p py q r ry
s sh t th ts ty u u: ua uai uan uang uh ui un uo uw v van ve vn w x y z zh zy
"""

SYMBOLS = (PAD, *_PHONES.split(), *PUNCTUATION, "SP", "UNK")
"""All symbols; the id of a symbol is its index."""

NUM_TONES = 12
"""Number of rows of the tone embedding, for all languages."""

NUM_LANGUAGES = 3
"""Number of rows of the language embedding."""

_JAPANESE_TONE_OFFSET = 6
_JAPANESE_LANGUAGE_ID = 1
_ID_OF = {symbol: index for index, symbol in enumerate(SYMBOLS)}


def phone_ids(phones: Iterable[str]) -> list[int]:
    """Return the ids of ``phones``.

    Raises:
        KeyError: a phone is not in the table.
    """
    return [_ID_OF[phone] for phone in phones]


def tone_ids(tones: Iterable[int]) -> list[int]:
    """Return the rows of the tone embedding for ``tones``: 0 (low) and 1 (high)."""
    return [tone + _JAPANESE_TONE_OFFSET for tone in tones]


def language_ids(count: int) -> list[int]:
    """Return the Japanese language id ``count`` times."""
    return [_JAPANESE_LANGUAGE_ID] * count
