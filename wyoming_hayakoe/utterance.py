"""What text, engine and speaker share: how one sentence is read, and how it is to be spoken."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SynthesisParams:
    """How a voice is to speak."""

    style: str | None = None
    """One of the voice's styles; None is its first."""

    speed: float = 1.0
    """Length scale, as in HayaKoe: 0.9 is faster, 1.2 is slower."""

    pitch_scale: float = 1.0
    """Factor on the fundamental frequency: 0.9 is lower, 1.1 is higher."""
