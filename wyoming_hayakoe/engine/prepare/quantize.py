"""Quantisation of a stage's convolutions to 8-bit integers: static, weights per channel, activations per tensor.

Other operators, above all the residual sums, stay in fp32: int8 sums made a decoder a tenth faster and 6 dB noisier.
Only a rectifier between two convolutions is computed in integers, as a table of 256 entries. The operators are written
out (QLinearConv) rather than left for the optimiser to find, so that they are there on any version of ONNX Runtime. It
has no integer ConvTranspose: those, a thirtieth of the arithmetic, stay as they are.
"""

import math
import platform
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs.index import GraphIndex
from wyoming_hayakoe.engine.prepare.calibrate import Range
from wyoming_hayakoe.engine.runtime.cpu import processor_features

if TYPE_CHECKING:
    from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, TensorShapeProto


_CONTRIB = "com.microsoft"
_RECTIFIERS = {"LeakyRelu": 0.01, "Relu": 0.0}
"""Slopes below zero of nodes without an attribute for it."""


class Form(StrEnum):
    """How a convolution is computed in integers."""

    TENSOR = "a grid per output"
    CHANNEL = "a grid per output channel"
    PRODUCT = "float output"


@dataclass(frozen=True, slots=True)
class Integers:
    """The integers that a processor multiplies fast and exactly."""

    signed: bool
    """Whether values between convolutions are signed; weights always are."""

    greatest_weight: int
    """127, or 63 where products are summed in pairs in 16 bits, which saturate."""

    @classmethod
    def of(cls, architecture: str, features: Collection[str]) -> "Integers":
        """Return the integers for a processor, by its architecture (``uname -m``) and its features as Linux names them.

        ARM64 multiplies signed integers, with its dot product (``asimddp``) and without it: then pairs of products are
        summed in 16 bits, which hold 2 * 128 * 127. An x86 takes unsigned values, and without VNNI such sums saturate.
        """
        if architecture.lower() in {"aarch64", "arm64"}:
            return cls(signed=True, greatest_weight=127)
        return cls(signed=False, greatest_weight=63 if {"avx512_vnni", "avx_vnni"}.isdisjoint(features) else 127)

    @classmethod
    def of_this_machine(cls) -> "Integers":
        """Return the integers for the processor that runs this."""
        return cls.of(platform.machine(), processor_features())


@dataclass(frozen=True, slots=True)
class _Grid:
    """256 evenly spaced values, zero among them."""

    scale: np.float32
    zero: np.integer[Any]

    @classmethod
    def over(cls, values: Range, *, signed: bool) -> "_Grid":
        low, high = min(values.low, 0.0), max(values.high, 0.0)
        scale = np.float32(max(high - low, 1e-12) / 255)
        steps = min(255, max(0, round(-low / float(scale))))
        return cls(scale, np.int8(steps - 128) if signed else np.uint8(steps))


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution that is fit for int8."""

    depth: int
    """Number of ConvTransposes before it."""

    taps: int
    """Length of its kernel."""

    work: int
    """Multiply-adds for a frame."""


def convolutions(model: "ModelProto") -> dict[str, Convolution]:
    """Return the convolutions that are fit for int8, by the names of their outputs.

    Fit are those over time with constant weights. A decoder's first convolution is left out, since all the sound
    depends on it and it is little work, and so is the last, which makes a single channel: the sound itself.
    """
    index = GraphIndex(model.graph)
    # By value: the number of ConvTransposes before it, and of its points in a frame.
    moving = {value.name: (0, 1) for value in model.graph.input if _has_time(value.type.tensor_type.shape)}
    first = int(any(node.op_type == "ConvTranspose" for node in index.nodes))
    found = {}
    for node in index.nodes:
        known = [moving[name] for name in node.input if name in moving]
        if not known:
            continue
        depth, rate = max(known)
        if node.op_type == "ConvTranspose":
            depth += 1
            rate *= next((each.ints[0] for each in node.attribute if each.name == "strides"), 1)
        moving.update(dict.fromkeys(node.output, (depth, rate)))
        if node.op_type == "Conv" and depth >= first and _is_fit(node, index.weights):
            dims = index.weights[node.input[1]].dims
            found[node.output[0]] = Convolution(depth, dims[2], math.prod(dims) * rate)
    return found


def quantize(
    model: "ModelProto", names: Collection[str], ranges: Mapping[str, Range], integers: Integers
) -> "ModelProto":
    """Return ``model`` with some of its convolutions in int8.

    Args:
        model: in fp32; it is not changed.
        names: outputs of the convolutions, among those that :func:`convolutions` returns.
        ranges: of their inputs and outputs, from :func:`~.calibrate.calibrate`.
        integers: of the machine that is going to run the result.
    """
    from onnx import helper

    rewriting = _Rewriting(model, names, ranges, integers)
    for node in model.graph.node:
        rewriting.take(node)
    taken = {name for node in rewriting.nodes for name in node.input}
    tensors = [*model.graph.initializer, *rewriting.tensors.values()]
    graph = helper.make_graph(
        rewriting.nodes,
        model.graph.name,
        model.graph.input,
        model.graph.output,
        [tensor for tensor in tensors if tensor.name in taken],
    )
    versions = {entry.domain: entry.version for entry in model.opset_import} | {_CONTRIB: 1}
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid(*entry) for entry in versions.items()],
        functions=model.functions,
        ir_version=model.ir_version,
    )


class _Rewriting:
    """A graph that is rewritten from fp32 to int8, node by node in its order."""

    def __init__(
        self, model: "ModelProto", names: Collection[str], ranges: Mapping[str, Range], integers: Integers
    ) -> None:
        self.nodes: list[NodeProto] = []
        self.tensors: dict[str, TensorProto] = {}
        self._names = frozenset(names)
        self._ranges = ranges
        self._integers = integers
        index = GraphIndex(model.graph)
        self._weights = index.weights
        self._between = dict(_between(index, self._names))
        # The grids of values that are there in integers, by their names in fp32.
        self._grids: dict[str, _Grid] = {}

    def take(self, node: "NodeProto") -> None:
        """Append ``node``, or the nodes that replace it."""
        if node.output[0] in self._names:
            self._convolve(node)
        elif node.output[0] in self._between.values():
            self._rectify(node)
        else:
            self.nodes.append(node)

    def _convolve(self, node: "NodeProto") -> None:
        from onnx import numpy_helper

        source, target = node.input[0], node.output[0]
        if source not in self._grids:
            self._append("QuantizeLinear", [source, *self._grid(source)], f"{source}/int8")
        steps, scales = _rounded(numpy_helper.to_array(self._weights[node.input[1]]), self._integers.greatest_weight)
        inputs = [
            f"{source}/int8",
            *self._grid(source),
            self._tensor(f"{target}/weight", steps),
            self._tensor(f"{target}/weight_scale", scales),
            self._tensor(f"{target}/weight_zero", np.zeros(len(scales), dtype=np.int8)),
            *self._grid(target),
        ]
        if bias := "".join(node.input[2:]):
            exact = numpy_helper.to_array(self._weights[bias]) / (np.float64(self._grids[source].scale) * scales)
            limits = np.iinfo(np.int32)
            inputs.append(self._tensor(f"{target}/bias", np.rint(exact).clip(limits.min, limits.max).astype(np.int32)))
        self._append("QLinearConv", inputs, f"{target}/int8", node.attribute)
        if target not in self._between:
            self._append("DequantizeLinear", [f"{target}/int8", *self._grid(target)], target)

    def _rectify(self, node: "NodeProto") -> None:
        from onnx import helper

        source, target = node.input[0], node.output[0]
        slope = next((each.f for each in node.attribute if each.name == "alpha"), _RECTIFIERS[node.op_type])
        inputs = [f"{source}/int8", *self._grid(source), *self._grid(target)]
        self._append("QLinearLeakyRelu", inputs, f"{target}/int8", [helper.make_attribute("alpha", slope)], _CONTRIB)

    def _grid(self, name: str) -> list[str]:
        """Return the names of the scale and of the zero point of ``name``."""
        if name not in self._grids:
            self._grids[name] = _Grid.over(self._ranges[name], signed=self._integers.signed)
        grid = self._grids[name]
        return [
            self._tensor(f"{name}/scale", np.asarray(grid.scale)),
            self._tensor(f"{name}/zero", np.asarray(grid.zero)),
        ]

    def _tensor(self, name: str, values: npt.NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.tensors[name] = numpy_helper.from_array(values, name)
        return name

    def _append(
        self,
        operator: str,
        inputs: list[str],
        output: str,
        attributes: "Iterable[AttributeProto]" = (),
        domain: str = "",
    ) -> None:
        from onnx import helper

        node = helper.make_node(operator, inputs, [output], name=output, domain=domain)
        node.attribute.extend(attributes)
        self.nodes.append(node)


def _has_time(shape: "TensorShapeProto") -> bool:
    return len(shape.dim) == 3 and not shape.dim[2].dim_value


def _is_fit(node: "NodeProto", weights: "Mapping[str, TensorProto]") -> bool:
    if any(name not in weights for name in node.input[1:] if name):
        return False
    weight = weights[node.input[1]]
    return len(weight.dims) == 3 and weight.data_type == weight.FLOAT and weight.dims[0] > 1


def _between(index: GraphIndex, names: Collection[str]) -> "Iterator[tuple[str, str]]":
    """Yield input and output of each rectifier that stands between int8 convolutions alone."""
    for node in index.nodes:
        if node.op_type not in _RECTIFIERS or node.input[0] not in names:
            continue
        source, target = node.input[0], node.output[0]
        is_alone = len(index.takers(source)) == 1 and not {source, target}.intersection(index.outputs)
        if is_alone and all(taker.output[0] in names for taker in index.takers(target)):
            yield source, target


def _rounded(weights: npt.NDArray[np.float32], greatest: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return ``weights`` in steps, and the size of a step for each output channel."""
    peaks = np.abs(weights).max(axis=(1, 2), keepdims=True)
    scales = (np.maximum(peaks, 1e-12) / greatest).astype(np.float32)
    return np.rint(weights / scales).astype(np.int8), scales.reshape(-1)
