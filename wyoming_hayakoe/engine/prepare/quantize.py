"""Quantisation of a stage's convolutions to 8-bit integers: static, with weights per output channel.

Only convolutions are computed in integers, in one of three forms, and a rectifier between two of them, as a table of
256 entries. Residual sums stay in fp32: int8 sums made a decoder a tenth faster and 6 dB noisier. The operators are
written out rather than left for the optimiser to find, so that they are there on any version of ONNX Runtime. It has
no integer ConvTranspose: those, a thirtieth of the arithmetic, stay as they are.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs.index import GraphIndex
from wyoming_hayakoe.engine.graphs.operators import numbers
from wyoming_hayakoe.engine.prepare.grids import RECTIFIERS, Grid, Grids, Rectifier, rounded_weights, weights_of
from wyoming_hayakoe.engine.prepare.layouts import LayoutWriter, channels_last

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_CONTRIB = "com.microsoft"


class Form(StrEnum):
    """How a convolution is computed in integers. All take values in a grid for each channel."""

    TENSOR = "a grid per output"
    """QLinearConv, whose output is rounded in one grid for all its channels."""

    CHANNEL = "a grid per output channel"
    """QLinearConv, whose output is rounded in a grid for each channel: less noise, a little more time."""

    PRODUCT = "float output"
    """A matrix product of integers with floating-point results, which are not rounded: least noise. The taps' values
    are laid side by side, with channels last; that costs the more, the fewer channels there are."""


def quantize(model: "ModelProto", forms: Mapping[str, Form], grids: Grids) -> "ModelProto":
    """Return ``model`` with some of its convolutions in int8.

    Args:
        model: in fp32; it is not changed.
        forms: by the outputs of the convolutions, which are among those that :func:`convolutions` returns.
        grids: of its values, for the machine that is going to run the result.
    """
    from onnx import helper

    rewriting = _Rewriting(model, forms, grids)
    for node in model.graph.node:
        rewriting.take(node)
    rewriting.end()
    taken = {name for node in rewriting.graph.nodes for name in node.input}
    tensors = [*model.graph.initializer, *rewriting.graph.tensors.values()]
    graph = helper.make_graph(
        rewriting.graph.nodes,
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
    """A graph that is rewritten from fp32 to int8, node by node in its order.

    A value ``x`` in integers is ``x/int8``; with its channels last as well, ``x/int8/last``.
    """

    def __init__(self, model: "ModelProto", forms: Mapping[str, Form], grids: Grids) -> None:
        self._forms = forms
        self._choice = grids
        self._integers = grids.integers
        self._index = GraphIndex(model.graph)
        self.graph = LayoutWriter(self._index, "int8/")
        # The grids of what convolutions take, and of what they make in integers.
        self._grids: dict[str, Grid] = {}
        self._made: dict[str, Grid] = {}
        # What a product's results are divided by, where they are in the steps of the grid behind their rectifier.
        self._divided: dict[str, npt.NDArray[np.float32]] = {}
        self._one = self.graph.tensor("one", np.ones((), dtype=np.float32))

    def take(self, node: "NodeProto") -> None:
        """Append ``node``, or the nodes that replace it."""
        form = self._forms.get(node.output[0])
        if form is Form.PRODUCT:
            self._multiply(node)
        elif form is not None:
            self._convolve(node, form)
        elif self._stays_in_integers(node):
            self._rectify(node)
        elif self.graph.works_with_channels_last(node):
            self.graph.copy_last(node)
        else:
            self.graph.copy(node)

    def end(self) -> None:
        """Append what the graph's outputs still need."""
        for name in self._index.outputs:
            self.graph.first(name)

    def _convolve(self, node: "NodeProto", form: Form) -> None:
        source, target = node.input[0], node.output[0]
        taken = self._in_integers(source)
        grid = self._grids[source]
        weights, steps = rounded_weights(self._scaled_weights(node), self._integers.greatest_weight)
        is_inner = self._rectifier_after(target) is not None
        made = (
            self._choice.rectified(target) if is_inner else self._choice.made(target, per_channel=form is Form.CHANNEL)
        )
        self._made[target] = made
        # A zero for each channel is a shift of the sum: the kernel knows one zero only.
        middle = 128 if isinstance(made.zero, np.ndarray) else made.zero
        bias = self._bias(node) / steps + (made.zero - middle) * made.steps.astype(np.float64) / steps
        limits = np.iinfo(np.int32)
        inputs = [
            taken,
            self._one,
            self.graph.tensor(f"{source}/zero", self._integers.place(grid.zero)),
            self.graph.tensor(f"{target}/weights", weights.reshape(self._index.weights[node.input[1]].dims)),
            self.graph.tensor(f"{target}/sum_steps", steps / made.steps),
            self.graph.tensor(f"{target}/weight_zeros", np.zeros(len(steps), dtype=np.int8)),
            self._one,
            self.graph.tensor(f"{target}/middle", self._integers.place(middle)),
            self.graph.tensor(f"{target}/bias", np.rint(bias).clip(limits.min, limits.max).astype(np.int32)),
        ]
        self.graph.append("QLinearConv", inputs, f"{target}/made", node.attribute)
        if is_inner:
            return
        self.graph.append("DequantizeLinear", [f"{target}/made", *self._grid_tensors(target, form)], target, axis=1)

    def _rectify(self, node: "NodeProto") -> None:
        source, target = node.input[0], node.output[0]
        before, rectifier = self._made[source], Rectifier.of_node(node)
        after = rectifier.grid(before)
        self._grids[target] = after
        inputs = [
            f"{source}/made",
            self._one,
            self.graph.tensor(f"{source}/middle", self._integers.place(before.zero)),
            self.graph.tensor(f"{target}/step", (after.steps[0] / before.steps[0]).astype(np.float32)),
            self.graph.tensor(f"{target}/zero", self._integers.place(after.zero)),
        ]
        self.graph.append("QLinearLeakyRelu", inputs, f"{target}/int8", domain=_CONTRIB, alpha=rectifier.slope)

    def _multiply(self, node: "NodeProto") -> None:
        source, target = node.input[0], node.output[0]
        rank = len(self._index.weights[node.input[1]].dims)
        taken = self._unfolded(node, self._in_integers_last(source, rank))
        weights, steps = rounded_weights(self._scaled_weights(node), self._integers.greatest_weight)
        bias = self._bias(node)
        if (divisor := self._folded_steps(target)) is not None:
            self._divided[target] = divisor
            steps, bias = steps / divisor, bias / divisor
        inputs = [
            taken,
            self.graph.tensor(f"{target}/weights", weights.transpose(2, 1, 0).reshape(-1, len(weights))),
            self._one,
            self.graph.tensor(f"{target}/sum_steps", steps.astype(np.float32)),
            self.graph.tensor(f"{source}/zero", self._integers.place(self._grids[source].zero)),
            self.graph.tensor(f"{target}/weight_zeros", np.zeros(len(steps), dtype=np.int8)),
            self.graph.tensor(f"{target}/bias", bias.astype(np.float32)),
        ]
        self.graph.append_last("MatMulIntegerToFloat", inputs, target, rank, _CONTRIB)

    def _unfolded(self, node: "NodeProto", name: str) -> str:
        """Return the values of all taps of a convolution side by side: [..., T, taps * C]."""
        target = node.output[0]
        dims = self._index.weights[node.input[1]].dims
        taps, rank = dims[-1], len(dims)
        start, end = (numbers(node, "pads", [0] * (2 * rank - 4))[index] for index in (rank - 3, -1))
        dilation = numbers(node, "dilations", [1])[-1]
        if start or end:
            margins = [0] * (2 * rank)
            margins[rank - 2], margins[-2] = start, end
            inputs = [
                name,
                self.graph.tensor(f"{target}/margins", np.array(margins, dtype=np.int64)),
                self.graph.tensor(f"{node.input[0]}/zero", self._integers.place(self._grids[node.input[0]].zero)),
            ]
            name = self.graph.append("Pad", inputs, f"{target}/padded")
        if taps == 1:
            return name
        axis = self.graph.tensor(f"axis{rank - 2}", np.array([rank - 2], dtype=np.int64))
        parts = []
        for tap in range(taps):
            # What the last tap begins with ends what the first one takes.
            stop = (tap - taps + 1) * dilation or np.iinfo(np.int64).max
            limits = [
                self.graph.tensor(f"{number}", np.array([number], dtype=np.int64)) for number in (tap * dilation, stop)
            ]
            parts.append(self.graph.append("Slice", [name, *limits, axis], f"{target}/tap{tap}"))
        return self.graph.append("Concat", parts, f"{target}/taps", axis=rank - 1)

    def _in_integers(self, name: str) -> str:
        """Return the name of a value in integers."""
        if not self.graph.has(f"{name}/int8"):
            grid = self._input_grid(name)
            zeros = np.full(len(grid.steps), grid.zero)
            inputs = [
                self.graph.first(name),
                self.graph.tensor(f"{name}/steps", grid.steps),
                self.graph.tensor(f"{name}/zeros", self._integers.place(zeros)),
            ]
            self.graph.append("QuantizeLinear", inputs, f"{name}/int8", axis=1)
        return f"{name}/int8"

    def _in_integers_last(self, name: str, rank: int) -> str:
        """Return the name of a value of ``rank`` axes in integers with channels last."""
        made = f"{name}/int8/last"
        if self.graph.has(made):
            return made
        if not self.graph.has(f"{name}/int8") and self.graph.is_last_alone(name):
            grid = self._input_grid(name)
            divided = f"{name}/last"
            maker = self._index.maker(name)
            if maker is None or not maker.input or maker.input[0] not in self._divided:
                divisors = self.graph.tensor(f"{name}/per_step", (1 / grid.steps).astype(np.float32))
                divided = self.graph.append("Mul", [divided, divisors], f"{name}/divided")
            zero = self.graph.tensor(f"{name}/zero", self._integers.place(grid.zero))
            self.graph.append("QuantizeLinear", [divided, self._one, zero], made)
        else:
            self.graph.append("Transpose", [self._in_integers(name)], made, perm=channels_last(rank))
        return made

    def _folded_steps(self, target: str) -> npt.NDArray[np.float32] | None:
        """Return the steps behind the rectifier that alone takes ``target``, if only products take what it makes."""
        takers = self._index.takers(target)
        if len(takers) != 1 or takers[0].op_type not in RECTIFIERS or target in self._index.outputs:
            return None
        rectified = takers[0].output[0]
        users = self._index.takers(rectified)
        if rectified in self._index.outputs or not users:
            return None
        if any(self._forms.get(user.output[0]) is not Form.PRODUCT for user in users):
            return None
        return self._input_grid(rectified).steps

    def _input_grid(self, name: str) -> Grid:
        """Return the grid of what int8 convolutions take."""
        if name not in self._grids:
            self._grids[name] = self._choice.taken(name)
        return self._grids[name]

    def _grid_tensors(self, name: str, form: Form) -> list[str]:
        """Return the names of step and zero of a convolution's output."""
        grid = self._made[name]
        steps = grid.steps if form is Form.CHANNEL else grid.steps[0]
        return [
            self.graph.tensor(f"{name}/output_steps", steps),
            self.graph.tensor(f"{name}/output_zeros", self._integers.place(grid.zero)),
        ]

    def _stays_in_integers(self, node: "NodeProto") -> bool:
        return node.op_type in RECTIFIERS and self._rectifier_after(node.input[0]) is node

    def _rectifier_after(self, name: str) -> "NodeProto | None":
        """Return the rectifier that stands between a QLinearConv that makes ``name`` and others, and nothing else."""
        takers = self._index.takers(name)
        if len(takers) != 1 or takers[0].op_type not in RECTIFIERS:
            return None
        rectified = takers[0].output[0]
        users = [self._forms.get(user.output[0]) for user in self._index.takers(rectified)]
        around = [self._forms.get(name), *users]
        is_inside = not {name, rectified}.intersection(self._index.outputs)
        return takers[0] if users and is_inside and not {None, Form.PRODUCT}.intersection(around) else None

    def _scaled_weights(self, node: "NodeProto") -> npt.NDArray[np.float32]:
        """Return the weights that take values in steps of their grid."""
        return weights_of(node, self._index) * self._grids[node.input[0]].steps[None, :, None]

    def _bias(self, node: "NodeProto") -> npt.NDArray[np.float64]:
        from onnx import numpy_helper

        name = "".join(node.input[2:])
        outputs = self._index.weights[node.input[1]].dims[0]
        return numpy_helper.to_array(self._index.weights[name]).astype(np.float64) if name else np.zeros(outputs)
