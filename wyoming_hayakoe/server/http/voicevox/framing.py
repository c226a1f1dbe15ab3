"""Exact silences at both ends of a sound that arrives in windows."""

import numpy as np

# Of 16 bits: 60 dB below full scale. The room of a recording is below it, the softest consonant's begin is not.
_AUDIBLE = 33
# Seconds that are kept on either side of what is audible, as a part of the silence: the begin of a soft consonant.
_KEPT = 0.01


class Framing:
    """Replaces the silence before and behind a sound, mono 16-bit PCM, by another length of it."""

    def __init__(self, rate: int, *, lead: float, tail: float, volume: float = 1.0) -> None:
        """Begin with ``lead`` seconds of silence and end with ``tail``.

        Args:
            rate: samples per second.
            lead: seconds.
            tail: seconds.
            volume: the factor that the sound has already; of one that it makes silent, all is kept.
        """
        self._audible = int(_AUDIBLE * min(volume, 1.0)) if volume > 0.0 else -1
        self._kept = round(_KEPT * rate)
        self._lead = max(0, round(lead * rate) - self._kept)
        self._tail = max(0, round(tail * rate) - self._kept)
        self._has_begun = False
        self._held = np.zeros(0, dtype=np.int16)

    def feed(self, pcm: bytes) -> bytes:
        """Return what is certain to be heard after a further window."""
        samples = np.concatenate([self._held, np.frombuffer(pcm, dtype="<i2")])
        audible = np.flatnonzero(np.abs(samples.astype(np.int32)) > self._audible)
        if not len(audible):
            self._held = samples if self._has_begun else samples[len(samples) - self._kept :]
            return b""
        start = 0
        before = b""
        if not self._has_begun:
            self._has_begun = True
            start = max(0, int(audible[0]) - self._kept)
            before = bytes(2 * (self._lead + max(0, self._kept - int(audible[0]))))
        stop = int(audible[-1]) + 1
        self._held = samples[stop:]
        return before + samples[start:stop].astype("<i2").tobytes()

    def finish(self) -> bytes:
        """Return the silence at the end; of a sound without any, both silences."""
        if not self._has_begun:
            return bytes(2 * (self._lead + self._tail + 2 * self._kept))
        kept = self._held[: self._kept]
        return kept.astype("<i2").tobytes() + bytes(2 * (self._kept - len(kept) + self._tail))
