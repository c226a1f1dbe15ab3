"""A graph that is written anew, whose values are there as they were, with their channels last, or both."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs.index import GraphIndex
from wyoming_hayakoe.engine.graphs.operators import POINTWISE

if TYPE_CHECKING:
    from onnx import AttributeProto, NodeProto, TensorProto


class LayoutWriter:
    """The nodes and constants of a new graph, appended in their order.

    A value ``x`` with its channels last is ``x/last``. What is missing is made where it is first taken.
    """

    def __init__(self, index: GraphIndex, prefix: str) -> None:
        """Begin a graph with the inputs and constants of the one that is rewritten.

        Args:
            index: of the graph that is rewritten.
            prefix: of the names of new constants, which that graph does not use.
        """
        self.nodes: list[NodeProto] = []
        """The nodes so far."""

        self.tensors: dict[str, TensorProto] = {}
        """The new constants so far, by name."""

        self._index = index
        self._prefix = prefix
        self._there = {*index.weights, *index.inputs}
        self._timed = _timed(index)
        # The number of axes of values that are there with channels last.
        self._ranks: dict[str, int] = {}

    def has(self, name: str) -> bool:
        """Return whether a value is there under its name."""
        return name in self._there

    def is_last_alone(self, name: str) -> bool:
        """Return whether a value is there with channels last only."""
        return name not in self._there and name in self._ranks

    def works_with_channels_last(self, node: "NodeProto") -> bool:
        """Return whether a node works on each value for itself, and takes one that is there with channels last only.

        What else it takes is turned as well, so that it must be a constant or have the axes of a convolution's value.
        """
        is_known = all(name in self._timed or name in self._index.weights for name in node.input)
        return node.op_type in POINTWISE and is_known and any(self.is_last_alone(name) for name in node.input)

    def copy(self, node: "NodeProto") -> None:
        """Append a node that takes and makes values as they were."""
        self._copy(node, [self.first(name) for name in node.input], node.output)

    def copy_last(self, node: "NodeProto") -> None:
        """Append a node for which :meth:`works_with_channels_last`, on values with channels last."""
        made = node.output[0]
        self._ranks[made] = next(self._ranks[name] for name in node.input if self.is_last_alone(name))
        self._copy(node, [self._last(name, self._ranks[made]) for name in node.input], [f"{made}/last"])

    def append_last(self, operator: str, inputs: Sequence[str], output: str, rank: int, domain: str) -> None:
        """Append a node that makes a value of ``rank`` axes with channels last."""
        self._ranks[output] = rank
        self.append(operator, inputs, f"{output}/last", domain=domain)

    def append(
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

    def tensor(self, name: str, values: npt.NDArray[Any]) -> str:
        """Return the name of a constant, which is added the first time."""
        from onnx import numpy_helper

        name = f"{self._prefix}{name}"
        if name not in self.tensors:
            self.tensors[name] = numpy_helper.from_array(values, name)
        return name

    def first(self, name: str) -> str:
        """Return the name of a value with its axes as they were."""
        if self.is_last_alone(name):
            rank = self._ranks[name]
            self.append("Transpose", [f"{name}/last"], name, perm=[0, rank - 1, *range(1, rank - 1)])
        return name

    def _last(self, name: str, rank: int) -> str:
        """Return the name of a value of ``rank`` axes with its channels last."""
        from onnx import numpy_helper

        made = f"{name}/last"
        if name in self._ranks:
            return made
        if (constant := self._index.weights.get(name)) is None:
            self._ranks[name] = rank
            return self.append("Transpose", [name], made, perm=channels_last(rank))
        values = numpy_helper.to_array(constant)
        axes = values.reshape((1,) * (rank - values.ndim) + values.shape)
        return self.tensor(made, np.ascontiguousarray(axes.transpose(channels_last(rank))))

    def _copy(self, node: "NodeProto", inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Append ``node`` with other names of what it takes and makes."""
        copy = type(node)()
        copy.CopyFrom(node)
        copy.name = outputs[0]
        copy.input[:] = inputs
        copy.output[:] = outputs
        self.nodes.append(copy)
        self._there.update(outputs)


def channels_last(rank: int) -> list[int]:
    """Return the order of ``rank`` axes that puts the channels last."""
    return [0, *range(2, rank), 1]


def _timed(index: GraphIndex) -> set[str]:
    """Return the values that have the axes of what convolutions take and make."""
    found: set[str] = set()
    for node in index.nodes:
        if node.op_type in {"Conv", "ConvTranspose"}:
            found |= {node.input[0], *node.output}
        elif node.op_type in POINTWISE and found.intersection(node.input):
            found |= set(node.output)
    return found
