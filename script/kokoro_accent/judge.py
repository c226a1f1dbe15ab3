"""Measures of accent: whether the pitch falls where the front end reads a fall, and whether it jumps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.kokoro.phonemes import Line, SpokenMora

Curve = npt.NDArray[np.float32]

LOWEST = 60.0
"""Hz of the lowest frame that counts as voiced."""

JUMP = 3.0 * 12.5 / 10
"""Semitones between neighbouring frames, 12.5 ms apart, that are a jump: 3 in 10 ms."""

_FEWEST = 2
"""Voiced frames of a mora that has a pitch."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line with the model's durations [symbols + 2] and pitch [frames], in Hz."""

    line: Line
    durations: npt.NDArray[np.int64]
    f0: Curve


@dataclass(slots=True)
class Movements:
    """Semitones that the pitch moves by, in all sentences of a voice."""

    falls: list[float] = field(default_factory=list)
    """From an accent nucleus over two morae."""
    flat: list[float] = field(default_factory=list)
    """From a high mora over two more that are high."""
    low_high: list[float] = field(default_factory=list)
    """From the first mora to the second where a phrase begins low."""
    high_low: list[float] = field(default_factory=list)
    """From the first mora to the second where a phrase begins high."""

    def add(self, spoken: Spoken, f0: Curve, *, steady: bool) -> None:
        """Add those of one line that is spoken with ``f0``; ``steady`` leaves out the edges of voiced stretches."""
        heights = mora_heights(spoken, f0, steady=steady)
        morae = list(zip(spoken.line.morae, heights, strict=True))[: _without_rise(spoken.line)]
        for three in zip(morae, morae[1:], morae[2:], strict=False):
            self._add_three([mora for mora, _ in three], three[2][1] - three[0][1])
        for index, ((first, low), (second, high)) in enumerate(pairwise(morae)):
            is_start = index == 0 or morae[index - 1][0].phrase != first.phrase
            if is_start and first.phrase == second.phrase and first.high != second.high and np.isfinite(high - low):
                (self.low_high if second.high else self.high_low).append(high - low)

    def _add_three(self, morae: Sequence[SpokenMora], moved: float) -> None:
        if len({mora.phrase for mora in morae}) > 1 or not np.isfinite(moved):
            return
        if morae[0].high and not morae[1].high:
            self.falls.append(moved)
        elif all(mora.high for mora in morae):
            self.flat.append(moved)

    @property
    def fall_auc(self) -> float:
        """Chance that a fall is deeper than what should be flat."""
        return auc(self.falls, self.flat)

    @property
    def rise_auc(self) -> float:
        """Chance that a phrase that begins low rises more than one that begins high."""
        return auc(self.high_low, self.low_high)


def mora_heights(spoken: Spoken, f0: Curve, *, steady: bool) -> list[float]:
    """Return each mora's semitones over 100 Hz: the median of its later half; NaN where it is unvoiced.

    With ``steady`` frames are left out that the model's own curve moves to or from by more than 3 semitones:
    there voice begins or ends, and what is written as pitch is heard as none.
    """
    ends = 2 * np.cumsum(spoken.durations)
    counts = f0 > LOWEST
    if steady:
        counts &= _is_steady(spoken.f0)
    frames = [range(ends[mora.start], ends[mora.stop]) for mora in spoken.line.morae]
    voiced = [f0[each][counts[each]] for each in map(_slice, frames)]
    return [float(12 * np.log2(np.median(x[len(x) // 2 :]) / 100)) if len(x) >= _FEWEST else np.nan for x in voiced]


def _without_rise(line: Line) -> int:
    """Return how many morae there are before the last syllable of a question, whose rise is no accent."""
    count = len(line.morae)
    if not line.symbols.endswith("?"):
        return count
    while count and line.morae[count - 1].kana in "ーンッ":
        count -= 1
    return max(count - 1, 0)


def auc(lower: Sequence[float], higher: Sequence[float]) -> float:
    """Return the chance that one of ``lower`` is under one of ``higher``."""
    left, right = np.array(lower)[:, None], np.array(higher)[None]
    return float((left < right).mean() + 0.5 * (left == right).mean())


def new_jumps(own: Curve, f0: Curve) -> Iterator[int]:
    """Yield the frames at which ``f0`` jumps inside a voiced stretch and the model's own curve does not."""
    voiced = (own > LOWEST) & (f0 >= LOWEST)
    is_new = voiced[1:] & voiced[:-1] & (_steps(f0) > JUMP) & (_steps(own) <= JUMP)
    yield from np.flatnonzero(is_new).tolist()


def _is_steady(f0: Curve) -> npt.NDArray[np.bool_]:
    near = (_steps(f0) < 3) & (f0[1:] > LOWEST) & (f0[:-1] > LOWEST)
    return np.append(near, True) & np.append(True, near)


def _steps(f0: Curve) -> npt.NDArray[np.float64]:
    return np.abs(12 * np.diff(np.log2(np.maximum(f0.astype(np.float64), 1))))


def _slice(frames: range) -> slice:
    return slice(frames.start, frames.stop)
