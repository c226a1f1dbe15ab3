"""An index of a graph: which node makes each value, which nodes take it, and what comes before and after it."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto


class GraphIndex:
    """The nodes of a graph by the names of their values, as they were when the index was made.

    Nodes may be edited in place afterwards: the index keeps what they took and made before.
    """

    def __init__(self, graph: "GraphProto", *, without: Collection[str] = ()) -> None:
        """Index ``graph``, except for nodes of the operators in ``without``."""
        self.nodes = [node for node in graph.node if node.op_type not in without]
        """The indexed nodes, in the graph's order."""

        self.weights: dict[str, TensorProto] = {tensor.name: tensor for tensor in graph.initializer}
        """The graph's constants by name."""

        self.inputs = [value.name for value in graph.input if value.name not in self.weights]
        """Names of the values that a caller gives."""

        self.outputs = [value.name for value in graph.output]
        """Names of the values that a caller gets."""

        self._makers: dict[str, int] = {}
        self._takers: dict[str, list[int]] = {}
        for position, node in enumerate(self.nodes):
            self._makers.update((name, position) for name in node.output if name)
            for name in set(taken(node)):
                self._takers.setdefault(name, []).append(position)

    def maker(self, name: str) -> "NodeProto | None":
        """Return the node that makes a value; None for an input or a constant."""
        position = self._makers.get(name)
        return None if position is None else self.nodes[position]

    def takers(self, name: str) -> "list[NodeProto]":
        """Return the nodes that take a value, in the graph's order."""
        return [self.nodes[position] for position in self._takers.get(name, [])]

    def before(self, names: Collection[str], stop: Collection[str] = ()) -> "list[NodeProto]":
        """Return the nodes that ``names`` depend on, in the graph's order, without those that make ``stop``."""
        found: set[int] = set()
        waiting = [name for name in names if name not in stop]
        while waiting:
            position = self._makers.get(waiting.pop())
            if position is not None and position not in found:
                found.add(position)
                waiting.extend(name for name in taken(self.nodes[position]) if name not in stop)
        return [self.nodes[position] for position in sorted(found)]

    def after(self, name: str) -> set[str]:
        """Return the names of the values that depend on a value."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            made = {each for node in self.takers(waiting.pop()) for each in node.output if each}
            waiting.extend(made - found)
            found |= made
        return found


def taken(node: "NodeProto") -> Iterator[str]:
    """Yield the names of the values that a node takes, also those that only a branch or loop inside it takes."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            made = {name for inner in graph.node for name in inner.output}
            yield from (name for inner in graph.node for name in taken(inner) if name not in made)
