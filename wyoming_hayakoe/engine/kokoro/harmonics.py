"""The harmonics of the voice's pitch, for a whole sentence or a window of it.

The source draws nine sines, the pitch and its multiples, joins them, and takes the spectrum of each 20 samples. Nothing
in it is random. The phase of a sine is the sum of all frequencies before; here it is summed for the whole sentence, and
the graph gets it for each sample of a window. What remains depends on the samples beside a window only.

The phase has to be the published graph's to the last bit: nine sines leave next to nothing in the upper half of the
spectrum, and of next to nothing the phase is decided by rounding errors. So these are computed as well.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.runtime.session import Session

RATE: Final = 24_000
"""Samples a second."""

HARMONICS: Final = 9
"""The sines, the pitch itself among them."""

SAMPLES_OF_POINT: Final = 300
"""Samples in a point of the pitch: 12.5 ms."""

FRAMES_OF_POINT: Final = 60
"""Frames of the harmonics in a point of the pitch."""

_AROUND = 1
"""Points on each side that a window is computed with: the spectrum at a border has 10 samples on each side."""

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


def phases(f0: Floats) -> Floats:
    """Return the phase of each harmonic in the middle of each point, in radians, summed from the sentence's beginning.

    Args:
        f0: pitch of the whole sentence in Hz, [1, P].

    Returns:
        [1, 9, P].
    """
    multiples = np.arange(1, HARMONICS + 1, dtype=np.float32).reshape(1, -1, 1)
    turns = f0.astype(np.float32)[:, None, :] * multiples / np.float32(RATE)
    turns -= np.floor(turns)
    # The published graph repeats each point for its samples, and takes it back from between the middle two.
    count = f0.shape[1]
    _, _, before, after = _between(np.arange(count), np.float32(1 / SAMPLES_OF_POINT), count * SAMPLES_OF_POINT)
    summed = np.cumsum(_mixed(turns * before, turns * after), axis=2, dtype=np.float32)
    return summed * np.float32(2.0) * np.float32(np.pi) * np.float32(SAMPLES_OF_POINT)


def lines(phase: Floats, start: int, stop: int) -> Floats:
    """Return the phase at each sample of the points from ``start`` to ``stop``: lines between the points' middles.

    Args:
        phase: of :func:`phases`, [1, 9, P].
        start: the first point.
        stop: the point after the last one.

    Returns:
        [1, 9, 300 (stop - start)].
    """
    samples = np.arange(start * SAMPLES_OF_POINT, stop * SAMPLES_OF_POINT)
    low, high, before, after = _between(samples, np.float32(SAMPLES_OF_POINT), phase.shape[2])
    return _mixed(phase[:, :, low] * before, phase[:, :, high] * after)


def harmonics(source: Session, f0: Floats, phase: Floats, start: int, stop: int) -> Floats:
    """Return the harmonics of the points from ``start`` to ``stop``, as they are when all points are computed.

    Args:
        source: the stage.
        f0: pitch of the whole sentence, [1, P].
        phase: of :func:`phases`, [1, 9, P].
        start: the first point.
        stop: the point after the last one.

    Returns:
        [1, 22, 60 (stop - start) + 1]: magnitudes and phases of 11 frequencies. Windows that follow each other share
        the frame at their border.
    """
    low, high = max(0, start - _AROUND), min(f0.shape[1], stop + _AROUND)
    feeds = {"f0": np.ascontiguousarray(f0[:, low:high]), "phase": lines(phase, low, high)}
    found: Floats = source.run(["harmonics"], feeds)[0]
    first = FRAMES_OF_POINT * (start - low)
    return found[:, :, first : first + FRAMES_OF_POINT * (stop - start) + 1]


def _between(positions: Integers, scale: np.float32, count: int) -> tuple[Integers, Integers, Floats, Floats]:
    """Return what ONNX Runtime's linear ``Resize`` mixes at each position of its result.

    Returns:
        The point before and the point after it, and the share of each.
    """
    half = np.float32(0.5)
    exact = np.clip((positions.astype(np.float32) + half) / scale - half, np.float32(0), np.float32(count - 1))
    low = np.floor(exact).astype(np.int64)
    high = np.minimum(low + 1, count - 1)
    before, after = np.abs(exact - high.astype(np.float32)), np.abs(exact - low.astype(np.float32))
    is_last = low == high
    return low, high, np.where(is_last, half, before), np.where(is_last, half, after)


def _mixed(before: Floats, after: Floats) -> Floats:
    """Return the sum of shares of points, [1, 9, N], rounded as ONNX Runtime's.

    It mixes along all three axes. Those that it keeps have one point, or have a last one: there it mixes the point with
    itself, in halves, and adds them one after another.
    """
    result = np.empty_like(before)
    for rows, times in ((slice(0, HARMONICS - 1), 2), (slice(HARMONICS - 1, HARMONICS), 4)):
        one, other = (each[:, rows] / np.float32(times) for each in (before, after))
        total = one + other
        for _ in range(times - 1):
            total += one
            total += other
        result[:, rows] = total
    return result
