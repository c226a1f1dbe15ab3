"""Breath groups: the full-context labels of a sentence, cut at its pauses.

The engine synthesises only whole sentences, and half of a short sentence is silence that costs as much as speech. So a
sentence is cut into breath groups, each is synthesised without the silent labels around it, and the pauses are inserted
as zeros: the first audio is ready after one breath group, and silence costs nothing. The labels keep their full
context, so the intonation of a whole sentence is kept.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from wyoming_hayakoe.utterance import Utterance

if TYPE_CHECKING:
    from pyopenjtalk.types import NJDFeature

# Seconds at speed 1. Mei's duration model pauses for 0.39 to 0.43 s at a comma, and for 0.30 to 0.36 s at either end of
# a sentence. 0.1 s is enough at the start, since that silence adds to the delay of the first sound.
_LEAD = 0.1
_PAUSE = 0.4
TAIL = 0.33
"""Seconds of silence at the end of a sentence at speed 1."""

_BREATH = 0.2

# Fewer phones than this sound forced: the model scales its spectrum to the variance of whole sentences. A shorter
# breath group is synthesised together with the next.
MIN_PHONES = 8
"""Least number of phones of a breath group, where the sentence has as many."""

# About 7 s of speech at speed 1: people say no more in one breath, and the lane's thread keeps other clients waiting
# meanwhile. Past it a group ends with its accent phrase, and at the latest after a quarter more.
MAX_PHONES = 90
"""Phones after which a breath group ends with its accent phrase, at speed 1."""

_SILENCE = frozenset({"sil", "pau"})
_PHONE = re.compile(r"-([^-+]+)\+")
# Kana that Open JTalk's labels do not know, as others of the same sound.
_SPELLINGS = str.maketrans({"ヷ": "ヴァ", "ヸ": "ヴィ", "ヹ": "ヴェ", "ヺ": "ヴォ", "ヵ": "カ"})
_MORA_IN_PHRASE = re.compile(r"/A:-?\w+\+(\w+)\+")

BreathGroup = tuple[float, list[str]]
"""Seconds of silence before the group, and the full-context labels of its phones and inner pauses."""


def breath_groups(labels: Sequence[str], longest: int = MAX_PHONES) -> list[BreathGroup]:
    """Cut full-context labels at their pauses into breath groups.

    Short groups are joined, with the pause label between them; a group of more than ``longest`` phones is cut between
    two accent phrases.
    """
    groups: list[list[str]] = [[]]
    rests = [_LEAD]
    for label, following in pairwise([*labels, "-sil+"]):
        if phone_of(label) not in _SILENCE:
            groups[-1].append(label)
            if _is_too_long(groups[-1], following, longest):
                groups.append([])
                rests.append(_BREATH)
        elif len(groups[-1]) >= MIN_PHONES and phone_of(label) == "pau":
            groups.append([])
            rests.append(_PAUSE)
        elif groups[-1] and phone_of(label) == "pau":
            groups[-1].append(label)
    if len(groups) > 1 and len(groups[-1]) < MIN_PHONES:
        _join_last(groups, rests, labels)
    return [(rest, group) for rest, group in zip(rests, groups, strict=True) if group]


def _join_last(groups: list[list[str]], rests: list[float], labels: Sequence[str]) -> None:
    """Join a short last group to the group before it, with the pause label between them."""
    last = groups.pop()
    rest = rests.pop()
    if rest == _PAUSE and last:
        groups[-1].append(labels[labels.index(last[0]) - 1])
    groups[-1].extend(last)


def _is_too_long(group: list[str], following: str, longest: int) -> bool:
    """Return whether the group is ``longest`` and ``following`` begins an accent phrase, or it is 25 % longer."""
    if len(group) < longest or phone_of(following) in _SILENCE:
        return False
    mora = _MORA_IN_PHRASE.search(following)
    previous = _MORA_IN_PHRASE.search(group[-1])
    begins_phrase = mora is not None and mora[1] == "1" and (previous is None or previous[1] != "1")
    return begins_phrase or len(group) >= longest + longest // 4


def phone_of(label: str) -> str:
    """Return the phone of a full-context label, in Open JTalk's notation."""
    match = _PHONE.search(label)
    return match[1] if match else "sil"


def labels_of(utterance: Utterance) -> list[str]:
    """Return the full-context labels of an utterance, none where no word in it is read."""
    features = [_spelled(feature) for feature in utterance.features]
    # Labels of marks alone make Open JTalk write warnings on standard error.
    while features and not _is_read(features[0]["pron"]):
        features.pop(0)
    if not features:
        return []
    import pyopenjtalk  # takes a quarter of a second

    return pyopenjtalk.make_label(features)


def _spelled(feature: "NJDFeature") -> "NJDFeature":
    """Return a feature as Open JTalk spells it: of a word with other kana it makes no label at all."""
    pron = feature["pron"].replace("ヂェ", "ジェ").translate(_SPELLINGS)
    return feature if pron == feature["pron"] else {**feature, "pron": pron}


def _is_read(pronunciation: str) -> bool:
    return any("ァ" <= character <= "ヴ" for character in pronunciation)
