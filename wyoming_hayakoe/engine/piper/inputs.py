"""The inputs of a Piper graph."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs.index import GraphIndex
from wyoming_hayakoe.engine.piper.config import PiperConfig
from wyoming_hayakoe.engine.piper.graph import EMBEDDING, SCALES
from wyoming_hayakoe.engine.piper.phonemes import PiperLine
from wyoming_hayakoe.engine.runtime.session import Feeds
from wyoming_hayakoe.utterance import SynthesisParams

if TYPE_CHECKING:
    from onnx import GraphProto

_USUAL = SynthesisParams()


# Ids that every voice has: both ends and the blank.
_LEAST_IDS = 3


@dataclass(frozen=True, slots=True)
class PiperInputs:
    """One line as a network takes it: T ids, blanks and ends included."""

    ids: npt.NDArray[np.int64]
    """Symbol ids [T]."""

    prosody: npt.NDArray[np.int64]
    """A1, A2 and A3 of Open JTalk's labels for each id [T, 3]."""

    scales: tuple[float, float, float]
    """The voice's own scales of noise, length and noise of durations."""

    speaker: int = 0
    """Row of the speaker embedding."""

    language: int = 0
    """Row of the language embedding."""

    embedding: int = EMBEDDING
    """Numbers of a speaker's embedding, for a graph that takes one."""

    @property
    def phone_count(self) -> int:
        """The number of ids T."""
        return len(self.ids)

    def feeds(self, params: SynthesisParams) -> Feeds:
        """Return the values by the names of published graphs and of cut ones.

        The parameters are factors on the voice's own scales: their usual values leave these as they are.
        """
        factors = (params.noise / _USUAL.noise, params.speed / _USUAL.speed, params.noise_w / _USUAL.noise_w)
        scales = np.array([own * factor for own, factor in zip(self.scales, factors, strict=True)], dtype=np.float32)
        return {
            "input": self.ids[None],
            "input_lengths": np.array([len(self.ids)], dtype=np.int64),
            "scales": scales,
            **{name: scales[place : place + 1] for place, name in enumerate(SCALES)},
            "sid": np.array([self.speaker], dtype=np.int64),
            "lid": np.array([self.language], dtype=np.int64),
            "prosody_features": self.prosody[None],
            # No recording of a speaker is there: with the mask, the graph takes its own speaker instead.
            "speaker_embedding": np.zeros((1, self.embedding), dtype=np.float32),
            "speaker_embedding_mask": np.zeros((1, 1), dtype=np.int64),
        }


def inputs_of(line: PiperLine, config: PiperConfig, speaker: int) -> PiperInputs:
    """Return a line's inputs; ``speaker`` is a row of the speaker embedding."""
    return PiperInputs(
        ids=np.array(line.ids, dtype=np.int64),
        prosody=np.array(line.prosody, dtype=np.int64).reshape(-1, 3),
        scales=(config.noise, config.length, config.noise_w),
        speaker=speaker,
        language=config.language_id or 0,
    )


def random_inputs(graph: "GraphProto", length: int) -> PiperInputs:
    """Return ``length`` random ids for a published graph or its encoder, the same in each run."""
    random = np.random.default_rng(length)
    sizes = {value.name: value.type.tensor_type.shape.dim for value in graph.input}
    embedding = sizes["speaker_embedding"][-1].dim_value if "speaker_embedding" in sizes else 0
    return PiperInputs(
        ids=random.integers(0, _symbols(graph), length),
        prosody=random.integers(-5, 10, (length, 3)),
        scales=(0.667, 1.0, 0.8),
        embedding=embedding or EMBEDDING,
    )


def _symbols(graph: "GraphProto") -> int:
    """Return how many symbols a graph knows: the rows of what ``input`` takes its vectors from."""
    index = GraphIndex(graph)
    for node in index.takers("input"):
        name = node.input[0]
        # Weights in 16 bits are behind a Cast.
        if (maker := index.maker(name)) is not None and maker.op_type == "Cast":
            name = maker.input[0]
        if node.op_type == "Gather" and name in index.weights:
            return int(index.weights[name].dims[0])
    return _LEAST_IDS
