"""The pace of a voice on this machine: measured once when the voice is prepared, kept in its report, and read again.

``report["pace"]`` holds the numbers of :class:`~wyoming_hayakoe.engine.windows.Pace`, and how the voice is divided::

    fixed, per_frame, ahead_fixed, ahead_per_frame   seconds
    safety                                           the factor by which windows are planned to cost more
    seconds, overlap, edge                           the sound of a frame; frames, see windows.plan
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from wyoming_hayakoe.engine.prepare.reports import Report, is_whole
from wyoming_hayakoe.engine.runtime.cpu import seconds_waited
from wyoming_hayakoe.engine.windows import Pace, plan

SENTENCE = 2.0
"""Seconds of the sentence that :func:`forecast` is about: a reply in a smart home."""

BUDGET = 3.0
"""Seconds after which no further round begins."""

_ROUNDS = 3

# What runs alone takes at most so many times the processor's time, divided among the threads, if it keeps them busy.
_UNEVEN = 1.5

_DIGITS = 8
_TIMES = 0.0, 1e4
_MOST_SAFETY = 10.0
_FRAME = 1e-4, 1.0
_MOST_FRAMES = 10_000


@dataclass(frozen=True, slots=True)
class Clock:
    """What a measurement reads, in seconds; only differences count."""

    now: Callable[[], float] = time.perf_counter
    computed: Callable[[], float] = time.process_time
    """Of computing in all threads of this process."""
    waited: Callable[[], float] = seconds_waited
    """For which they have waited for a processor."""


SYSTEM = Clock()
"""That of this machine."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a voice needs on this machine for a sentence, by its pace; without safety, on a machine that is idle."""

    first_audio: float
    """Seconds until its first sound leaves, from when its sentence has been analysed."""

    realtime: float
    """Seconds of computing for a second of sound."""

    waste: float
    """Frames that are computed for a frame that is spoken: the overlaps of the windows are computed twice."""

    @property
    def line(self) -> str:
        """Description of a voice that is slower than its sound, for the log; "" of a faster one."""
        if self.realtime < 1:
            return ""
        return (
            f"takes {self.realtime:.1f} s for a second of sound on this machine: it begins later, after about "
            f"{self.first_audio:.1f} s in a sentence of {SENTENCE:g} s, and then speaks without gaps"
        )


def measured(
    run: Callable[[int], object],
    lengths: Sequence[int],
    *,
    threads: int = 1,
    budget: float = BUDGET,
    clock: Clock = SYSTEM,
) -> tuple[float, float]:
    """Return the seconds that something takes whatever its length, and those for each frame.

    A voice is prepared while its machine has other work, which must not make it slow for ever: of each length the
    fastest of some rounds counts, and of that not what the threads waited for a processor, down to what the processor's
    own time suggests.

    Args:
        run: does it for so many frames.
        lengths: numbers of frames, each of which is run once, then timed in each round.
        threads: that it runs on.
        budget: seconds after which no further round begins.
        clock: measures the time.
    """
    fastest = dict.fromkeys(lengths, math.inf)
    for length in lengths:
        run(length)
    end = clock.now() + budget
    for _ in range(_ROUNDS):
        for length in lengths:
            waited, computed, start = clock.waited(), clock.computed(), clock.now()
            run(length)
            spent, computed, waited = clock.now() - start, clock.computed() - computed, clock.waited() - waited
            alone = max(_UNEVEN * computed / threads, spent - waited)
            fastest[length] = min(fastest[length], spent, alone)
        if clock.now() >= end:
            break
    return _line(fastest)


def as_json(pace: Pace, *, seconds: float, overlap: int, edge: int = 0) -> dict[str, Any]:
    """Return what ``report["pace"]`` holds; the arguments are those of :func:`~wyoming_hayakoe.engine.windows.plan`."""
    numbers = {key: round(value, _DIGITS) for key, value in asdict(pace).items()}
    return {**numbers, "seconds": seconds, "overlap": overlap, "edge": edge}


def kept_pace(report: Report) -> Pace | None:
    """Return the pace in a report, which may hold anything; None where it holds none, or one that cannot be."""
    found = report.get("pace")
    if not isinstance(found, dict):
        return None
    bounds = {field.name: (1.0, _MOST_SAFETY) if field.name == "safety" else _TIMES for field in fields(Pace)}
    if not all(_is_number(found.get(key), *each) for key, each in bounds.items()):
        return None
    return Pace(**{key: float(found[key]) for key in bounds})


def read_by(report: Report, reader: Report) -> Report:
    """Return the report of a voice whose sentences another model reads first, with what that takes in its pace.

    Args:
        report: the voice's.
        reader: that model's; its frames may have another length.
    """
    pace, before = kept_pace(report), kept_pace(reader)
    if pace is None or before is None or not accepts_pace(report) or not accepts_pace(reader):
        return report
    share = report["pace"]["seconds"] / reader["pace"]["seconds"]
    ahead = {
        "ahead_fixed": pace.ahead_fixed + before.ahead_fixed,
        "ahead_per_frame": pace.ahead_per_frame + share * before.ahead_per_frame,
    }
    return {**report, "pace": {**report["pace"], **ahead}}


def forecast(report: Report, length: float = SENTENCE) -> Forecast | None:
    """Return what a sentence of ``length`` seconds needs by the pace in a report; None where it holds none."""
    pace = kept_pace(report)
    if pace is None:
        return None
    seconds, overlap, edge = (report["pace"].get(key) for key in ("seconds", "overlap", "edge"))
    if not _is_number(seconds, *_FRAME) or not all(is_whole(each, 0, _MOST_FRAMES) for each in (overlap, edge)):
        return None
    frames = max(1, round(length / seconds))
    windows = plan(frames, overlap, seconds=seconds, pace=pace, edge=edge)
    costs = [pace.window(window.last - window.first) for window in windows]
    held = sum(window.is_held for window in windows)
    ahead = pace.ahead(frames)
    return Forecast(
        first_audio=ahead + sum(costs[: held + 1]),
        realtime=(ahead + sum(costs)) / (frames * seconds),
        waste=sum(window.last - window.first for window in windows) / frames,
    )


def accepts_pace(report: Report) -> bool:
    """Return whether a report holds a pace, and everything that is read of it can be."""
    return forecast(report) is not None


def _line(fastest: Mapping[int, float]) -> tuple[float, float]:
    """Return the line through what some lengths take, with the least error relative to each."""
    lengths = np.array([*fastest], dtype=np.float64)
    times = np.maximum(np.array([*fastest.values()], dtype=np.float64), np.finfo(np.float64).tiny)
    weighted = np.stack([1 / times, lengths / times], axis=1)
    fixed, per_frame = np.linalg.lstsq(weighted, np.ones(len(lengths)), rcond=None)[0]
    if len(lengths) > 1 and fixed >= 0 and per_frame >= 0:
        return float(fixed), float(per_frame)
    # Noise: no window takes less for more frames, or nothing.
    return 0.0, float(np.max(times / lengths))


def _is_number(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
