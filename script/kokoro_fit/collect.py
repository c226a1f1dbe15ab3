"""The collection of what a fit needs: the ranges of values, and the statistics of many sentences.

The sentences are computed by a generator in integers, more than twice as fast: its noise is 20 dB below the sound,
and next to nothing in a mean over time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from script.kokoro_fit.corpus import shuffled, spoken_ways
from script.kokoro_fit.model import Model, Whole
from wyoming_hayakoe.engine.kokoro.int8 import POINTS, STAGES, Ranges, convolutions
from wyoming_hayakoe.engine.kokoro.norms import with_own_statistics
from wyoming_hayakoe.engine.prepare.calibrate import Statistics, calibrate
from wyoming_hayakoe.engine.prepare.quantize import Form

if TYPE_CHECKING:
    from onnx import ModelProto

IN_FP32 = {
    "blocks": ("/encode/",),
    "generator": ("resblocks.1/convs2.2/", "resblocks.4/convs1.0/", "resblocks.5/convs1.0/"),
}
"""Parts of the names of the convolutions that stay in fp32: the ones that make most of the noise.

Without these three of 48, the generator is 2 dB less noisy and a tenth slower; without the first block, the latent is
2 dB less noisy, for 3.5 ms of the processor in a second of sound.
"""

RANGED = 10
"""Sentences by which ranges are measured."""

_SAVED_EVERY = 20
_POINT = 12.5e-3


@dataclass(frozen=True, slots=True)
class Collected:
    """The sentences of one voice so far. S sentences, N channels."""

    features: npt.NDArray[np.float32]
    """[S, FEATURES]."""

    means: npt.NDArray[np.float32]
    """[S, N]."""

    squares: npt.NDArray[np.float32]
    """[S, N]."""

    points: npt.NDArray[np.int64]
    """Lengths in points of 12.5 ms [S]."""

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read what :meth:`write` has written."""
        with np.load(file, allow_pickle=False) as archive:
            return cls(**{name: archive[name] for name in cls.__slots__})

    def rows(self) -> list[tuple[Any, ...]]:
        """Return what is known of each sentence."""
        return list(zip(self.features, self.means, self.squares, self.points, strict=True))

    def write(self, file: Path) -> None:
        """Write the sentences to a file."""
        part = file.with_suffix(".part.npz")
        np.savez(part, **{name: getattr(self, name) for name in self.__slots__})
        part.replace(file)


def ranges(model: Model) -> dict[str, Ranges]:
    """Return the ranges and the plans of a voice's stages, by the first sentences of the corpus."""
    sentences = [model.sentence(text, way) for text, way in spoken_ways(shuffled()[:RANGED])]
    feeds: Mapping[str, Sequence[Any]] = {
        "blocks": [each.melody for each in sentences],
        "generator": [each.sound for each in sentences],
    }
    return {stage: _ranges(stage, model.stages[stage], feeds[stage], model.graph) for stage in STAGES}


def _ranges(stage: str, model: "ModelProto", feeds: Sequence[Any], origin: Path) -> Ranges:
    fit = {
        output: convolution
        for output, convolution in convolutions(model).items()
        if not any(part in output for part in IN_FP32[stage])
    }
    takers = {node.output[0]: node.input[0] for node in model.graph.node if node.output[0] in fit}
    probed = with_own_statistics(model) if stage == "generator" else model
    found = calibrate(probed, fit, feeds, origin)
    return Ranges(
        forms=dict.fromkeys(fit, Form.CHANNEL),
        taken={output: _thinned(found[takers[output]], POINTS) for output in fit},
        made={output: _thinned(found[output], 0) for output in fit},
    )


def _thinned(found: Statistics, points: int) -> Statistics:
    chosen = np.linspace(0, found.points.shape[1] - 1, points).astype(np.int64)
    return Statistics(found.low, found.high, np.ascontiguousarray(found.points[:, chosen]))


def collect(model: Model, voice: Mapping[str, Ranges], file: Path, most: int) -> Collected:
    """Speak up to ``most`` sentences of the corpus, and write their statistics to ``file``, whose own are taken."""
    whole = Whole(model, model.in_integers("generator", voice["generator"]))
    rows = Collected.read(file).rows() if file.exists() else []
    begun = len(rows)
    for text, way in list(spoken_ways(shuffled()[:most]))[begun:]:
        sentence = model.sentence(text, way)
        _, means, squares = whole.speak(sentence)
        rows.append((sentence.features, means.ravel(), squares.ravel(), sentence.sound["latent"].shape[2]))
        if len(rows) % _SAVED_EVERY == 0:
            _together(rows).write(file)
            print(f"{len(rows)} sentences, {sum(row[-1] for row in rows) * _POINT:.0f} s", flush=True)
    found = _together(rows)
    found.write(file)
    return found


def _together(rows: Sequence[tuple[Any, ...]]) -> Collected:
    features, means, squares, points = (np.array(column) for column in zip(*rows, strict=True))
    return Collected(features, means, squares, points)
