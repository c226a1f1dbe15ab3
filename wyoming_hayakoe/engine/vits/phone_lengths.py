"""Lengths of an utterance's phones by the durations of a VITS network, whose ids are grouped by phone."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Spans = Sequence[tuple[int, int]]
"""First id of each phone, and the one behind its last; together they cover all ids, and some may be empty."""


def spans_of_blanks(phones: int, *, add_blank: bool) -> Spans:
    """Return the spans of JP-Extra's phones: each with the blank behind it, the first with the one before it too."""
    if not add_blank:
        return [(place, place + 1) for place in range(phones)]
    return [(2 * place + (place > 0), 2 * place + 3) for place in range(phones)]


def lengths(durations: npt.NDArray[np.int64], spans: Spans, seconds: float) -> list[float]:
    """Return the seconds of each phone, of frames that last ``seconds``."""
    return [float(durations[start:stop].sum()) * seconds for start, stop in spans]


class Collected:
    """Lengths of a whole utterance, collected part by part: a network speaks a long one in several."""

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._end = 0.0

    def add(self, lengths: Sequence[float]) -> None:
        """Take the phones of the next part, with its two ends; those between two parts belong to no phone."""
        if not self._seconds:
            self._seconds.append(lengths[0])
        self._seconds += lengths[1:-1]
        self._end = lengths[-1]

    def __bool__(self) -> bool:
        return bool(self._seconds)

    @property
    def seconds(self) -> tuple[float, ...]:
        """The lengths so far, with the rests at both ends."""
        return (*self._seconds, self._end)
