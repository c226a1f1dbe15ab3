"""What is wanted of an utterance's lengths and pitches, as a voice follows it.

Lengths are followed by unit: the consonants of a mora, its vowel, a run of marks, and the rest at either end. Pitches
are followed as a factor on the voice's own: the same pitch that a voice has told of itself changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite, log
from typing import Self

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.utterance import Utterance, placed_morae

LONGEST = 5.0
"""Most seconds of a phone."""

_MOST_FACTOR = 4.0
"""The greatest factor on the pitch of a mora, and the inverse of the least one."""

# 3.5 cents, less than a tenth of what is heard; what a client rounds to three decimals changes nothing.
_SAME = 0.002

# Where in a phone the factor on its pitch begins and ends to hold, of its length.
_HELD = (0.25, 0.75)

Factors = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
"""Returns the factor on the pitch at each time, in seconds."""


@dataclass(frozen=True, slots=True)
class WantedLength:
    """The length of one unit."""

    places: range
    """Its phones in the utterance."""

    seconds: float
    """At a length scale of 1."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of an utterance, or of a part of it that a network speaks in one go."""

    lengths: Sequence[WantedLength]
    """Those of units of which every phone's is wanted; ``places`` count from the rest before the first phone."""

    pitches: Sequence[float | None]
    """That of each phone, the rests at the ends included; None leaves it to the voice."""

    @classmethod
    def of(cls, utterance: Utterance) -> Self | None:
        """Return what is wanted of a whole utterance; None where that is nothing."""
        if not utterance.wanted:
            return None
        seconds = [_clamped(each.seconds) for each in utterance.wanted]
        lengths = [length for places in _units(utterance) if (length := _length(places, seconds))]
        pitches = [_frequency(each.pitch) for each in utterance.wanted]
        return cls(lengths, pitches) if lengths or any(pitches) else None

    def part(self, first: int, count: int) -> "Wanted":
        """Return what is wanted of ``count`` phones from ``first`` on, which is 1 for the first after the rest.

        The rests at the ends of the part are those of the utterance, or nothing is wanted of them.
        """
        last = len(self.pitches) - 1
        least, most = first - (first == 1), first + count + (first + count == last)
        lengths = [
            WantedLength(range(each.places.start - first + 1, each.places.stop - first + 1), each.seconds)
            for each in self.lengths
            if least <= each.places.start and each.places.stop <= most
        ]
        return Wanted(lengths, [None, *self.pitches[first : first + count], None])

    def factors(self, own: Sequence[float], edges: Sequence[float]) -> Factors | None:
        """Return the factors on the pitch, which pass from mora to mora; None where they change nothing.

        Args:
            own: the pitch of each phone in Hz that the voice tells of itself; 0 where it has none.
            edges: seconds before each phone, and those behind the last.
        """
        times: list[float] = []
        logarithms: list[float] = []
        for place, (wanted, pitch) in enumerate(zip(self.pitches, own, strict=True)):
            if pitch > 0.0:
                start, stop = edges[place], edges[place + 1]
                times += (start + held * (stop - start) for held in _HELD)
                logarithms += [_logarithm(wanted, pitch)] * len(_HELD)
        if not any(logarithms):
            return None
        return partial(_interpolated, np.array(times), np.array(logarithms))


def retimed(
    durations: npt.NDArray[np.int64],
    spans: Sequence[tuple[int, int]],
    lengths: Sequence[WantedLength],
    frame: float,
) -> npt.NDArray[np.int64]:
    """Return the frames of a network's ids [T], those of the units in ``lengths`` changed to what is wanted.

    A unit keeps the shares of its ids, and one frame at least.

    Args:
        durations: the network's own [T].
        spans: ids of each phone, the rests at the ends included.
        lengths: what is wanted.
        frame: seconds of a frame at a length scale of 1.
    """
    changed = durations.copy()
    for length in lengths:
        ids = slice(spans[length.places.start][0], spans[length.places.stop - 1][1])
        total = round(length.seconds / frame)
        if ids.stop > ids.start and total != durations[ids].sum():
            changed[ids] = shared(durations[ids], max(1, total))
    return changed


def shared(own: npt.NDArray[np.int64], total: int) -> npt.NDArray[np.int64]:
    """Return whole numbers that sum to ``total``, as nearly as possible in the proportions of ``own``."""
    weights = own if own.sum() > 0 else np.ones_like(own)
    ends = np.rint(np.cumsum(weights) * (total / weights.sum())).astype(np.int64)
    frames: npt.NDArray[np.int64] = np.diff(ends, prepend=0)
    return frames


def _units(utterance: Utterance) -> Iterator[range]:
    """Yield the places of phones whose length is one."""
    yield range(1)
    for mora, places in placed_morae(utterance):
        vowel = places.stop - 1
        if mora is not None and vowel > places.start:
            yield range(places.start, vowel)
            yield range(vowel, places.stop)
        else:
            yield places
    yield range(len(utterance.phones) - 1, len(utterance.phones))


def _length(places: range, seconds: Sequence[float | None]) -> WantedLength | None:
    found = [each for place in places if (each := seconds[place]) is not None]
    return WantedLength(places, sum(found)) if len(found) == len(places) else None


def _clamped(seconds: float | None) -> float | None:
    """Return a length within bounds; None where it is no length."""
    return None if seconds is None or not isfinite(seconds) else min(max(seconds, 0.0), LONGEST)


def _frequency(pitch: float | None) -> float | None:
    """Return a pitch; None where it is no frequency."""
    return None if pitch is None or not isfinite(pitch) or pitch <= 0.0 else pitch


def _logarithm(wanted: float | None, own: float) -> float:
    """Return the logarithm of the factor on a pitch."""
    if wanted is None:
        return 0.0
    factor = log(wanted) - log(own)
    return 0.0 if abs(factor) < _SAME else min(max(factor, -log(_MOST_FACTOR)), log(_MOST_FACTOR))


def _interpolated(
    times: npt.NDArray[np.float64], logarithms: npt.NDArray[np.float64], at: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    factors: npt.NDArray[np.float64] = np.exp(np.interp(at, times, logarithms))
    return factors
