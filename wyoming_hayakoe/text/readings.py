"""Applies the rules for readings in context to words."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from wyoming_hayakoe.text.morae import split
from wyoming_hayakoe.text.rules import home_words, homograph_things, homograph_verbs, homographs, weather_words
from wyoming_hayakoe.text.rules.contexts import ContextRule, Reading

if TYPE_CHECKING:
    from pyopenjtalk.types import NJDFeature

RULES: tuple[ContextRule, ...] = (
    *homographs.RULES,
    *homograph_things.RULES,
    *homograph_verbs.RULES,
    *home_words.RULES,
    *weather_words.RULES,
)
"""Rules in the order of their use: the first that matches is the one."""

_BEFORE, _AFTER = 16, 12
"""Characters around a word that its rules see: so a text takes linear time, whatever the rules are."""


def _by_first_character() -> dict[str, tuple[ContextRule, ...]]:
    found: dict[str, list[ContextRule]] = {}
    for rule in RULES:
        found.setdefault(rule.replacement.word[0], []).append(rule)
    return {first: tuple(rules) for first, rules in found.items()}


_RULES = _by_first_character()


class _Match(NamedTuple):
    """Words that a rule matches."""

    reading: Reading
    words: int
    """How many words of the dictionary they are."""
    surface: str


def reread(features: Iterable["NJDFeature"]) -> list["NJDFeature"]:
    """Return the features, with another reading where a rule matches; the words of the user stay as they are.

    Several words that are one to a rule become one feature.
    """
    features = list(features)
    if not any(feature["string"][:1] in _RULES for feature in features):
        return features
    text = "".join(feature["string"] for feature in features)
    read: list[NJDFeature] = []
    start = index = head = 0
    while index < len(features):
        found = _match(features, index, text, start)
        is_suffix = found is not None and found.reading.is_suffix and index > 0
        if features[index]["chain_flag"] != 1 and not is_suffix:
            head = len(read)
        if found is None:
            read.append(features[index])
        else:
            read.append(_merged(features[index : index + found.words], found))
            _accent(read, head, features[index : index + found.words], found.reading)
        count = 1 if found is None else found.words
        start += sum(len(feature["string"]) for feature in features[index : index + count])
        index += count
    return read


def _match(features: list["NJDFeature"], index: int, text: str, start: int) -> _Match | None:
    for rule in _RULES.get(text[start : start + 1], ()) if features[index]["string"] else ():
        reading = rule.replacement
        if not text.startswith(reading.word, start):
            continue
        end, count = _whole_words(features, index, start, start + len(reading.word))
        if count and _is_ending(text[start + len(reading.word) : end]):
            window = f"{text[max(0, start - _BEFORE) : start]}<{text[start:end]}>{text[end : end + _AFTER]}"
            if rule.pattern.search(window) is not None:
                return _Match(reading, count, text[start:end])
    return None


def _whole_words(features: list["NJDFeature"], index: int, start: int, end: int) -> tuple[int, int]:
    """Return where the words that cover ``start`` to ``end`` end, and how many they are; none if one is the user's."""
    count = 0
    while start < end:
        feature = features[index + count]
        if feature["is_reading_protected"]:
            return end, 0
        start += len(feature["string"])
        count += 1
    return start, count


def _is_ending(kana: str) -> bool:
    return all("ぁ" <= char <= "ゖ" for char in kana)


def _merged(features: list["NJDFeature"], found: _Match) -> "NJDFeature":
    ending = "".join(chr(ord(char) + 0x60) for char in found.surface[len(found.reading.word) :])
    changed = features[0].copy()
    changed["string"] = found.surface
    changed["read"] = changed["pron"] = found.reading.pron + ending
    changed["mora_size"] = len(split(changed["pron"]))
    changed["is_reading_rewritten"] = True
    if found.reading.is_suffix and changed["chain_flag"] == 0:
        changed["chain_flag"] = 1
    return changed


def _accent(read: list["NJDFeature"], head: int, before: list["NJDFeature"], reading: Reading) -> None:
    """Set the nucleus of the accent phrase whose first word is ``read[head]`` after its last word was read anew."""
    first = len(read) - 1 == head
    size = read[-1]["mora_size"]
    offset = sum(feature["mora_size"] for feature in read[head:-1])
    old_size = sum(feature["mora_size"] for feature in before)
    changed = read[head] if first else read[head].copy()
    old = changed["acc"]
    is_one_phrase = all(feature["chain_flag"] == 1 for feature in before[1:])
    if old > offset + old_size and is_one_phrase:  # in what follows the word
        changed["acc"] = old + size - old_size
    elif reading.nucleus is not None and (first or old > offset or reading.is_suffix):
        changed["acc"] = offset + reading.nucleus if reading.nucleus else 0
    elif old > offset:
        changed["acc"] = min(old, offset + size)
    read[head] = changed
