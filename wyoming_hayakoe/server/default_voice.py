"""The choice of the default voice by its pace: how long this machine computes for a second of its sound."""

from wyoming_hayakoe.engine.prepare.pace import forecast
from wyoming_hayakoe.engine.windows import SAFETY
from wyoming_hayakoe.voice import Voice

SLOWEST = 1 / SAFETY
"""The pace, in seconds of computing for a second of sound, up to which a machine keeps up with a voice."""


def pace_of(voice: Voice) -> float | None:
    """Return what was measured when the voice was prepared for this machine; None where it was not. Reads a file."""
    found = forecast(voice.report or {})
    return found.realtime if found else None


def keeps_up(pace: float | None) -> bool:
    """Return whether speech of this pace has no gaps; False where it is not known."""
    return pace is not None and pace <= SLOWEST


def default_line(preferred: str, other: str, pace: float | None, *, is_coming: bool) -> str:
    """Return which of two voices is the default and why, for the log.

    Args:
        preferred: the voice that is the default where this machine keeps up with it.
        other: the voice that is the default otherwise.
        pace: the pace of the preferred one; None where it has not been measured.
        is_coming: whether the preferred one is still being prepared.
    """
    if keeps_up(pace):
        return f"default voice: {preferred} ({pace:.2f} s of computing for a second of sound)"
    if pace is None and is_coming:
        return f"default voice: {other}, until {preferred} is prepared for this machine"
    reason = "runs unprepared" if pace is None else f"takes {pace:.2f} s for a second of sound on this machine"
    return f"default voice: {other}, since {preferred} {reason}; --voice {preferred} chooses it nevertheless"
