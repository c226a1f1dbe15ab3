"""Voice: the shape of every kind of voice; the same code serves all kinds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.utterance import Prosody, SynthesisParams, Utterance

Waveform = npt.NDArray[np.float32]
"""Mono samples between -1 and 1, shape [samples]."""


@dataclass(frozen=True, slots=True)
class Credit:
    """Author and licence of a voice."""

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
    """Its sound, each window computed when it is needed; none where it is silent."""

    timings: Sequence[PhoneTiming] | None = None
    """Its phones in order, without gaps, complete when the windows are; None where the voice has no timings."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the sound of a sentence is divided; how it sounds is in :class:`SynthesisParams`."""

    undivided: bool = False
    """One window for the whole sentence: for a caller that needs the whole sentence."""

    raw: bool = False
    """The model's own level: for a caller that sets the level of a whole text."""

    together: tuple[Utterance, ...] = ()
    """Sentences of one text, this one among them, that may be computed in one call where that is faster.

    All are computed with the first one. The sound depends on the group, by less than is audible.
    """


WINDOWS = Delivery()
"""Small windows first, at the voice's level: what a listener gets."""


class Voice(Protocol):
    """A voice speaks one sentence at a time, window by window."""

    @property
    def name(self) -> str:
        """The name by which users and clients choose it."""

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
    def size(self) -> int:
        """Bytes that it takes in memory."""

    @property
    def is_compiled(self) -> bool:
        """Whether the form for this machine is in the data folder, or the voice needs none and can be loaded."""

    @property
    def has_spoken(self) -> bool:
        """Whether the voice has spoken on this machine before, so that it can speak at once without being compiled."""

    @property
    def report(self) -> Mapping[str, Any] | None:
        """How the form for this machine was made and why, for JSON; None where there is none."""

    def compile(self) -> None:
        """Make the form for this machine and keep it; nothing is loaded. The first time this takes minutes.

        Raises:
            HayakoeError: a file is missing or damaged, or the form cannot be kept.
        """

    def run_as_it_is(self) -> None:
        """Load from now on what is there: the form for this machine, an earlier form, or the published files.

        Raises:
            HayakoeError: there is no form, and the published files have not been proved to be harmless.
        """

    @property
    def is_ready(self) -> bool:
        """Whether everything is loaded that the next sentence needs."""

    def prepare(self) -> None:
        """Load what the first sentence would otherwise wait for; compile first where that has not been done."""

    def speak(self, utterance: Utterance, params: SynthesisParams, delivery: Delivery = WINDOWS) -> Speech:
        """Speak a sentence, in windows.

        Args:
            utterance: the sentence.
            params: how to speak it.
            delivery: how its sound is handed over.

        Raises:
            HayakoeError: the voice cannot be loaded, or what it gives is no sound.
        """

    def prosody(self, utterance: Utterance, params: SynthesisParams) -> Prosody:
        """Return the rhythm and melody of a sentence, whose ``wanted`` is not considered; much cheaper than its sound.

        What a voice cannot tell is estimated from the accent; such values are relative: :meth:`speak` follows the ratio
        between a wanted value and the one that this method returns.

        Raises:
            HayakoeError: the voice cannot be loaded, or its network fails.
        """

    def pause(self, before: Utterance, after: Utterance, params: SynthesisParams) -> float:
        """Return the seconds that a speaker rests between two sentences, silence at the end of the first included."""
