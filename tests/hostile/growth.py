"""Whether the time of a call grows faster than its input: measured as it grows, so that nothing runs for minutes."""

import time
from collections.abc import Callable

_SMALL = (4, 6, 8, 11, 15, 20, 27, 36, 48, 64)
"""Sizes in steps so small that exponential time, too long for one of them, ends at the next."""
_TOO_LONG = 0.02
"""Seconds for 64 characters that only exponential time takes."""

_FACTOR = 8
_SUPER_LINEAR = 2 * _FACTOR
"""Times as long for ``_FACTOR`` times the size: linear time takes 8, quadratic 64."""
_NOISE = 2e-5
_SURE = 0.01
"""Seconds: what takes less than the first is not told apart, and what takes the second is no noise."""


def seconds(call: Callable[[str], object], text: str, runs: int = 1) -> float:
    """Return the seconds of the thread for a call: the fastest of its runs."""
    best = float("inf")
    for _ in range(runs):
        start = time.thread_time()
        call(text)
        best = min(best, time.thread_time() - start)
    return best


def is_exponential(call: Callable[[str], object], text: Callable[[int], str]) -> bool:
    """Return True if ``call`` takes long for a few characters already."""
    return any(seconds(call, text(size)) > _TOO_LONG and seconds(call, text(size)) > _TOO_LONG for size in _SMALL)


def is_super_linear(call: Callable[[str], object], text: Callable[[int], str], size: int = 256) -> bool:
    """Return True if ``call`` takes clearly more than linear time on ``text(n)``; n grows until that is certain."""
    for runs in (1, 3, 3, 3, 3):
        short, long = (max(_NOISE, seconds(call, text(each), runs)) for each in (size, size * _FACTOR))
        if long < _SUPER_LINEAR * short:
            return False
        if runs > 1 and long > _SURE:
            return True
        size *= runs
    return True
