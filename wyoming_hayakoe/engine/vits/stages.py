"""The stages of a voice's network, ready to run, and what passes between them.

T are phones, C channels, F frames. The values at the cuts have the names of :mod:`~.graphs.cutting`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.graphs.reach import UncuttableError
from wyoming_hayakoe.engine.prepare.artifact import Artifact
from wyoming_hayakoe.engine.prepare.pace import kept_pace
from wyoming_hayakoe.engine.runtime.session import Execution, Feeds, Session
from wyoming_hayakoe.engine.vits.kind import NOISE_SCALE, NetworkInputs, NetworkKind
from wyoming_hayakoe.engine.windows import Pace
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Waveform


class LoadedStage(Protocol):
    """A part of the network that is ready to run, as a :class:`Session` is."""

    def run(self, outputs: Sequence[str], feeds: Feeds) -> list[npt.NDArray[Any]]:
        """Compute ``outputs``, which are among the names at the cuts."""
        ...


@dataclass(frozen=True, slots=True)
class LoadedStages:
    """The stages of one voice."""

    encoder: LoadedStage
    flow: LoadedStage
    decoder: LoadedStage

    hop: int
    """Samples in a frame."""

    overlap: int
    """Frames to either side that a window is computed with, and that are dropped."""

    pace: Pace | None = None
    """What a sentence costs on this machine; None where that was not measured."""

    @classmethod
    def open(cls, kind: NetworkKind, origin: Path, compiled: Artifact | None, execution: Execution | None) -> Self:
        """Load what has been ``compiled`` of ``origin``, else cut that now.

        Raises:
            HayakoeError: the graph is missing, damaged, or of another kind.
            UncuttableError: the graph is, or was, not built so that it can be cut.
        """
        if compiled is None:
            cut = kind.cut(kind.read(origin))
            encoder, flow, decoder = (Session(each, origin, execution) for each in cut.graphs.values())
            return cls(encoder, flow, decoder, cut.hop, cut.reach - kind.faint)
        if "uncut" in compiled.report:
            raise UncuttableError(compiled.report["uncut"])

        def load(name: str) -> Session:
            path = compiled.graph(name)
            return Session(path, origin, execution, is_optimised=True, plans_memory=name == "decoder")

        hop, reach = compiled.report["hop"], compiled.report["reach"]
        pace = kept_pace(compiled.report)
        return cls(load("encoder"), load("flow"), load("decoder"), hop, reach - kind.faint, pace)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A sentence behind the text encoder."""

    durations: npt.NDArray[np.int64]
    """Frames of each phone [T]."""

    mean: npt.NDArray[np.float32]
    """The prior's mean for each phone [C, T]."""

    log_scale: npt.NDArray[np.float32]
    """The logarithm of the prior's deviation for each phone [C, T]."""


def encode(
    encoder: LoadedStage, inputs: NetworkInputs, params: SynthesisParams, random: np.random.Generator
) -> Encoded:
    """Return a sentence behind the encoder; ``random`` draws the noise of its durations.

    Raises:
        HayakoeError: the graph fails.
    """
    noise = random.standard_normal((1, 2, inputs.phone_count), dtype=np.float32)
    outputs = [cutting.DURATIONS, cutting.MEAN, cutting.LOG_SCALE]
    durations, mean, log_scale = encoder.run(outputs, {cutting.DURATION_NOISE: noise, **inputs.feeds(params)})
    return Encoded(durations.reshape(-1).astype(np.int64), mean[0], log_scale[0])


def flow_feeds(encoded: Encoded, inputs: NetworkInputs, params: SynthesisParams, random: np.random.Generator) -> Feeds:
    """Return what the flow takes for a sentence; ``random`` draws the prior's noise."""
    feeds = inputs.feeds(params)
    return {
        cutting.PRIOR: draw_prior(encoded, float(feeds[NOISE_SCALE][0]), random),
        cutting.DURATIONS: encoded.durations[None, None].astype(np.float32),
        **feeds,
    }


def draw_prior(encoded: Encoded, noise: float, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return the prior's latent [1, C, F]: each phone's column as often as it has frames, and noise.

    ``noise`` is a factor on the deviation of what ``random`` draws.
    """
    mean = np.repeat(encoded.mean, encoded.durations, axis=1)
    scale = np.exp(np.repeat(encoded.log_scale, encoded.durations, axis=1)) * np.float32(noise)
    latent: npt.NDArray[np.float32] = (mean + random.standard_normal(mean.shape, dtype=np.float32) * scale)[None]
    return latent


def turn(flow: LoadedStage, feeds: Feeds) -> npt.NDArray[np.float32]:
    """Return the decoder's latent [1, C, F] for what :func:`flow_feeds` gives.

    Raises:
        HayakoeError: the graph fails.
    """
    latent: npt.NDArray[np.float32] = flow.run([cutting.LATENT], feeds)[0]
    return latent


def decode(decoder: LoadedStage, latent: npt.NDArray[np.float32], feeds: Feeds) -> Waveform:
    """Return the sound [F * hop] of a latent [1, C, F]; ``feeds`` hold the speaker.

    Raises:
        HayakoeError: the graph fails.
    """
    sound: Waveform = decoder.run([cutting.AUDIO], {**feeds, cutting.LATENT: latent})[0].reshape(-1)
    return sound
