"""Relative attention of a VITS network, computed on its band of diagonals alone.

A traced network makes a square of each position's scores for its neighbours by padding a band, reading it with another
stride and slicing (Huang et al. 2018, "Music Transformer"), and reads the band of its weights in the same way. Here the
band is scattered into the scores, and gathered from the weights.

Attention is recognised by what every such network has: a softmax depends on two convolutions, query and key; one
convolution takes the product of the softmax with a third, the values; and on either side of the softmax there is a
table of an odd number of vectors, as long as a head is wide. The query is multiplied with the first table.
"""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs.edits import replace_nodes
from wyoming_hayakoe.engine.graphs.index import GraphIndex

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_LEAST_OPSET = 16
"""The first opset in which ScatterElements adds."""

_LEAN = "lean/"
"""Prefix of new names; no exporter uses it."""


@dataclass(frozen=True, slots=True)
class _Attention:
    """The values of one attention, all [1, channels, time], and its tables [distances, channels of a head]."""

    query: str
    key: str
    value: str
    key_table: npt.NDArray[np.float32]
    value_table: npt.NDArray[np.float32]
    channels: int

    @property
    def heads(self) -> int:
        """Number of heads."""
        return self.channels // int(self.key_table.shape[1])


def lean_attention(model: "ModelProto") -> int:
    """Replace traced attention by the lean one; return the number of places.

    That nothing is masked, and that all attentions of a graph have the same time, is assumed: the caller has to
    compare.
    """
    graph = model.graph
    if any(each.domain == "" and each.version < _LEAST_OPSET for each in model.opset_import):
        return 0
    found = dict(_Search(graph).attentions())
    writer = _Writer(graph)
    for node in list(graph.node):
        attention = found.get(node.output[0]) if node.op_type == "Conv" else None
        if attention is not None:
            node.input[0] = writer.write(attention, f"{_LEAN}{node.output[0]}/")
        writer.nodes.append(node)
    replace_nodes(graph, writer.nodes)
    return len(found)


class _Search:
    """Search for attention in a graph."""

    def __init__(self, graph: "GraphProto") -> None:
        # Sizes depend on every value, and nothing is recognised by them.
        self._index = GraphIndex(graph, without={"Shape"})

    def attentions(self) -> "Iterator[tuple[str, _Attention]]":
        """Yield the output of the convolution behind each attention, and the attention."""
        for node in self._index.nodes:
            output = self._convolution_after(node.output[0]) if node.op_type == "Softmax" else None
            if output is not None and (attention := self._around(node, output)) is not None:
                yield output.output[0], attention

    def _around(self, softmax: "NodeProto", output: "NodeProto") -> _Attention | None:
        query_and_key, before = self._behind(softmax.input[0])
        values, after = self._behind(output.input[0], softmax.output[0])
        weight = self._index.weights.get(output.input[1])
        if len(query_and_key) != 2 or len(values) != 1 or weight is None or len(weight.dims) != 3:
            return None
        channels = weight.dims[1]
        key_tables, value_tables = self._tables(before, channels), self._tables(after, channels)
        if len(key_tables) != 1 or len(value_tables) != 1:
            return None
        ((name, key_table),), ((_, value_table),) = key_tables.items(), value_tables.items()
        (query,) = self._multiplied_with(name) & query_and_key or {""}
        if not query or key_table.shape != value_table.shape:
            return None
        (key,), (value,) = query_and_key - {query}, values
        return _Attention(query, key, value, key_table, value_table, channels)

    def _convolution_after(self, name: str) -> "NodeProto | None":
        """Return the one convolution that takes ``name`` or a value made of it; None where there are several."""
        found: dict[str, NodeProto] = {}
        waiting, seen = [name], set()
        while waiting:
            for node in self._index.takers(waiting.pop()):
                if node.op_type == "Conv":
                    found[node.output[0]] = node
                elif node.output[0] not in seen:
                    seen.add(node.output[0])
                    waiting.append(node.output[0])
        return next(iter(found.values())) if len(found) == 1 else None

    def _behind(self, name: str, stop: str = "") -> tuple[set[str], set[str]]:
        """Return the convolutions of which ``name`` is made, as far as ``stop``, and the constants on the way."""
        convolutions, constants = set(), set()
        waiting, seen = [name], {stop, ""}
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            node = self._index.maker(each)
            if each in self._index.weights:
                constants.add(each)
            elif node is not None and node.op_type == "Conv":
                convolutions.add(each)
            elif node is not None:
                waiting.extend(node.input)
        return convolutions, constants

    def _tables(self, names: Collection[str], channels: int) -> dict[str, npt.NDArray[np.float32]]:
        """Return those of ``names`` that are tables, upright: [distances, channels of a head]."""
        from onnx import numpy_helper

        found = {}
        for name in names:
            tensor = self._index.weights[name]
            shape = [size for size in tensor.dims if size != 1]
            if tensor.data_type == tensor.FLOAT and len(shape) == 2:
                values = numpy_helper.to_array(tensor).reshape(shape)
                upright = next((each for each in (values, values.T) if _is_upright(each.shape, channels)), None)
                if upright is not None:
                    found[name] = upright
        return found

    def _multiplied_with(self, name: str) -> set[str]:
        """Return the convolutions behind the value that a table is multiplied with."""
        while takers := self._index.takers(name):
            node = takers[0]
            if node.op_type == "MatMul":
                return set().union(*(self._behind(each)[0] for each in node.input if each != name))
            name = node.output[0]
        return set()


def _is_upright(shape: tuple[int, ...], channels: int) -> bool:
    distances, head = shape
    return distances % 2 == 1 and distances > 1 and channels % head == 0


class _Writer:
    """Nodes and weights of lean attention, appended to a graph."""

    def __init__(self, graph: "GraphProto") -> None:
        self.nodes: list[NodeProto] = []
        self._graph = graph
        self._has_band = False

    def write(self, attention: _Attention, prefix: str) -> str:
        """Append ``attention``, and return the name of its output [1, channels, time]."""
        if not self._has_band:
            self._band(attention)
            self._has_band = True
        size = attention.key_table.shape[1]
        scale = 1 / math.sqrt(size)
        split = self._constant(f"{prefix}split", np.array([attention.heads, size, -1]))
        query, key, value = (
            self._node("Reshape", [each, split], f"{prefix}{kind}")
            for kind, each in (("query", attention.query), ("key", attention.key), ("value", attention.value))
        )
        query = self._node("Transpose", [query], f"{prefix}turned", perm=[0, 2, 1])
        key_table = self._constant(f"{prefix}key_table", attention.key_table.T * np.float32(scale))
        nearby = self._node("MatMul", [query, key_table], f"{prefix}nearby")
        nearby = self._node("Mul", [nearby, f"{_LEAN}inside"], f"{prefix}nearby_inside")
        scores = self._node("MatMul", [query, key], f"{prefix}products")
        scores = self._node("Mul", [scores, self._constant(f"{prefix}scale", np.float32(scale))], f"{prefix}far")
        scores = self._node(
            "ScatterElements", [scores, f"{_LEAN}columns", nearby], f"{prefix}scores", axis=2, reduction="add"
        )
        weights = self._node("Softmax", [scores], f"{prefix}weights", axis=-1)
        band = self._node("GatherElements", [weights, f"{_LEAN}columns"], f"{prefix}band", axis=2)
        band = self._node("Mul", [band, f"{_LEAN}inside"], f"{prefix}band_inside")
        band = self._node("Transpose", [band], f"{prefix}band_turned", perm=[0, 2, 1])
        weights = self._node("Transpose", [weights], f"{prefix}weights_turned", perm=[0, 2, 1])
        mixed = self._node("MatMul", [value, weights], f"{prefix}values")
        value_table = self._constant(f"{prefix}value_table", np.ascontiguousarray(attention.value_table.T))
        nearby = self._node("MatMul", [value_table, band], f"{prefix}distances")
        mixed = self._node("Add", [mixed, nearby], f"{prefix}heads")
        together = self._constant(f"{prefix}together", np.array([1, attention.channels, -1]))
        return self._node("Reshape", [mixed, together], f"{prefix}mixed")

    def _band(self, attention: _Attention) -> None:
        """Append the columns of each row's band, [heads, time, distances], and 1 where they are inside of the square.

        A column outside is replaced by the nearest one inside, to which nothing is added.
        """
        distances = len(attention.key_table)
        zero, one, last_axis = (self._constant(f"{_LEAN}{number}", np.int64(number)) for number in (0, 1, 2))
        offsets = self._constant(f"{_LEAN}offsets", np.arange(distances) - distances // 2)
        upright = self._constant(f"{_LEAN}upright", np.array([-1, 1]))
        each_head = self._constant(f"{_LEAN}each_head", np.array([attention.heads, 1, 1]))
        time = self._node("Shape", [attention.query], f"{_LEAN}shape")
        time = self._node("Gather", [time, last_axis], f"{_LEAN}time")
        rows = self._node("Range", [zero, time, one], f"{_LEAN}range")
        rows = self._node("Reshape", [rows, upright], f"{_LEAN}rows")
        wanted = self._node("Add", [rows, offsets], f"{_LEAN}wanted")
        last = self._node("Sub", [time, one], f"{_LEAN}last")
        there = self._node("Min", [wanted, last], f"{_LEAN}not_after")
        there = self._node("Max", [there, zero], f"{_LEAN}there")
        inside = self._node("Equal", [wanted, there], f"{_LEAN}is_inside")
        self._node("Cast", [inside], f"{_LEAN}inside", to=1)
        self._node("Expand", [there, each_head], f"{_LEAN}columns")

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def _constant(self, name: str, values: npt.NDArray[Any] | np.generic) -> str:
        from onnx import numpy_helper

        self._graph.initializer.append(numpy_helper.from_array(np.asarray(values), name))
        return name
