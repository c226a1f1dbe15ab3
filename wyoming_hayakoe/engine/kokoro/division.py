"""Divides a Kokoro graph into prosody, source, blocks and generator.

The whole graph gives sound only when all of it is computed. Divided, the pitch can be changed between the parts, and
the generator, with nine tenths of the work, runs window by window. Node names differ between exporters, so the cuts are
found by what every such graph has to do:

- The durations are the one ``Round``, made integers.
- The pitch is what the first ``Resize`` by 300 repeats for each sample. The sum over time (``CumSum``) behind it is the
  phase of the harmonics, which a second ``Resize`` by 300 draws as lines.
- The harmonics end in a ``Concat`` of magnitude (``Sqrt``) and phase (``Where``).
- The blocks begin with a ``Concat`` of text, pitch and energy, and end before the first ``ConvTranspose`` that joins
  channels.

Nothing is random in this graph: the published one was exported without the noise that Kokoro's training adds to the
harmonics, so a sentence is always the same, and one with random values is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wyoming_hayakoe.engine.kokoro.dequantize import dequantized
from wyoming_hayakoe.engine.kokoro.harmonics import HARMONICS, RATE, SAMPLES_OF_POINT
from wyoming_hayakoe.engine.kokoro.norms import lean
from wyoming_hayakoe.engine.kokoro.structure import NotKokoroError, Structure, Value, odd_is_refused, part, same

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_TOKENS = ("tokens", "input_ids")
_RANDOM = frozenset({"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"})
_RANDOM_LIKE = frozenset({"RandomUniformLike", "Dropout"})
_ADDED_TO_TEXT = 3
_TEXT_CHANNELS = 512
_SPECTRUM = 22
"""Channels of the harmonics: magnitude and phase of 11 frequencies."""

_COORDINATES = {b"nearest": b"asymmetric", b"linear": b"half_pixel"}
"""Where points stand, by how they are resized."""

_STYLE = Value("style", [1, 256])
_LATENT = Value("latent", [1, _TEXT_CHANNELS, "P"])
_SPECTRA = Value("harmonics", [1, _SPECTRUM, "H"])


@dataclass(frozen=True, slots=True)
class KokoroStages:
    """A Kokoro in four graphs. T tokens, F frames of 25 ms, P = 2F points of 12.5 ms."""

    prosody: "ModelProto"
    """tokens int64 [1, T], style [1, 256], speed [1] → durations int64 [1, T] in frames, text [1, 512, F], f0 [1, P] in
    Hz (about 0 where unvoiced), energy [1, P]. It stays as it is published: in dynamic int8."""

    source: "ModelProto"
    """f0 [1, P], phase [1, 9, 300 P] → harmonics [1, 22, 60 P + 1]: see :mod:`~.harmonics`. fp32."""

    blocks: "ModelProto"
    """text [1, 512, F], f0 [1, P], energy [1, P], style [1, 256] → latent [1, 512, P]. fp32."""

    generator: "ModelProto"
    """latent [1, 512, P], harmonics [1, 22, 60 P + 1], style [1, 256], means and squares [1, 8448, 1] → audio [300 P].
    fp32, lean, with the statistics that are given: see :mod:`~.norms`."""

    @property
    def graphs(self) -> "dict[str, ModelProto]":
        """The four graphs by name, in the order in which they run."""
        return {
            "prosody": self.prosody,
            "source": self.source,
            "blocks": self.blocks,
            "generator": self.generator,
        }


def divide(model: "ModelProto") -> KokoroStages:
    """Return the four stages of a Kokoro graph.

    Args:
        model: in dynamic int8 as published, or in fp32; its inputs are tokens or input_ids, style and speed. It is not
            changed, and may be dropped afterwards: the stages share nothing with it.

    Raises:
        NotKokoroError: the graph is built otherwise.
    """
    return KokoroStages(**dict(divided(model)))


def divided(model: "ModelProto") -> "Iterator[tuple[str, ModelProto]]":
    """Yield the stages that :func:`divide` returns, with their names, one after another.

    For preparation in little memory: each can be written and dropped before the next one is made.
    """
    cuts = _Cuts(model.graph)
    style = {cuts.style: _STYLE}
    pitch = {cuts.f0: Value("f0", [1, "P"])}
    melody = {**pitch, cuts.energy: Value("energy", [1, "P"])}
    text = {cuts.text: Value("text", [1, _TEXT_CHANNELS, "F"])}
    phase = {cuts.phase: Value("phase", [1, HARMONICS, "S"])}
    spectra = {cuts.harmonics: _SPECTRA}
    latent = {cuts.latent: _LATENT}
    tokens = {cuts.tokens: Value("tokens", [1, "T"], is_integer=True)}
    durations = {cuts.durations: Value("durations", [1, "T"], is_integer=True)}
    audio = {cuts.audio: Value("audio", ["S"])}
    yield "prosody", part(model, {**tokens, **style, "speed": Value("speed", [1])}, {**durations, **text, **melody})
    yield "source", dequantized(part(model, {**pitch, **phase}, spectra))
    yield "blocks", dequantized(part(model, {**text, **melody, **style}, latent))
    yield "generator", lean(dequantized(part(model, {**latent, **spectra, **style}, audio)))


class _Cuts:
    """The names of the values at the cuts of a graph."""

    @odd_is_refused()
    def __init__(self, graph: "GraphProto") -> None:
        self._structure = Structure(graph)
        self._index = self._structure.index
        random = next((node.op_type for node in graph.node if node.op_type in _RANDOM | _RANDOM_LIKE), None)
        if random is not None:
            raise NotKokoroError(f"draws random values by {random}")
        self.tokens, self.style = self._inputs()
        self.audio = self._output()
        self.durations = self._durations()
        self.f0 = self._f0()
        self.phase = self._phase()
        self.harmonics = self._harmonics()
        self.text, self.energy = self._text_and_energy()
        self.latent = self._latent()

    def _inputs(self) -> tuple[str, str]:
        names = self._index.inputs
        tokens = next((name for name in _TOKENS if name in names), None)
        if tokens is None or sorted(names) != sorted([tokens, "style", "speed"]):
            raise NotKokoroError(f"takes {', '.join(names)[:200]} instead of tokens, style, speed")
        return tokens, "style"

    def _output(self) -> str:
        if len(self._index.outputs) != 1:
            raise NotKokoroError(f"gives {', '.join(self._index.outputs)[:200]} instead of audio alone")
        return str(self._index.outputs[0])

    def _durations(self) -> str:
        rounded = [node for node in self._index.nodes if node.op_type == "Round"]
        if len(rounded) != 1:
            raise NotKokoroError(f"rounds {len(rounded)} values, not one, to durations")
        limited = self._structure.only_taker(rounded[0].output[0], "Clip")
        return str(self._structure.only_taker(limited.output[0], "Cast").output[0])

    def _resizes(self, scale: float) -> "list[NodeProto]":
        """Return the nodes that make each point of time ``scale`` of them."""
        found = []
        for node in self._index.nodes:
            if node.op_type == "Resize" and len(node.input) > 2 and node.input[2] in self._index.weights:
                scales = self._structure.array(node.input[2])
                if same(scales, np.array([1.0, 1.0, scale])):
                    found.append(node)
        return found

    def _f0(self) -> str:
        repeating = self._resizes(SAMPLES_OF_POINT)
        if not repeating:
            raise NotKokoroError(f"repeats no pitch {SAMPLES_OF_POINT} times")
        return str(self._structure.maker(repeating[0].input[0], "Unsqueeze").input[0])

    def _phase(self) -> str:
        """Return the phase of each harmonic at each sample, after a check that :mod:`~.harmonics` computes the same."""
        repeated, *others = self._resizes(SAMPLES_OF_POINT)
        drawn = [node for node in others if repeated in self._index.before([node.input[0]])]
        if len(drawn) != 1:
            raise NotKokoroError(f"draws {len(drawn)} phases, not one")
        step = self._step(repeated)
        for node, mode in ((repeated, b"nearest"), (step, b"linear"), (drawn[0], b"linear")):
            found = {each.name: each.s for each in node.attribute}
            if found.get("mode") != mode or found.get("coordinate_transformation_mode") != _COORDINATES[mode]:
                raise NotKokoroError(f"resizes {node.output[0][:80]} otherwise")
        if self._radians(step.output[0]) != drawn[0].input[0]:
            raise NotKokoroError("draws another phase than that of the pitch")
        return str(drawn[0].output[0])

    def _step(self, repeated: "NodeProto") -> "NodeProto":
        """Return the node that makes the turns of each harmonic in a sample, less whole ones, once for each point."""
        structure = self._structure
        times = structure.taker(repeated.output[0], "Mul")
        if not same(structure.array(structure.constant_input(times)), np.arange(1, HARMONICS + 1)):
            raise NotKokoroError("has other harmonics than the first nine")
        turns = structure.only_taker(times.output[0], "Div")
        if not same(structure.array(turns.input[1]), RATE):
            raise NotKokoroError(f"has another rate than {RATE:,} Hz")
        whole = structure.taker(turns.output[0], "Floor")
        rest = structure.taker(turns.output[0], "Sub")
        step = structure.only_taker(rest.output[0], "Resize")
        if list(rest.input) != [turns.output[0], whole.output[0]] or step not in self._resizes(1 / SAMPLES_OF_POINT):
            raise NotKokoroError("sums other turns than those of the pitch")
        return step

    def _radians(self, step: str) -> str:
        """Return the sum of all turns before, in radians."""
        structure = self._structure
        total = structure.only_taker(self._past_transpose(step), "CumSum")
        if not same(structure.array(total.input[1]), 1) or any(each.i for each in total.attribute):
            raise NotKokoroError("sums turns along another axis than time")
        name = total.output[0]
        for factor in (2.0, np.pi, float(SAMPLES_OF_POINT)):
            scaled = structure.only_taker(name, "Mul")
            if not same(structure.array(structure.constant_input(scaled)), factor):
                raise NotKokoroError("makes radians of turns otherwise")
            name = scaled.output[0]
        return self._past_transpose(name)

    def _past_transpose(self, name: str) -> str:
        return str(self._structure.only_taker(name, "Transpose").output[0])

    def _harmonics(self) -> str:
        after = self._index.after(self.phase)
        found = [
            node.output[0]
            for node in self._index.nodes
            if node.op_type == "Concat"
            and node.output[0] in after
            and [getattr(self._index.maker(name), "op_type", None) for name in node.input] == ["Sqrt", "Where"]
        ]
        if len(found) != 1:
            raise NotKokoroError(f"has {len(found)} of magnitude and phase together, not one")
        return str(found[0])

    def _text_and_energy(self) -> tuple[str, str]:
        after = self._index.after(self.f0)
        joined = next(
            (
                node
                for node in self._index.nodes
                if node.op_type == "Concat" and len(node.input) == _ADDED_TO_TEXT and node.input[1] in after
            ),
            None,
        )
        if joined is None or joined.input[0] in after or joined.input[2] in after:
            raise NotKokoroError("joins no text with pitch and energy")
        text = self._structure.maker(joined.input[0], "MatMul", "FusedMatMul").output[0]
        images = [node for node in self._index.before([joined.input[2]]) if node.op_type == "Unsqueeze"]
        # The last one on the way: that of the energy.
        way = [node for node in images if joined.input[2] in self._index.after(node.output[0])]
        return text, str(way[-1].input[0])

    def _latent(self) -> str:
        after = self._index.after(self.text)
        upsampling = next(
            (
                node
                for node in self._index.nodes
                if node.op_type == "ConvTranspose" and node.output[0] in after and self._joins_channels(node)
            ),
            None,
        )
        if upsampling is None:
            raise NotKokoroError("upsamples nothing behind the text")
        name = str(self._structure.maker(upsampling.input[0], "LeakyRelu").input[0])
        if self.harmonics in self._index.after(name) or name in self._index.after(self.harmonics):
            raise NotKokoroError("takes the harmonics in another place")
        return name

    def _joins_channels(self, node: "NodeProto") -> bool:
        return next((each.i for each in node.attribute if each.name == "group"), 1) == 1
