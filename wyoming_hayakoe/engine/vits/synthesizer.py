"""One voice's network: from phones and features to sound, stage by stage."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs.checks import check
from wyoming_hayakoe.engine.graphs.reach import UncuttableError
from wyoming_hayakoe.engine.prepare.artifact import Artifact
from wyoming_hayakoe.engine.runtime.cpu import has_little_memory
from wyoming_hayakoe.engine.runtime.heap import give_back
from wyoming_hayakoe.engine.runtime.session import Execution, Feeds, Session, shapes
from wyoming_hayakoe.engine.vits.kind import NetworkInputs, NetworkKind
from wyoming_hayakoe.engine.vits.stages import LoadedStages, decode, encode, flow_feeds, turn
from wyoming_hayakoe.engine.windows import Window, computed, plan
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Waveform

_LOGGER = logging.getLogger(__name__)

# Phones of the sentence that is spoken to its end to try a network; the longest one only begins.
_TRIED = 50

# 70 s, longer than any sentence. The flow's attention takes memory by the square of this.
_MOST_FRAMES = 6000


Retime = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]
"""Takes the network's frames of each phone [T], and returns others."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence whose sound is being computed."""

    durations: npt.NDArray[np.int64] | None
    """Frames of each phone [T] that are spoken; None where the graph does not output them."""

    hop: int
    """Samples in a frame; 0 where that is not known."""

    windows: Iterator[Waveform]
    """The network's sound at its own level; each window is computed when the iterator is advanced."""


class Synthesizer:
    """A published graph, cut in stages where it allows that. Safe to use from several threads."""

    def __init__(
        self,
        kind: NetworkKind,
        model: Path,
        compiled: Artifact | None = None,
        execution: Execution | None = None,
        *,
        stages: LoadedStages | None = None,
        sample_rate: int = 44_100,
    ) -> None:
        """Load a network.

        Args:
            kind: of network.
            model: the published graph; errors name it.
            compiled: its prepared form, to be loaded in its place.
            execution: how sessions run.
            stages: loaded stages, in place of loading any.
            sample_rate: samples per second, by which windows are planned.

        Raises:
            HayakoeError: the graph is missing, damaged, or of another kind.
        """
        self._origin = model
        self._sample_rate = sample_rate
        self._stages: LoadedStages | None = None
        self._whole: Session | None = None
        try:
            self._stages = stages or LoadedStages.open(kind, model, compiled, execution)
        except UncuttableError as error:
            _LOGGER.warning("%s: speaks sentence by sentence only: %s", model, error)
            whole = compiled.graph("whole") if compiled else model
            self._whole = Session(whole, model, execution, is_optimised=compiled is not None)

    @property
    def is_cut(self) -> bool:
        """Whether sound is computed window by window, and determined by a seed."""
        return self._stages is not None

    @property
    def tells_durations(self) -> bool:
        """Whether :meth:`speak` returns durations."""
        return self._whole is None or "durations" in self._whole.outputs

    @property
    def hop(self) -> int:
        """Samples in a frame; 0 where the graph cannot be cut."""
        return self._stages.hop if self._stages else 0

    def durations(self, inputs: NetworkInputs, params: SynthesisParams) -> npt.NDArray[np.int64] | None:
        """Return the frames [T] that :meth:`speak` gives each phone; None where the graph cannot be cut.

        Raises:
            HayakoeError: the graph fails.
        """
        if self._stages is None:
            return None
        return encode(self._stages.encoder, inputs, params, np.random.default_rng(params.seed)).durations

    def speak(
        self,
        inputs: NetworkInputs,
        params: SynthesisParams,
        *,
        undivided: bool = False,
        unheard: int = 0,
        retime: Retime | None = None,
    ) -> Spoken:
        """Compute everything up to the decoder, and return the sound to come.

        Args:
            inputs: the sentence.
            params: how to speak it.
            undivided: whether the sound comes in one window.
            unheard: how many phones at the end are computed and not spoken.
            retime: changes the frames of the phones; a graph that cannot be cut has its own.

        Raises:
            HayakoeError: the graph fails, or gives no sound; also from the windows.
            UsageError: ``retime`` wants a sentence that is too long.
        """
        if self._stages is None:
            if retime is not None:
                _LOGGER.debug("%s: cannot be cut, and has its own lengths", self._origin)
            return self._speak_whole(inputs, params, unheard)
        random = np.random.default_rng(params.seed)
        encoded = encode(self._stages.encoder, inputs, params, random)
        if retime is not None:
            encoded = replace(encoded, durations=retime(encoded.durations))
        durations = encoded.durations
        frames = int(durations.sum())
        if retime is not None and frames > _MOST_FRAMES:
            most = _MOST_FRAMES * self._stages.hop / self._sample_rate
            raise UsageError(f"the lengths of a sentence add up to more than {most:.0f} s: shorten them")
        if not 0 < frames <= _MOST_FRAMES or durations.min() < 0:
            raise HayakoeError(f"{self._origin}: wants a sentence of {frames} frames: choose another voice")
        latent = turn(self._stages.flow, flow_feeds(encoded, inputs, params, random))
        heard = _heard(durations, unheard)
        stop = int(heard.sum())
        sound = partial(_sound, self._stages, latent, inputs.feeds(params))
        windows = [Window(0, stop, 0, frames)] if undivided else self._plan(self._stages, frames, stop)
        return Spoken(heard, self._stages.hop, computed(windows, sound))

    def _plan(self, stages: LoadedStages, frames: int, stop: int) -> list[Window]:
        seconds, edge = stages.hop / self._sample_rate, min(stages.overlap, frames - stop)
        return plan(frames, stages.overlap, seconds=seconds, pace=stages.pace, span=(0, stop), edge=edge)

    def _speak_whole(self, inputs: NetworkInputs, params: SynthesisParams, unheard: int) -> Spoken:
        assert self._whole is not None  # noqa: S101
        outputs = self._whole.outputs[:1] + [name for name in self._whole.outputs[1:] if name == "durations"]
        found, *told = self._whole.run(outputs, inputs.feeds(params))
        sound = found.reshape(-1).astype(np.float32)
        if not told:
            return Spoken(None, 0, iter([sound]))
        # Some graphs tell them before they are rounded up to whole frames.
        durations = np.ceil(told[0].reshape(-1)).astype(np.int64)
        heard = _heard(durations, unheard)
        hop = len(sound) // max(1, int(durations.sum()))
        return Spoken(heard, hop, iter([sound[: hop * int(heard.sum())] if unheard else sound]))


def _heard(durations: npt.NDArray[np.int64], unheard: int) -> npt.NDArray[np.int64]:
    """Return the frames of each phone that are spoken: none of the last ``unheard``, unless that would be all."""
    heard = durations.copy()
    heard[len(heard) - unheard :] = 0
    return heard if heard.any() else durations


def _sound(stages: LoadedStages, latent: npt.NDArray[np.float32], feeds: Feeds, window: Window) -> Waveform:
    """Return the sound of a window, without its overlaps."""
    part = np.ascontiguousarray(latent[:, :, window.first : window.last])
    start = (window.start - window.first) * stages.hop
    return decode(stages.decoder, part, feeds)[start : start + (window.stop - window.start) * stages.hop]


def prove(kind: NetworkKind, model: Path) -> None:
    """Load a published graph and let it speak.

    Raises:
        HayakoeError: it is missing, damaged, of another kind, not to be trusted, or fails.
    """
    params = SynthesisParams(seed=0)
    proto = kind.read(model)
    tried, longest = (kind.random_inputs(proto.graph, length) for length in (_TRIED, kind.longest))
    check(proto, model, shapes(longest.feeds(params)))
    del proto
    give_back()
    network = Synthesizer(kind, model, execution=Execution(low_memory=has_little_memory()))
    for _ in network.speak(tried, params, undivided=True).windows:
        pass
    durations = network.durations(longest, params)
    # A sentence of too many frames is an error each time, and ends nothing.
    if durations is None or durations.sum() <= _MOST_FRAMES:
        next(network.speak(longest, params).windows)
