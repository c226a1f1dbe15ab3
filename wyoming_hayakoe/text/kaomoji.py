"""Removes kaomoji before other stages read their characters as markup or signs."""

import re

_FACE_OPENS = re.compile("[(（ʕ꒰⎛₍∪⎝]")


def silence_faces(text: str) -> str:
    """Leave out kaomoji, found by pyopenjtalk-plus itself, but on the raw text: NFKC breaks them up.

    >>> silence_faces("ありがとう(^_^)/")
    'ありがとう'
    """
    if _FACE_OPENS.search(text) is None:
        return text
    kept = []
    position = 0
    for _, _, start, end in _find_kaomoji(text):
        kept.append(text[position:start])
        position = max(position, end)
    return "".join((*kept, text[position:]))


def _find_kaomoji(text: str) -> list[tuple[int, int, int, int]]:
    """pyopenjtalk-plus's own finder; it is not public there, so do without should it ever move."""
    try:
        from pyopenjtalk._kaomoji import find_kaomoji_parts  # heavy
    except ImportError:
        return []
    return find_kaomoji_parts(text)
