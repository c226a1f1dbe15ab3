"""What voices with a network of their own have in common: a form for this machine, a place in memory, and a level."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from wyoming_hayakoe.engine.loudness import Level, gain_for
from wyoming_hayakoe.engine.prepare import rehearsal
from wyoming_hayakoe.engine.prepare.artifact import Artifact
from wyoming_hayakoe.engine.prepare.compiler import Compiler, Recipe
from wyoming_hayakoe.engine.prepare.forms import Forms
from wyoming_hayakoe.engine.runtime.model_cache import ModelCache, Place
from wyoming_hayakoe.engine.runtime.session import Execution
from wyoming_hayakoe.utterance import SynthesisParams, Utterance
from wyoming_hayakoe.voice import WINDOWS, Delivery, Speech

Network = TypeVar("Network")


@dataclass(frozen=True, slots=True)
class Resources:
    """Objects that all voices of one program share."""

    models: ModelCache
    """The voices in memory."""

    levels: Path
    """Folder in which the voices' levels are kept."""

    read: Callable[[str], Utterance]
    """Reads the sentences of the rehearsal."""

    compiler: Compiler
    """Prepares voices for this machine."""

    execution: Execution
    """The configuration of sessions."""


class PreparedVoice(ABC, Generic[Network]):
    """A voice whose network is prepared for this machine. Safe to use from several threads.

    A subclass has the other attributes of :class:`~wyoming_hayakoe.voice.Voice`.
    """

    languages = ("ja",)
    sample_rate: int

    def __init__(self, name: str, resources: Resources, how: Recipe, *, size: int, level: str) -> None:
        """Load nothing yet.

        Args:
            name: the voice's.
            resources: what it shares with others.
            how: how its network is prepared.
            size: bytes that the network takes in memory.
            level: name of the file in which the level is kept; another one whenever the voice sounds differently.
        """
        self.name = name
        self.size = size
        self._resources = resources
        self._forms = Forms(resources.compiler, how)
        self._place: Place[Network] = resources.models.place(name, size)
        self._level = Level(resources.levels / f"{level}.json", self._measure_gain)

    @property
    def is_ready(self) -> bool:
        """Whether the network is in memory, and the level is known."""
        return self._place.model is not None and self._level.is_known

    @property
    def is_compiled(self) -> bool:
        """Whether the form for this configuration is on disk, or none is made and the published graph may be loaded."""
        return self._forms.is_compiled

    @property
    def has_spoken(self) -> bool:
        """Whether its level is known on this machine, and what is here can be loaded as it is."""
        return self._level.is_kept and self._forms.can_open

    @property
    def report(self) -> Mapping[str, Any] | None:
        """How the network's form for this configuration was made, and why; None where it is not on disk."""
        return self._forms.report

    def compile(self) -> None:
        """Make the form for this machine and keep it.

        Raises:
            HayakoeError: a file is missing or damaged, or the form cannot be kept.
        """
        self._forms.compile()

    def run_as_it_is(self) -> None:
        """Load from now on what is here: this configuration's form, an earlier one, or the published graph.

        Raises:
            HayakoeError: no form is here, and the published graph may not be loaded.
        """
        self._forms.take_what_is_here()

    def prepare(self) -> None:
        """Load the network, after preparing it if need be, and measure the level if it is unknown.

        Raises:
            HayakoeError: a file is missing or damaged.
        """
        self._network()
        self._level.gain()

    @abstractmethod
    def speak(self, utterance: Utterance, params: SynthesisParams, delivery: Delivery = WINDOWS) -> Speech:
        """Speak a sentence in windows."""

    @abstractmethod
    def _open(self, compiled: Artifact | None) -> Network:
        """Return the network of a prepared form, or of the published files."""

    def _network(self) -> Network:
        """Return the network, loaded and, before that, prepared if need be."""
        if (loaded := self._place.find()) is None:
            if not self._forms.runs_as_it_is:
                # Other voices may be loaded while this one is being made.
                self._forms.compile_or_warn()
            loaded = self._place.get(self._load)
        return loaded

    def _load(self) -> Network:
        return self._forms.open(self._open)

    def _measure_gain(self) -> float:
        """Return the gain that brings the sentences of the rehearsal to the level of all voices."""
        params, whole = SynthesisParams(seed=0), Delivery(undivided=True, raw=True)
        sentences = map(self._resources.read, rehearsal.LEVEL)
        windows = [window for each in sentences for window in self.speak(each, params, whole).windows]
        return gain_for(np.concatenate(windows), self.sample_rate)
