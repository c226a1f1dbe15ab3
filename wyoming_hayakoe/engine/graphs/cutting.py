"""Cuts a published synthesizer.onnx into text encoder, flow and decoder.

The whole graph gives sound only when all of it is computed. Cut in three, the decoder can run window by window, this
program draws the noise, and the durations are known before there is any sound. Node names differ between exporters, so
the cuts are found by what every such graph has to do:

- The durations are the one ``Ceil`` that decides how many samples there are.
- Two random values are drawn. The one that the durations depend on belongs to the stochastic duration predictor;
  piper-plus exports it as zeros. The other is the prior's: it is scaled (``Mul`` after ``Mul``) and added to the mean,
  and that sum is what the flow takes.
- Mean and scale reach the sum through a ``MatMul`` with the alignment, which repeats each phone's column as often as
  its duration says. That is left out: NumPy repeats faster.
- The decoder begins with the ``Conv`` before the first ``ConvTranspose`` on the way to ``audio``.

A stage is everything that its outputs depend on, back to its own inputs. So the masks over frames stay in the flow,
computed from the durations, and the speaker's embedding is looked up again wherever it is used.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wyoming_hayakoe.engine.graphs.edits import drop_dead
from wyoming_hayakoe.engine.graphs.index import GraphIndex, taken
from wyoming_hayakoe.engine.graphs.operators import RANDOM
from wyoming_hayakoe.engine.graphs.reach import UncuttableError, follow

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_RESHAPING = frozenset({"Identity", "Squeeze", "Transpose", "Unsqueeze"})

# Inputs that say who speaks, and in which language: all stages may take them.
_CONDITIONS = ("sid", "lid")

# Names of the values at the cuts; no exporter uses such names.
AUDIO = "cut/audio"
DURATIONS = "cut/durations"
DURATION_NOISE = "cut/duration_noise"
LATENT = "cut/latent"
LOG_SCALE = "cut/log_scale"
MEAN = "cut/mean"
PRIOR = "cut/prior"


@dataclass(frozen=True, slots=True)
class Stages:
    """A synthesizer in three graphs. T phones, C channels, F frames."""

    encoder: "ModelProto"
    """The synthesizer's inputs and DURATION_NOISE [1, 2, T] → DURATIONS [1, 1, T] in frames, MEAN and LOG_SCALE
    [1, C, T]."""

    flow: "ModelProto"
    """PRIOR [1, C, F], DURATIONS, speaker → LATENT [1, C, F]."""

    decoder: "ModelProto"
    """LATENT, speaker → AUDIO [1, 1, F * hop]."""

    hop: int
    """Samples in a frame."""

    reach: int
    """How many frames to either side the sound of a frame depends on."""

    @property
    def graphs(self) -> "dict[str, ModelProto]":
        """The three graphs by name, in the order in which they run."""
        return {"encoder": self.encoder, "flow": self.flow, "decoder": self.decoder}


def cut(model: "ModelProto") -> Stages:
    """Return the three stages of ``model``, which holds all its weights and is not changed.

    Raises:
        UncuttableError: the graph is built otherwise.
    """
    graph = _Cutter(model)
    durations = graph.durations()
    prior = graph.prior(durations)
    first_convolution = graph.first_convolution(prior.value)
    latent = first_convolution.input[0]
    speaker = [name for name in _CONDITIONS if name in graph.inputs]
    encoder = graph.extract(
        graph.inputs,
        dict.fromkeys(graph.noises_before(durations), DURATION_NOISE),
        {durations: DURATIONS, prior.mean: MEAN, prior.log_scale: LOG_SCALE},
    )
    flow = graph.extract(speaker, {prior.value: PRIOR, durations: DURATIONS}, {latent: LATENT})
    decoder = graph.extract(speaker, {latent: LATENT}, {graph.audio: AUDIO})
    reach = follow(decoder, LATENT)
    drop_dead(decoder)
    return Stages(encoder, flow, decoder, reach.hop, reach.frames)


@dataclass(frozen=True, slots=True)
class _Prior:
    """Names of the values around the second random value."""

    value: str
    mean: str
    log_scale: str


class _Cutter:
    """Finds the cuts of a graph, and extracts what lies between them."""

    def __init__(self, model: "ModelProto") -> None:
        self._model = model
        self._index = GraphIndex(model.graph)
        self.inputs = self._index.inputs
        self.audio = self._index.outputs[0]
        self._for_audio = self._index.before([self.audio])

    def durations(self) -> str:
        """Return the name of the value that holds the frames of each phone."""
        return _only("Ceil", [node for node in self._for_audio if node.op_type == "Ceil"])

    def noises_before(self, name: str) -> list[str]:
        """Return the random values that ``name`` depends on."""
        return [node.output[0] for node in self._index.before([name]) if node.op_type in RANDOM]

    def prior(self, durations: str) -> _Prior:
        """Return the values whose sum is the flow's input."""
        before = self.noises_before(durations)
        draws = [node for node in self._for_audio if node.op_type in RANDOM and node.output[0] not in before]
        name = _only("random value of the prior", draws)
        log_scale = None
        while True:
            node = self._only_taker(name)
            other = next((each for each in node.input if each != name), name)
            if node.op_type == "Add":
                break
            if node.op_type != "Mul":
                raise UncuttableError(f"the prior's noise goes through {node.op_type}")
            scale = self._index.maker(other)
            if scale is not None and scale.op_type == "Exp":
                log_scale = scale.input[0]
            elif other != "noise_scale":
                raise UncuttableError("the prior's noise is scaled by something else than noise_scale")
            name = node.output[0]
        if log_scale is None:
            raise UncuttableError("the prior has no scale of its own")
        after = self._index.after(durations)
        return _Prior(node.output[0], self._before_alignment(other, after), self._before_alignment(log_scale, after))

    def first_convolution(self, prior: str) -> "NodeProto":
        """Return the first node of the decoder."""
        after = self._index.after(prior)
        upsampling = next((node for node in self._for_audio if node.op_type == "ConvTranspose"), None)
        if upsampling is None:
            raise UncuttableError("there is no ConvTranspose before the sound")
        name = upsampling.input[0]
        while (node := self._index.maker(name)) is not None:
            if node.op_type == "Conv":
                return node
            name = next((each for each in node.input if each in after), "")
        raise UncuttableError("there is no Conv before the first ConvTranspose")

    def extract(self, inputs: Sequence[str], given: Mapping[str, str], wanted: Mapping[str, str]) -> "ModelProto":
        """Return the part that makes ``wanted`` of ``inputs`` and ``given`` (names here to names in the part)."""
        from onnx import TensorProto, helper

        needed = self._index.before(wanted, given)
        used = {name for node in needed for name in taken(node)} | set(wanted)
        strange = [name for name in self.inputs if name in used and name not in inputs]
        if strange or any(node.op_type in RANDOM for node in needed):
            raise UncuttableError(f"{', '.join(wanted.values())} depends on {', '.join(strange) or 'a random value'}")
        part = self._model.graph
        return helper.make_model(
            helper.make_graph(
                [
                    *(helper.make_node("Identity", [new], [old]) for old, new in given.items() if old in used),
                    *needed,
                    *(helper.make_node("Identity", [old], [new]) for old, new in wanted.items()),
                ],
                "stage",
                [
                    *(value for value in part.input if value.name in inputs and value.name in used),
                    *(
                        helper.make_tensor_value_info(new, TensorProto.FLOAT, [1, None, None])
                        for old, new in given.items()
                        if old in used
                    ),
                ],
                [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, None, None]) for name in wanted.values()],
                [tensor for tensor in part.initializer if tensor.name in used],
            ),
            opset_imports=self._model.opset_import,
            functions=self._model.functions,
            ir_version=self._model.ir_version,
        )

    def _only_taker(self, name: str) -> "NodeProto":
        on_the_way = {name for node in self._for_audio for name in node.output}
        takers = [node for node in self._index.takers(name) if node.output[0] in on_the_way]
        if len(takers) != 1:
            raise UncuttableError("the prior's noise is used in several places")
        return takers[0]

    def _before_alignment(self, name: str, after: Collection[str]) -> str:
        """Return the value that is multiplied with the alignment to make ``name``: [1, C, T].

        ``after`` are the values that depend on the durations, as the alignment does.
        """
        while (node := self._index.maker(name)) is not None and node.op_type in _RESHAPING:
            name = node.input[0]
        if node is None or node.op_type != "MatMul":
            raise UncuttableError("the prior's mean and scale are not repeated by a MatMul")
        for each in node.input:
            if each not in after:
                turned = self._index.maker(each)
                return str(turned.input[0]) if turned is not None and turned.op_type == "Transpose" else each
        raise UncuttableError("the prior's mean and scale depend on the durations")


def _only(what: str, found: "Sequence[NodeProto]") -> str:
    if len(found) != 1:
        raise UncuttableError(f"the graph has {len(found)} of {what}, not one")
    return str(found[0].output[0])
