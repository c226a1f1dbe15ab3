"""Passages: what is spoken one after another, and in what manner."""

from dataclasses import dataclass, replace

from wyoming_hayakoe.utterance import RANGES, SynthesisParams

LONGEST_REST = 10.0
"""Seconds of silence between two passages, at most."""

LOUDEST = 2.0
"""Greatest factor on the level of a voice."""

_LEAST, _MOST = 0.1, 10.0


@dataclass(frozen=True, slots=True)
class Manner:
    """How a passage differs from the rest of a text: factors on what the listener has chosen."""

    rate: float = 1.0
    """Factor on the rate of speech: 2 is twice as fast."""

    pitch: float = 1.0
    """Factor on the fundamental frequency."""

    intonation: float = 1.0
    """Factor on the pitch's deviation from its mean."""

    volume: float = 1.0
    """Factor on the level, from 0 to `LOUDEST`."""

    voice: str | None = None
    """Name of the voice; None is the listener's."""

    def times(self, *, rate: float = 1.0, pitch: float = 1.0, intonation: float = 1.0, volume: float = 1.0) -> "Manner":
        """Return this manner with further factors, within bounds however deep such elements nest."""
        return replace(
            self,
            rate=_between(self.rate * rate, _LEAST, _MOST),
            pitch=_between(self.pitch * pitch, _LEAST, _MOST),
            intonation=_between(self.intonation * intonation, 0.0, _MOST),
            volume=_between(self.volume * volume, 0.0, LOUDEST),
        )

    def applied(self, params: SynthesisParams) -> SynthesisParams:
        """Return ``params`` for a passage in this manner, each within its range."""
        if self.rate == self.pitch == self.intonation == 1.0:
            return params
        return replace(
            params,
            speed=_between(params.speed / self.rate, *RANGES["speed"]),
            pitch_scale=_between(params.pitch_scale * self.pitch, *RANGES["pitch_scale"]),
            intonation_scale=_between(params.intonation_scale * self.intonation, *RANGES["intonation_scale"]),
        )


PLAIN = Manner()
"""As the listener has chosen."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence, or a part of one that differs in manner from the rest."""

    text: str
    """The text; empty where there is only a rest."""

    manner: Manner = PLAIN
    """How it is spoken."""

    rest: float | None = None
    """Seconds of silence before it; None is what the voice rests between two sentences."""

    is_paragraph: bool = False
    """Whether ``rest`` is one between two paragraphs: silence between sentences is added to it too."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A place in a text from which on it is spoken in another manner, or after a rest."""

    manner: Manner
    """From here on."""

    rest: float | None = None
    """Seconds of silence here; None if there is no rest but that of a sentence's end."""

    is_between: bool = False
    """Whether the rest is one between two passages: none at the ends of a text, and the longest of several counts."""


def _between(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
