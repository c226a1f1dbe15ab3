"""Which phones of an utterance the full-context labels of its breath groups sound."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wyoming_hayakoe.engine.hts.breath_groups import BreathGroup, phone_of
from wyoming_hayakoe.utterance import Utterance, placed_morae

_ENDS_MORA = frozenset({*"aiueoAIUEON", "cl"})
_PAUSE = "pau"


@dataclass(frozen=True, slots=True)
class Alignment:
    """Places in the utterance, of what is spoken in breath groups."""

    labels: Sequence[Sequence[range]]
    """Those of the phones that each label of each group sounds; of a label that is a pause, those of its marks."""

    rests: Sequence[range]
    """Those of the marks at the rest before each group; empty before the first, and where a group has no mark."""


def aligned(utterance: Utterance, groups: Sequence[BreathGroup]) -> Alignment | None:
    """Return the places of labels and rests; None where the labels are not those of the utterance's morae."""
    units = list(_units(utterance))
    labels: list[list[range]] = []
    rests: list[range] = []
    at = 0
    for number, (_, group) in enumerate(groups):
        rests.append(range(0))
        if number and at < len(units) and units[at].is_pause:
            rests[-1] = units[at].places
            at += 1
        places: list[range] = []
        while len(places) < len(group):
            taken = _taken(units[at], group[len(places) :]) if at < len(units) else []
            if not taken:
                return None
            places += taken
            at += 1
        labels.append(places)
    return Alignment(labels, rests) if at == len(units) else None


@dataclass(frozen=True, slots=True)
class _Unit:
    places: range
    is_pause: bool


def _units(utterance: Utterance) -> Iterator[_Unit]:
    """Yield the morae, and the marks between two of them."""
    marks: range | None = None
    has_spoken = False
    for mora, places in placed_morae(utterance):
        if mora is None:
            marks = places
            continue
        if marks is not None and has_spoken:
            yield _Unit(marks, is_pause=True)
        marks, has_spoken = None, True
        yield _Unit(places, is_pause=False)


def _taken(unit: _Unit, labels: Sequence[str]) -> list[range]:
    """Return the places of the first labels, which are a mora or a pause; none where they are not."""
    phones = [phone_of(label) for label in labels[: len(unit.places) + 1]]
    if unit.is_pause:
        return [unit.places] if phones[0] == _PAUSE else []
    count = next((index + 1 for index, phone in enumerate(phones) if phone in _ENDS_MORA), 0)
    if not 0 < count <= len(unit.places) or _PAUSE in phones[:count]:
        return []
    # One label may sound two phones before a vowel: the k and w of クァ.
    *consonants, vowel = unit.places
    first = len(consonants) - max(0, count - 2)
    heads = [range(unit.places.start, unit.places.start + first)] if count > 1 else []
    singles = [range(place, place + 1) for place in consonants[first:]]
    return [*heads, *singles, range(vowel, vowel + 1)] if count > 1 else [unit.places]
