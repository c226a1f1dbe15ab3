"""How fast each voice is on this machine: as measured while it speaks, and before that by its report."""

from wyoming_hayakoe.engine.prepare.pace import forecast
from wyoming_hayakoe.voice import Voice

# Weight of what was measured before, once a further sentence is: the last ten matter most.
_MEMORY = 0.9


class VoicePaces:
    """Seconds of computing for a second of sound, by voice."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._measured: dict[str, tuple[float, float]] = {}

    def learn(self, voice: str, *, sound: float, computing: float) -> None:
        """Note a sentence of a voice: the seconds that it lasts, and took."""
        if sound > 0.0:
            before_sound, before_computing = self._measured.get(voice, (0.0, 0.0))
            self._measured[voice] = _MEMORY * before_sound + sound, _MEMORY * before_computing + computing

    def of(self, voice: Voice) -> float | None:
        """Return the seconds that a second of a voice's sound takes; None where nothing is known. Reads files."""
        if (measured := self._measured.get(voice.name)) is not None:
            sound, computing = measured
            return computing / sound
        found = forecast(voice.report or {})
        return found.realtime if found else None
