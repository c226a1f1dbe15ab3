"""Lengths of an utterance's phones by the durations of a VITS network, whose ids are grouped by phone.

The network follows wanted lengths exactly. It has no pitch of its own that could be changed: a wanted one is a factor
on that of its finished sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.nominal_prosody import nominal_pitches
from wyoming_hayakoe.engine.vits.synthesizer import Retime
from wyoming_hayakoe.engine.wanted_prosody import Factors, Wanted, retimed
from wyoming_hayakoe.utterance import Utterance

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


@dataclass(frozen=True, slots=True)
class Course:
    """What is wanted of an utterance whose parts follow one another."""

    wanted: Wanted | None
    own: Sequence[float]
    """The pitch of each phone in Hz that the voice tells of itself."""

    @classmethod
    def of(cls, utterance: Utterance) -> "Course":
        """Return that of a whole utterance."""
        wanted = Wanted.of(utterance)
        return cls(wanted, nominal_pitches(utterance) if wanted and any(wanted.pitches) else ())

    def part(self, first: int, count: int) -> "Course":
        """Return that of ``count`` phones from ``first`` on, which is 1 for the first after the rest."""
        if self.wanted is None:
            return self
        return Course(self.wanted.part(first, count), (0.0, *self.own[first : first + count], 0.0) if self.own else ())

    def retime(self, spans: Spans, frame: float) -> Retime | None:
        """Return what changes the network's durations; None where nothing does.

        Args:
            spans: those of the part's phones.
            frame: seconds of a frame at a length scale of 1.
        """
        if self.wanted is None or not self.wanted.lengths:
            return None
        return partial(retimed, spans=spans, lengths=self.wanted.lengths, frame=frame)

    @property
    def changes_pitch(self) -> bool:
        """Whether the sound's pitch is to be changed."""
        return bool(self.own) and self._factors(range(len(self.own) + 1)) is not None

    def factors(self, durations: npt.NDArray[np.int64] | None, spans: Spans, frame: float) -> Factors | None:
        """Return the factors on the pitch of the sound; None where they change nothing, or no durations are known.

        Args:
            durations: frames of each id.
            spans: those of the part's phones.
            frame: seconds of a frame in the sound.
        """
        if durations is None or not self.own:
            return None
        ends = np.concatenate([[0], np.cumsum(durations)]) * frame
        return self._factors([*(float(ends[start]) for start, _ in spans), float(ends[-1])])

    def _factors(self, edges: Sequence[float]) -> Factors | None:
        return self.wanted.factors(self.own, edges) if self.wanted is not None else None
