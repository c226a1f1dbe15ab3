"""Kokoro as this program divides it, in fp32, with its generator computed whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from script.kokoro_fit.corpus import PLAIN, Variation
from wyoming_hayakoe.engine.kokoro.division import divide
from wyoming_hayakoe.engine.kokoro.harmonics import harmonics, phases
from wyoming_hayakoe.engine.kokoro.int8 import Ranges, in_integers
from wyoming_hayakoe.engine.kokoro.melody import melody
from wyoming_hayakoe.engine.kokoro.norms import MEANS, SQUARES, with_own_statistics
from wyoming_hayakoe.engine.kokoro.phonemes import line
from wyoming_hayakoe.engine.kokoro.statistics import features
from wyoming_hayakoe.engine.kokoro.voice_files import KokoroFiles, assembled
from wyoming_hayakoe.engine.runtime.session import Execution, Feeds, Session
from wyoming_hayakoe.text.frontend import japanese

if TYPE_CHECKING:
    from onnx import ModelProto

Floats = npt.NDArray[np.float32]

_ONE_THREAD = Execution(threads=1)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence up to the generator."""

    melody: Feeds
    """What the blocks take: text, f0, energy, style."""

    sound: Feeds
    """What the generator takes, but for statistics: latent, harmonics, style."""

    @property
    def features(self) -> Floats:
        """What its statistics are predicted from."""
        return features(self.sound["latent"], self.melody["f0"], self.melody["energy"])


class Model:
    """The stages of the published graph before the generator, and one voice."""

    def __init__(self, files: KokoroFiles, work: Path) -> None:
        """Divide the graph; it is assembled in the folder ``work``."""
        import onnx

        self.graph = work / "kokoro.onnx"
        if not self.graph.exists():
            assembled(files, self.graph)
        stages = divide(onnx.load(self.graph))
        self._prosody, self._source = self.session(stages.prosody), self.session(stages.source)
        self._blocks = self.session(stages.blocks)
        self.stages = {"blocks": stages.blocks, "generator": stages.generator}
        """The stages that have int8 forms, in fp32."""

        self._files, self._styles, self._words = files, files.styles(), files.words()
        self._frontend = japanese()

    def session(self, model: "ModelProto") -> Session:
        """Return a session of one stage."""
        return Session(model, self.graph, _ONE_THREAD)

    def in_integers(self, stage: str, ranges: Ranges) -> "ModelProto":
        """Return a stage with convolutions in integers, by ranges that were measured in it.

        Raises:
            ValueError: they were measured in another graph.
        """
        if (found := in_integers(self.stages[stage], ranges)) is None:
            raise ValueError(f"{stage}: has other convolutions than the graph of the ranges")
        return found

    def sentence(self, text: str, way: Variation = PLAIN) -> Sentence:
        """Compute a sentence up to the generator."""
        utterance = self._frontend.read(text)
        spoken = line(utterance, self._words)
        tokens = [self._files.vocabulary[symbol] for symbol in spoken.symbols]
        style = self._styles[len(tokens) - 1].reshape(1, -1)
        speed = np.array([1 / way.speed], dtype=np.float32)
        feeds = {"tokens": np.array([[0, *tokens, 0]]), "style": style, "speed": speed}
        durations, read, f0, energy = self._prosody.run(["durations", "text", "f0", "energy"], feeds)
        pitch = melody(f0.ravel(), durations.ravel(), spoken, accent=way.accent, pitch_scale=way.pitch)[None]
        before = {"text": read, "f0": pitch, "energy": energy, "style": style}
        [latent] = self._blocks.run(["latent"], before)
        spectra = harmonics(self._source, pitch, phases(pitch), 0, pitch.shape[1])
        return Sentence(before, {"latent": latent, "harmonics": spectra, "style": style})


class Whole:
    """A generator that computes whole sentences with their own statistics."""

    def __init__(self, model: Model, generator: "ModelProto") -> None:
        """Load a generator, in fp32 or with integers."""
        self._session = model.session(with_own_statistics(generator))

    def speak(self, sentence: Sentence) -> tuple[Floats, Floats, Floats]:
        """Return the sound [samples] of a sentence, and its means and squares [1, 8448, 1]."""
        audio, means, squares = self._session.run(["audio", MEANS, SQUARES], sentence.sound)
        return audio.ravel(), means, squares


def with_statistics(sentence: Sentence, means: Floats, squares: Floats) -> Feeds:
    """Return all that the generator takes."""
    return {**sentence.sound, MEANS: means, SQUARES: squares}


def joined(waveforms: Sequence[Floats]) -> Floats:
    """Return waveforms one after the other."""
    return np.concatenate([waveform.ravel() for waveform in waveforms])
