"""Quantisation of a stage's convolutions to 8-bit integers: static, with weights per output channel.

Only convolutions are computed in integers, in one of three forms, and a rectifier between two of them, as a table of
256 entries. Residual sums stay in fp32: int8 sums made a decoder a tenth faster and 6 dB noisier. The operators are
written out rather than left for the optimiser to find, so that they are there on any version of ONNX Runtime. It has
no integer ConvTranspose: those, a thirtieth of the arithmetic, stay as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs.index import GraphIndex
from wyoming_hayakoe.engine.prepare.grids import RECTIFIERS, Grid, Grids, Rectifier, rounded_weights, weights_of

if TYPE_CHECKING:
    from onnx import AttributeProto, ModelProto, NodeProto, TensorProto

_CONTRIB = "com.microsoft"
_POINTWISE = frozenset({"Add", "Div", "LeakyRelu", "Mul", "Relu", "Sub", "Tanh"})
"""Operators that work on each value for itself, in whatever order the axes are."""


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
    """A graph that is rewritten from fp32 to int8, node by node in its order.

    A value ``x`` may be there as it was; with channels last, as ``x/last``; in integers, as ``x/int8``; and both, as
    ``x/int8/last``. What is missing is made where it is first taken.
    """

    def __init__(
        self,
        model: "ModelProto",
        forms: Mapping[str, Form],
        grids: Grids,
    ) -> None:
        self.nodes: list[NodeProto] = []
        self.tensors: dict[str, TensorProto] = {}
        self._forms = forms
        self._choice = grids
        self._integers = grids.integers
        self._index = GraphIndex(model.graph)
        self._there = {*self._index.weights, *self._index.inputs}
        # The grids of what convolutions take, and of what they make in integers.
        self._grids: dict[str, Grid] = {}
        self._made: dict[str, Grid] = {}
        self._timed = _timed(self._index)
        # The number of axes of values that are there with channels last.
        self._ranks: dict[str, int] = {}
        # What a product's results are divided by, where they are in the steps of the grid behind their rectifier.
        self._divided: dict[str, npt.NDArray[np.float32]] = {}
        self._one = self._tensor("one", np.ones((), dtype=np.float32))

    def take(self, node: "NodeProto") -> None:
        """Append ``node``, or the nodes that replace it."""
        form = self._forms.get(node.output[0])
        if form is Form.PRODUCT:
            self._multiply(node)
        elif form is not None:
            self._convolve(node, form)
        elif self._stays_in_integers(node):
            self._rectify(node)
        elif self._works_with_channels_last(node):
            rank = next(self._ranks[name] for name in node.input if self._is_last_alone(name))
            self._copy(node, [self._last(name, rank) for name in node.input], [f"{node.output[0]}/last"])
            self._ranks[node.output[0]] = rank
        else:
            self._copy(node, [self._first(name) for name in node.input], node.output)

    def end(self) -> None:
        """Append what the graph's outputs still need."""
        for name in self._index.outputs:
            self._first(name)

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
            self._tensor(f"{source}/zero", self._integers.place(grid.zero)),
            self._tensor(f"{target}/weights", weights.reshape(self._index.weights[node.input[1]].dims)),
            self._tensor(f"{target}/sum_steps", steps / made.steps),
            self._tensor(f"{target}/weight_zeros", np.zeros(len(steps), dtype=np.int8)),
            self._one,
            self._tensor(f"{target}/middle", self._integers.place(middle)),
            self._tensor(f"{target}/bias", np.rint(bias).clip(limits.min, limits.max).astype(np.int32)),
        ]
        self._append("QLinearConv", inputs, f"{target}/made", node.attribute)
        if is_inner:
            return
        self._append("DequantizeLinear", [f"{target}/made", *self._grid_tensors(target, form)], target, axis=1)

    def _rectify(self, node: "NodeProto") -> None:
        source, target = node.input[0], node.output[0]
        before, rectifier = self._made[source], Rectifier.of_node(node)
        after = rectifier.grid(before)
        self._grids[target] = after
        inputs = [
            f"{source}/made",
            self._one,
            self._tensor(f"{source}/middle", self._integers.place(before.zero)),
            self._tensor(f"{target}/step", (after.steps[0] / before.steps[0]).astype(np.float32)),
            self._tensor(f"{target}/zero", self._integers.place(after.zero)),
        ]
        self._append("QLinearLeakyRelu", inputs, f"{target}/int8", domain=_CONTRIB, alpha=rectifier.slope)

    def _multiply(self, node: "NodeProto") -> None:
        source, target = node.input[0], node.output[0]
        taken = self._unfolded(node, self._in_integers_last(source, len(self._index.weights[node.input[1]].dims)))
        weights, steps = rounded_weights(self._scaled_weights(node), self._integers.greatest_weight)
        bias = self._bias(node)
        if (divisor := self._folded_steps(target)) is not None:
            self._divided[target] = divisor
            steps, bias = steps / divisor, bias / divisor
        inputs = [
            taken,
            self._tensor(f"{target}/weights", weights.transpose(2, 1, 0).reshape(-1, len(weights))),
            self._one,
            self._tensor(f"{target}/sum_steps", steps.astype(np.float32)),
            self._tensor(f"{source}/zero", self._integers.place(self._grids[source].zero)),
            self._tensor(f"{target}/weight_zeros", np.zeros(len(steps), dtype=np.int8)),
            self._tensor(f"{target}/bias", bias.astype(np.float32)),
        ]
        self._append("MatMulIntegerToFloat", inputs, f"{target}/last", domain=_CONTRIB)
        self._ranks[target] = len(self._index.weights[node.input[1]].dims)

    def _unfolded(self, node: "NodeProto", name: str) -> str:
        """Return the values of all taps of a convolution side by side: [..., T, taps * C]."""
        target = node.output[0]
        dims = self._index.weights[node.input[1]].dims
        taps, rank = dims[-1], len(dims)
        attributes = {each.name: list(each.ints) for each in node.attribute if each.ints}
        start, end = (attributes.get("pads", [0] * (2 * rank - 4))[index] for index in (rank - 3, -1))
        dilation = attributes.get("dilations", [1])[-1]
        if start or end:
            margins = [0] * (2 * rank)
            margins[rank - 2], margins[-2] = start, end
            inputs = [
                name,
                self._tensor(f"{target}/margins", np.array(margins, dtype=np.int64)),
                self._tensor(f"{node.input[0]}/zero", self._integers.place(self._grids[node.input[0]].zero)),
            ]
            name = self._append("Pad", inputs, f"{target}/padded")
        if taps == 1:
            return name
        axis = self._tensor(f"axis{rank - 2}", np.array([rank - 2], dtype=np.int64))
        parts = []
        for tap in range(taps):
            # What the last tap begins with ends what the first one takes.
            stop = (tap - taps + 1) * dilation or np.iinfo(np.int64).max
            limits = [
                self._tensor(f"{number}", np.array([number], dtype=np.int64)) for number in (tap * dilation, stop)
            ]
            parts.append(self._append("Slice", [name, *limits, axis], f"{target}/tap{tap}"))
        return self._append("Concat", parts, f"{target}/taps", axis=rank - 1)

    def _in_integers(self, name: str) -> str:
        """Return the name of a value in integers."""
        if f"{name}/int8" not in self._there:
            grid = self._input_grid(name)
            zeros = np.full(len(grid.steps), grid.zero)
            inputs = [
                self._first(name),
                self._tensor(f"{name}/steps", grid.steps),
                self._tensor(f"{name}/zeros", self._integers.place(zeros)),
            ]
            self._append("QuantizeLinear", inputs, f"{name}/int8", axis=1)
        return f"{name}/int8"

    def _in_integers_last(self, name: str, rank: int) -> str:
        """Return the name of a value of ``rank`` axes in integers with channels last."""
        made = f"{name}/int8/last"
        if made in self._there:
            return made
        if f"{name}/int8" not in self._there and self._is_last_alone(name):
            grid = self._input_grid(name)
            divided = f"{name}/last"
            maker = self._index.maker(name)
            if maker is None or not maker.input or maker.input[0] not in self._divided:
                divisors = self._tensor(f"{name}/per_step", (1 / grid.steps).astype(np.float32))
                divided = self._append("Mul", [divided, divisors], f"{name}/divided")
            zero = self._tensor(f"{name}/zero", self._integers.place(grid.zero))
            self._append("QuantizeLinear", [divided, self._one, zero], made)
        else:
            self._append("Transpose", [self._in_integers(name)], made, perm=_channels_last(rank))
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
            self._tensor(f"{name}/output_steps", steps),
            self._tensor(f"{name}/output_zeros", self._integers.place(grid.zero)),
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

    def _works_with_channels_last(self, node: "NodeProto") -> bool:
        """Return whether a node works on each value for itself, and takes one that is there with channels last alone.

        What else it takes is turned as well, so that it must be a constant or have the axes of a convolution's value.
        """
        is_known = all(name in self._timed or name in self._index.weights for name in node.input)
        return node.op_type in _POINTWISE and is_known and any(self._is_last_alone(name) for name in node.input)

    def _is_last_alone(self, name: str) -> bool:
        return name not in self._there and f"{name}/last" in self._there

    def _first(self, name: str) -> str:
        """Return the name of a value with its axes as they were."""
        if self._is_last_alone(name):
            rank = self._ranks[name]
            self._append("Transpose", [f"{name}/last"], name, perm=[0, rank - 1, *range(1, rank - 1)])
        return name

    def _last(self, name: str, rank: int) -> str:
        """Return the name of a value of ``rank`` axes with its channels last."""
        from onnx import numpy_helper

        made = f"{name}/last"
        if not name or made in self._there:
            return made if name else name
        self._ranks[name] = rank
        if (constant := self._index.weights.get(name)) is None:
            return self._append("Transpose", [name], made, perm=_channels_last(rank))
        values = numpy_helper.to_array(constant)
        axes = values.reshape((1,) * (rank - values.ndim) + values.shape)
        return self._tensor(made, np.ascontiguousarray(axes.transpose(_channels_last(rank))))

    def _tensor(self, name: str, values: npt.NDArray[Any]) -> str:
        """Return the name of a constant, which is added the first time; the graph's own names do not begin so."""
        from onnx import numpy_helper

        name = f"int8/{name}"
        if name not in self.tensors:
            self.tensors[name] = numpy_helper.from_array(values, name)
        return name

    def _append(
        self,
        operator: str,
        inputs: Sequence[str],
        output: str,
        copied: "Iterable[AttributeProto]" = (),
        domain: str = "",
        **attributes: Any,
    ) -> str:
        """Append a node that makes ``output``, and return that name."""
        from onnx import helper

        node = helper.make_node(operator, inputs, [output], name=output, domain=domain, **attributes)
        node.attribute.extend(copied)
        self.nodes.append(node)
        self._there.add(output)
        return output

    def _copy(self, node: "NodeProto", inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Append ``node`` with other names of what it takes and makes."""
        copy = type(node)()
        copy.CopyFrom(node)
        copy.name = outputs[0]
        copy.input[:] = inputs
        copy.output[:] = outputs
        self.nodes.append(copy)
        self._there.update(outputs)


def _timed(index: GraphIndex) -> set[str]:
    """Return the values that have the axes of what convolutions take and make."""
    found: set[str] = set()
    for node in index.nodes:
        if node.op_type in {"Conv", "ConvTranspose"}:
            found |= {node.input[0], *node.output}
        elif node.op_type in _POINTWISE and found.intersection(node.input):
            found |= set(node.output)
    return found


def _channels_last(rank: int) -> list[int]:
    return [0, *range(2, rank), 1]


def _rectifier(node: "NodeProto") -> Rectifier:
    return Rectifier(next((each.f for each in node.attribute if each.name == "alpha"), RECTIFIERS[node.op_type]))
