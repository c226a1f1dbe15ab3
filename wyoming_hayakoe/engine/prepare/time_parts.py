"""Division of a decoder's work on the highest rates in parts of time, which several threads compute at the same time.

ONNX Runtime splits a blocked convolution among threads by its channels, and the last stages of a decoder have so few
that one thread does all of them. They are also where a sample depends on the least time around it. So behind each
upsampling to a rate that is high enough, the values are cut in equal parts, each with the neighbours that its result
depends on; the parts stand side by side as a batch, which is split among threads; and behind the residual blocks they
are joined again. The sums are the same ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wyoming_hayakoe.engine.graphs.edits import replace_nodes
from wyoming_hayakoe.engine.graphs.index import GraphIndex
from wyoming_hayakoe.engine.graphs.operators import POINTWISE, numbers

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto


@dataclass(frozen=True, slots=True)
class _Region:
    """What is computed in parts: all that depends on one value, up to another one."""

    start: str
    """The value that is cut."""

    end: str
    """The value that is joined; nothing else is taken elsewhere."""

    inside: frozenset[str]
    """All values that depend on the start, including the end."""

    reach: int
    """How many points to either side a point of the end depends on."""

    count: int
    """The number of parts."""

    @property
    def around(self) -> int:
        """How many points are around each part; of two parts, each has a neighbour on one side only."""
        return self.reach * min(2, self.count - 1)


def in_time_parts(stage: "ModelProto", count: int) -> "ModelProto | None":
    """Return ``stage`` with its last upsampled values computed in parts; None where none can be.

    A value is cut where a frame has points enough for each part to be longer than what it depends on, so that the
    shortest sentence can be cut as well.

    Args:
        stage: a decoder; it is not changed.
        count: the most parts.
    """
    from onnx import ModelProto

    index = GraphIndex(stage.graph)
    rate = 1
    regions = []
    for node in index.nodes:
        if node.op_type == "ConvTranspose":
            rate *= numbers(node, "strides", [1])[-1]
            region = _region(index, node.output[0], rate, count)
            if region is not None:
                regions.append(region)
    if not regions:
        return None
    result = ModelProto()
    result.CopyFrom(stage)
    # Noted shapes would be those of the whole.
    del result.graph.value_info[:]
    writer = _PartsWriter(regions)
    for node in result.graph.node:
        writer.write(node)
    replace_nodes(result.graph, writer.nodes)
    result.graph.initializer.extend(writer.tensors.values())
    return result


def _region(index: GraphIndex, start: str, rate: int, most: int) -> _Region | None:
    """Return the region behind a value of ``rate`` points in a frame, in so many parts at most.

    None where another operator or several ends are in the way, or not even two parts are long enough.
    """
    reaches = {start: 0}
    for node in index.nodes:
        known = [reaches[name] for name in node.input if name in reaches]
        widening = _widening(node, index) if known else None
        if widening is not None:
            reaches[node.output[0]] = max(known) + widening
    ends = [
        name
        for name in reaches
        if name in index.outputs or any(taker.output[0] not in reaches for taker in index.takers(name))
    ]
    if len(ends) != 1 or ends[0] == start:
        return None
    reach = reaches[ends[0]]
    fit = [count for count in range(2, most + 1) if rate % count == 0 and rate // count >= reach]
    return _Region(start, ends[0], frozenset(reaches) - {start}, reach, max(fit)) if reach and fit else None


def _widening(node: "NodeProto", index: GraphIndex) -> int | None:
    """Return how many points to either side a node's output depends on; None where it is not computed in parts."""
    if node.op_type in POINTWISE:
        return 0 if all(_is_everywhere(name, index) for name in node.input) else None
    if node.op_type != "Conv" or node.input[1] not in index.weights:
        return None
    width = numbers(node, "dilations", [1])[-1] * (index.weights[node.input[1]].dims[-1] - 1)
    pads = numbers(node, "pads", [0, 0])
    is_centred = 2 * pads[len(pads) // 2 - 1] == width == 2 * pads[-1]
    return width // 2 if is_centred and numbers(node, "strides", [1])[-1] == 1 else None


def _is_everywhere(name: str, index: GraphIndex) -> bool:
    """Return whether a value is the same at each point of time, if it is a constant."""
    return name not in index.weights or math.prod(index.weights[name].dims[-1:]) == 1


class _PartsWriter:
    """The nodes of a graph, with regions in parts."""

    def __init__(self, regions: Sequence[_Region]) -> None:
        self.nodes: list[NodeProto] = []
        self.tensors: dict[str, TensorProto] = {}
        self._starts = {region.start: region for region in regions}
        self._ends = {region.end: region for region in regions}
        self._inside = frozenset().union(*(region.inside for region in regions))

    def write(self, node: "NodeProto") -> None:
        """Append a node, and what cuts or joins what it makes; it is changed."""
        made = node.output[0]
        if made in self._inside:
            node.input[:] = [f"{name}/parts" if name in self._starts else name for name in node.input]
        if made in self._ends:
            node.output[0] = f"{made}/parts"
        self.nodes.append(node)
        if made in self._starts:
            self._cut(self._starts[made])
        if made in self._ends:
            self._join(self._ends[made])

    def _cut(self, region: _Region) -> None:
        """Append what cuts a value in parts of one length, each with the points around it that its result depends on.

        The first and the last part have no neighbour on one side, and as many points more on the other.
        """
        name, last = region.start, region.count - 1
        length = self._node("Add", [self._part(region), self._number(region.around)], f"{name}/length")
        parts = []
        for position in range(region.count):
            if position == 0:
                begin, end = self._number(0), length
            elif position == last:
                begin, end = self._node("Neg", [length], f"{name}/begin{last}"), self._number(None)
            else:
                at = self._node("Mul", [f"{name}/part", self._number(position)], f"{name}/at{position}")
                begin = self._node("Sub", [at, self._number(region.reach)], f"{name}/begin{position}")
                end = self._node("Add", [begin, length], f"{name}/end{position}")
            parts.append(self._node("Slice", [name, begin, end, self._number(-1)], f"{name}/part{position}"))
        self._node("Concat", parts, f"{name}/parts", axis=0)

    def _join(self, region: _Region) -> None:
        """Append what joins the parts of a value, without the points around them."""
        name, part, last = region.end, f"{region.start}/part", region.count - 1
        kept = []
        for position in range(region.count):
            limits = [self._number(position), self._number(position + 1), self._number(0)]
            whole = self._node("Slice", [f"{name}/parts", *limits], f"{name}/whole{position}")
            if position == 0:
                begin, end = self._number(0), part
            elif position == last:
                begin, end = self._node("Neg", [part], f"{name}/begin{last}"), self._number(None)
            else:
                begin = self._number(region.reach)
                end = self._node("Add", [part, begin], f"{name}/end{position}")
            kept.append(self._node("Slice", [whole, begin, end, self._number(-1)], f"{name}/kept{position}"))
        self._node("Concat", kept, name, axis=-1)

    def _part(self, region: _Region) -> str:
        """Append what counts the points of a part without those around it, and return its name."""
        name = region.start
        self._node("Shape", [name], f"{name}/shape")
        self._node("Gather", [f"{name}/shape", self._number(-1)], f"{name}/points")
        return self._node("Div", [f"{name}/points", self._number(region.count)], f"{name}/part")

    def _number(self, value: int | None) -> str:
        """Return the name of a constant; None stands for the end of an axis."""
        from onnx import numpy_helper

        number = np.iinfo(np.int64).max if value is None else value
        name = f"time_parts/{number}"
        self.tensors[name] = numpy_helper.from_array(np.array([number], dtype=np.int64), name)
        return name

    def _node(self, operator: str, inputs: Sequence[str], output: str, **attributes: int) -> str:
        """Append a node and return the name of what it makes."""
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))  # type: ignore[arg-type]
        return output
