"""The windows in which a decoder computes a sentence: small at first, then as long as the sound before them lasts.

Playback begins when the first sound leaves. It starves where a window is complete only after all sound before it has
been played. What a window costs on this machine is its :class:`Pace`; the first window is the smallest one after which
playback never starves, or a little longer where that saves much work, and each further one is as long as the sound in
hand allows, since each boundary between two windows costs twice the overlap.

On a machine that is slower than the sound, playback begins later: so much of the sentence is computed first that the
rest is complete in time. This beginning may be many windows, for the memory that one takes; all leave together.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import ceil

import numpy as np

from wyoming_hayakoe.voice import Waveform

SAFETY = 1.4
"""The factor by which the measured cost is taken to be higher: the rest of each second is for the other work of a small
board. Nearer to 1, whatever else it does is heard as a gap."""

# Seconds of the smallest first window, and of the longest one, whose memory bounds that of the voice.
_SMALLEST = 0.145
_LONGEST = 2.5

# What is left is taken into one window up to so many times the longest.
_STRETCH = 1.5

# The first sound may come later by a tenth of the work that this saves, and the first window be longer by half; so many
# lengths are tried. On a machine that just keeps up, the smallest first window is followed by a dozen of its
# own length in 5 s of sound, where 1.7 frames are computed for one that is heard (0.4 s for a second of sound).
_WORTH = 0.1
_LATER = 0.5
_STEPS = 8

# Seconds of computing for a second of sound where nothing was measured.
_UNMEASURED = 0.15

_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Window:
    """Frames ``start`` to ``stop``, for whose sound the decoder computes ``first`` to ``last``."""

    start: int
    stop: int
    first: int
    last: int

    is_held: bool = False
    """Whether its sound leaves only together with that of the next window."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a sentence costs on this machine, in seconds."""

    fixed: float
    """Of a window, whatever its length."""

    per_frame: float
    """Of each frame that a window is computed with, the overlaps included."""

    ahead_fixed: float = 0.0
    """Of what comes before the first window, whatever the sentence."""

    ahead_per_frame: float = 0.0
    """Of that, for each frame of the sentence."""

    safety: float = SAFETY
    """See :data:`SAFETY`."""

    def window(self, frames: int) -> float:
        """Return the seconds that a window of ``frames`` takes, its overlaps included; without safety."""
        return self.fixed + frames * self.per_frame

    def ahead(self, frames: int) -> float:
        """Return the seconds that a sentence of ``frames`` takes before its first window; without safety."""
        return self.ahead_fixed + frames * self.ahead_per_frame


def plan(
    frames: int,
    overlap: int,
    *,
    seconds: float,
    pace: Pace | None = None,
    span: tuple[int, int] | None = None,
    edge: int = 0,
) -> list[Window]:
    """Return the windows of a sentence.

    Args:
        frames: those of the whole sentence.
        overlap: frames to either side that a window is computed with, and that are dropped.
        seconds: the sound of a frame.
        pace: None where it was not measured: a fast machine.
        span: the first frame that is spoken, and the one after the last; None for all.
        edge: the overlap at the two ends of ``span``.
    """
    start, stop = span or (0, frames)
    pace = pace or Pace(0.0, _UNMEASURED * seconds)
    planner = _Planner(overlap, min(edge, overlap), seconds, pace)
    head, tail = planner.divide(max(0, stop - start))
    places = [start, *accumulate([*head, *tail], initial=start)][1:]
    windows = []
    for number, (begin, end) in enumerate(pairwise(places)):
        before, after = (edge if each in {start, stop} else overlap for each in (begin, end))
        is_held = number + 1 < len(head)
        windows.append(Window(begin, end, max(0, begin - before), min(frames, end + after), is_held))
    return windows


def whole(frames: int) -> list[Window]:
    """Return all of a sentence as one window."""
    return [Window(0, frames, 0, frames)]


def computed(windows: Iterable[Window], compute: Callable[[Window], Waveform]) -> Iterator[Waveform]:
    """Yield the sound of ``windows``, each computed when the iterator is advanced; that of held ones with the next.

    Args:
        windows: as :func:`plan` returns them.
        compute: returns the sound of frames ``start`` to ``stop`` of a window.
    """
    held: list[Waveform] = []
    for window in windows:
        held.append(compute(window))
        if not window.is_held:
            yield held[0] if len(held) == 1 else np.concatenate(held)
            held = []


class _Planner:
    """The division of sentences by one pace; all sizes are in frames."""

    def __init__(self, overlap: int, edge: int, seconds: float, pace: Pace) -> None:
        self._overlap = overlap
        self._edge = edge
        self._seconds = seconds
        self._fixed = pace.safety * pace.fixed
        self._per_frame = max(_TINY, pace.safety * pace.per_frame)
        self._smallest = max(1, round(_SMALLEST / seconds))
        self._longest = max(self._smallest, round(_LONGEST / seconds))
        # A shorter one would be overlap for the most part.
        self._least = max(self._smallest, 2 * overlap)

    def divide(self, length: int) -> tuple[list[int], list[int]]:
        """Return the sizes of the windows whose sound leaves first, together, and of those after them."""
        if not length:
            return [], []
        least = self._head(length)
        longer = range(least, min(length, int((1 + _LATER) * least)) + 1, max(1, int(_LATER * least) // _STEPS))
        found = [(self._pieces(head), self._tail(head, length)) for head in (*longer, length)]
        return min(((head, tail) for head, tail in found if tail is not None), key=lambda each: self._price(*each))

    def _price(self, head: Sequence[int], tail: Sequence[int]) -> float:
        """Return the seconds until the first sound, and a share of those for all."""
        spared = self._per_frame * (self._overlap - self._edge)
        first = sum(map(self._cost, head)) - spared
        if not tail:
            return (1 + _WORTH) * (first - spared)
        return first + _WORTH * (first + sum(map(self._cost, tail)) - spared)

    def _cost(self, size: int) -> float:
        """Return the seconds of a window with its overlaps, in the middle of a sentence."""
        return self._fixed + self._per_frame * (size + 2 * self._overlap)

    def _head(self, length: int) -> int:
        """Return the smallest beginning after which playback does not starve: by bisection, since longer ones do."""
        low, high = min(self._smallest, length), length
        while low < high:
            middle = (low + high) // 2
            if self._tail(middle, length) is None:
                low = middle + 1
            else:
                high = middle
        return low

    def _pieces(self, head: int) -> list[int]:
        """Return a beginning in windows of about one length, for the memory that each takes."""
        count = 1 if head <= _STRETCH * self._longest else ceil(head / self._longest)
        cuts = [head * number // count for number in range(count + 1)]
        return [after - before for before, after in pairwise(cuts)]

    def _tail(self, head: int, length: int) -> list[int] | None:
        """Return the windows behind a beginning; None where playback starves, or only scraps would prevent that.

        Each is as long as can be computed while the sound before it is played: there is no division that has computed
        more after as many windows.
        """
        sizes: list[int] = []
        at, spent = head, 0.0
        while at < length:
            most = int((self._seconds * at - spent - self._fixed) / self._per_frame)
            rest = length - at
            if rest + self._overlap + self._edge <= most and rest <= _STRETCH * self._longest:
                sizes.append(rest)
                break
            size = min(most - 2 * self._overlap, self._longest)
            if size < self._least:
                return None
            sizes.append(size)
            at += size
            spent += self._cost(size)
        return sizes
