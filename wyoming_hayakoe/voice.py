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

    def prepare(self) -> None:
        """Load what the first sentence would otherwise wait for."""

    def speak(self, utterance: Utterance, params: SynthesisParams) -> Iterator[Waveform]:
        """Yield a sentence in windows, each computed when it is asked for; none where it says nothing."""
