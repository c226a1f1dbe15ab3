"""The sentences that are spoken for a fit, each in the ways in which users have them spoken."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_HERE = Path(__file__).parent

# Shares of the sentences that are spoken in another way than the default, and how far from it.
_WITHOUT_ACCENT = 0.2
_OTHER_SPEED, _SPEEDS = 0.35, 0.22
_OTHER_PITCH, _PITCHES = 0.25, 0.15

# Characters up to which a sentence is spoken twice: a first answer is often that short, and costs little here.
_SHORT = 6


@dataclass(frozen=True, slots=True)
class Variation:
    """A way of speaking."""

    accent: bool = True
    """Whether the pitch has the Tokyo accent; the model's own movement otherwise."""

    speed: float = 1.0
    """Factor on the durations."""

    pitch: float = 1.0
    """Factor on the pitch."""


PLAIN = Variation()
"""With accent, at the model's own speed and pitch."""


def sentences(file: Path = _HERE / "sentences.txt") -> list[str]:
    """Return the sentences of a file, one for each line; a line that begins with # is a heading."""
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def held_out() -> list[str]:
    """Return the sentences by which a fit is judged; none of them is fitted."""
    return sentences(_HERE / "held_out.txt")


def shuffled() -> list[str]:
    """Return the sentences for the fit in an order that has all kinds of them in every part."""
    found = sentences()
    np.random.default_rng(1).shuffle(found)
    return found


def spoken_ways(texts: list[str], seed: int = 2) -> Iterator[tuple[str, Variation]]:
    """Yield each sentence with a way of speaking, drawn by chance; short ones twice."""
    random = np.random.default_rng(seed)
    for text in texts:
        for _ in range(2 if len(text) <= _SHORT else 1):
            chances = random.random(3)
            speed, pitch = np.exp(random.uniform(-1, 1, 2) * (_SPEEDS, _PITCHES))
            yield (
                text,
                Variation(
                    accent=bool(chances[0] >= _WITHOUT_ACCENT),
                    speed=float(speed) if chances[1] < _OTHER_SPEED else 1.0,
                    pitch=float(pitch) if chances[2] < _OTHER_PITCH else 1.0,
                ),
            )
