"""The nearest known name to a misspelt one: for commands, options, variables and keys."""

from collections.abc import Iterable
from difflib import get_close_matches

# Names by which the library and the presets know what the options call otherwise, and the other way round.
_SYNONYMS = (
    ("speed", "length-scale"),
    ("noise", "noise-scale"),
    ("noise-w", "noise-w-scale"),
    ("style", "speaker"),
    ("speaker", "voice"),
    ("port", "uri"),
    ("host", "uri"),
)
_VARIABLE = "HAYAKOE_"
_ALIKE = 0.6
_LONGEST = 100


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``: did you mean 'say'?`` with the name in ``known`` that is most like ``word``; "" where none is."""
    found = nearest(word, known)
    return f": did you mean {found!r}?" if found else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the name in ``known`` that is most like ``word``, or that means the same elsewhere; else None."""
    names, word = list(known), word[:_LONGEST]
    start, bare = _without_start(word)
    for left, right in _SYNONYMS:
        for one, other in ((left, right), (right, left)):
            if bare.lower().replace("_", "-") == one:
                meant = start + (other.upper().replace("-", "_") if start == _VARIABLE else other)
                if meant in names:
                    return meant
    if start:
        # The common start would make any two names alike.
        bare_names = {name.removeprefix(start): name for name in names if name.startswith(start)}
        found = get_close_matches(bare, bare_names, 1, _ALIKE)
        return bare_names[found[0]] if found else None
    return next(iter(get_close_matches(word, names, 1, _ALIKE)), None)


def _without_start(word: str) -> tuple[str, str]:
    for start in ("--", _VARIABLE):
        if word.startswith(start):
            return start, word.removeprefix(start)
    return "", word
