"""The windows in which the generator computes a sentence: small at first, then growing as fast as the sound allows."""

from dataclasses import dataclass
from math import ceil

HOP = 300
"""Samples of a frame of the latent: 12.5 ms. The prosody's frames have two of them."""

OVERLAP = 6
"""Frames to either side that a window is computed with, and that are dropped: with 75 ms the error is below -85 dB."""

EDGE = 2
"""The same at the two ends of a sentence, where all around is silence: the error is 85 dB below the peak."""

# 0.15 s, then up to three times as much, up to 2.7 s. Each boundary between two windows costs twice the overlap.
_FIRST = 12
_MOST_GROWTH = 3
_LONGEST = 216

# Where a machine needs nearly as long as the sound lasts, the first window is longer, and the others grow less.
_LONGEST_FIRST = 60
_ROOM = 1.3
_SLOWEST = 0.8


@dataclass(frozen=True, slots=True)
class GeneratorWindow:
    """Frames ``start`` to ``stop``, for whose sound the generator computes ``first`` to ``last``."""

    start: int
    stop: int
    first: int
    last: int


def plan(start: int, stop: int, frames: int, pace: float | None = None) -> list[GeneratorWindow]:
    """Return the windows of frames ``start`` to ``stop`` of a sentence of ``frames``, each with its overlap.

    Each is as long as can be computed while the one before it sounds.

    Args:
        start: the first frame.
        stop: the frame after the last one.
        frames: those of the whole sentence.
        pace: seconds of computing for a second of sound; None for a fast machine.
    """
    slow = min(pace or 0.0, _SLOWEST)
    # So long that one as long, with its overlaps, is computed meanwhile.
    least = _ROOM * 2 * OVERLAP * slow / (1 - slow)
    size = min(max(_FIRST, ceil(least)), _LONGEST_FIRST)
    windows = []
    at = start
    while at < stop:
        # A remainder shorter than half a window is not worth a boundary.
        end = at + size if stop - at > size + size // 2 else stop
        before, after = (EDGE if each in {start, stop} else OVERLAP for each in (at, end))
        windows.append(GeneratorWindow(at, end, max(0, at - before), min(frames, end + after)))
        most = int(size / slow) - 2 * OVERLAP if slow else _LONGEST
        at, size = end, min(max(size, most), _MOST_GROWTH * size, _LONGEST)
    return windows
