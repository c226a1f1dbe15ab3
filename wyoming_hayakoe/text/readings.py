"""Applies the rules for homographs to words."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from wyoming_hayakoe.text.rules.homographs import RULES, Reading

if TYPE_CHECKING:
    from pyopenjtalk.types import NJDFeature

_FIRST_CHARACTERS = frozenset("風方出空辛表何色北金型シ対値床")
"""Of the words that have rules: most words of a text have none."""


def reread(features: Iterable["NJDFeature"]) -> Iterator["NJDFeature"]:
    """Return each feature, with another reading where a rule matches; the words of the user stay as they are."""
    features = list(features)
    text = "".join(feature["string"] for feature in features)
    start = 0
    for feature in features:
        word = feature["string"]
        reading = None
        if word[:1] in _FIRST_CHARACTERS and not feature["is_reading_protected"]:
            reading = _reading(text, start, start + len(word))
        yield feature if reading is None else _with_reading(feature, reading)
        start += len(word)


def _reading(text: str, start: int, end: int) -> Reading | None:
    for rule in RULES:
        found = rule.pattern.match(text, start)
        if found is not None and found.end() == end:
            return rule.replacement
    return None


def _with_reading(feature: "NJDFeature", reading: Reading) -> "NJDFeature":
    changed = feature.copy()
    changed["read"] = changed["pron"] = reading.pron
    if reading.nucleus is not None:
        changed["acc"] = reading.nucleus
    changed["is_reading_rewritten"] = True
    return changed
