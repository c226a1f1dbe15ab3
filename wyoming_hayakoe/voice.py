"""The shape that every voice has, so that the built-in one and a neural one are served by the same code."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.utterance import SynthesisParams, Utterance

Waveform = npt.NDArray[np.float32]
"""Mono samples between -1 and 1, shape [samples]."""


@dataclass(frozen=True, slots=True)
class Credit:
    """Who made a voice, and under which terms."""

    author: str
    url: str
    licence: str


@dataclass(frozen=True, slots=True)
class PhoneTiming:
    """When one phone sounds."""

    phone: str
    """A JP-Extra phone; ``_`` is the rest, or the blank, between two others."""

    start: float
    """Seconds from the start of the sound."""

    duration: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Speech:
    """One sentence as it is being spoken."""

    windows: Iterator[Waveform]
    """Its sound, each window computed when it is asked for; none where it says nothing."""

    timings: Sequence[PhoneTiming] | None = None
    """Its phones in order, without gaps, complete when the windows are; None where the voice does not know them."""


class Voice(Protocol):
    """Something that speaks one sentence, window by window."""

    @property
    def name(self) -> str:
        """The name that users and clients choose it by."""

    @property
    def description(self) -> str:
        """A few words for a list of voices."""

    @property
    def languages(self) -> Sequence[str]:
        """Language tags, ``ja`` for Japanese."""

    @property
    def styles(self) -> Sequence[str]:
        """Ways of speaking; the first is the default."""

    @property
    def sample_rate(self) -> int:
        """Samples per second of what :meth:`speak` yields."""

    @property
    def credit(self) -> Credit:
        """Author and licence."""

    @property
    def is_ready(self) -> bool:
        """Whether everything is loaded that the next sentence needs."""

    def prepare(self) -> None:
        """Load what the first sentence would otherwise wait for."""

    def speak(
        self,
        utterance: Utterance,
        params: SynthesisParams,
        *,
        together: Sequence[Utterance] = (),
        undivided: bool = False,
        raw: bool = False,
    ) -> Speech:
        """Speak a sentence, in windows.

        Args:
            utterance: the sentence.
            params: how to speak it.
            together: sentences of one text, this one among them, that are computed in one call where that is faster;
                the first of them pays for all. The sound depends on who they are, by less than one can hear.
            undivided: compute it in one window, for whoever waits for the whole.
            raw: as loud as the model gives it, for whoever sets the level of the whole.

        Raises:
            HayakoeError: the voice cannot be loaded, or what it gives is no sound.
        """

    def pause(self, before: Utterance, after: Utterance, params: SynthesisParams) -> float:
        """Return the seconds that a speaker rests between two sentences, silence at the end of the first included."""
