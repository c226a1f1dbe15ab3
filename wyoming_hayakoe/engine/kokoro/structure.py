"""Reading of a Kokoro graph by its structure: whatever is relied on is checked, and refused with a reason."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs.index import GraphIndex, taken
from wyoming_hayakoe.errors import HayakoeError, in_brief

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

Array = npt.NDArray[Any]

_DOMAINS = frozenset({"", "ai.onnx", "com.microsoft"})


class NotKokoroError(HayakoeError):
    """A graph is built unlike the Kokoro v1.0 that this program can divide; the text says where it differs."""

    def __init__(self, reason: str) -> None:
        """Keep ``reason``, which continues the sentence 'the graph …'."""
        super().__init__(f"this is no graph of Kokoro v1.0 (the graph {reason}): choose another voice")


@contextmanager
def odd_is_refused() -> Iterator[None]:
    """Raise :class:`NotKokoroError` where operators have other inputs or shapes than any exporter gives them."""
    try:
        yield
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise NotKokoroError(f"has odd operators: {in_brief(error)}") from None


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output of a part."""

    name: str
    shape: Sequence[int | str | None]
    is_integer: bool = False


class Structure:
    """A graph's nodes, found by what they take and make; each question raises :class:`NotKokoroError` if in vain."""

    def __init__(self, graph: "GraphProto") -> None:
        """Index ``graph``, which may be edited afterwards: what is found stays as it was."""
        self.index = GraphIndex(graph)

    def array(self, name: str) -> Array:
        """Return a constant."""
        from onnx import numpy_helper

        if name not in self.index.weights:
            raise NotKokoroError(f"computes {name[:80]}, which was expected to be a constant")
        return numpy_helper.to_array(self.index.weights[name])

    def maker(self, name: str, *operators: str) -> "NodeProto":
        """Return the node that makes a value, which is to be one of ``operators``."""
        node = self.index.maker(name)
        if node is None or node.op_type not in operators:
            found = "an input or a constant" if node is None else node.op_type
            raise NotKokoroError(f"has {found} instead of {' or '.join(operators)} before {name[:80]}")
        return node

    def taker(self, name: str, *operators: str) -> "NodeProto":
        """Return the only node among ``operators`` that takes a value."""
        found = [node for node in self.index.takers(name) if node.op_type in operators]
        if len(found) != 1:
            raise NotKokoroError(f"has {len(found)} of {' or '.join(operators)}, not one, behind {name[:80]}")
        return found[0]

    def only_taker(self, name: str, *operators: str) -> "NodeProto":
        """Return the only node that takes a value, which is to be one of ``operators``."""
        if len(self.index.takers(name)) != 1:
            raise NotKokoroError(f"uses {name[:80]} in {len(self.index.takers(name))} places, not one")
        return self.taker(name, *operators)

    def other(self, node: "NodeProto", name: str) -> str:
        """Return the input of a node of two that is not ``name``."""
        others = [each for each in node.input if each != name]
        if len(node.input) != 2 or len(others) != 1:
            raise NotKokoroError(f"has a {node.op_type} that joins other values than expected ({name[:80]})")
        return str(others[0])

    def constant_input(self, node: "NodeProto") -> str:
        """Return the name of the only constant that a node takes."""
        found = [name for name in node.input if name in self.index.weights]
        if len(found) != 1:
            raise NotKokoroError(f"has a {node.op_type} with {len(found)} constants, not one ({node.output[0][:80]})")
        return str(found[0])


def same(found: Array, expected: Array | float, tolerance: float = 1e-6) -> bool:
    """Return whether constants are alike, as a share of their size."""
    wanted = np.asarray(expected, dtype=np.float64)
    return found.size == wanted.size and bool(
        np.allclose(found.astype(np.float64).reshape(-1), wanted.reshape(-1), rtol=tolerance, atol=tolerance)
    )


def part(model: "ModelProto", given: Mapping[str, Value], wanted: Mapping[str, Value]) -> "ModelProto":
    """Return the part of a graph that makes ``wanted`` of ``given``, both by their names in the graph.

    Values get their new names; nothing else changes. Weights that the part needs are copied into it.

    Raises:
        NotKokoroError: the part needs more than ``given``.
    """
    from onnx import ModelProto, TensorProto, helper

    index = GraphIndex(model.graph)
    needed = index.before(list(wanted), list(given))
    used = {name for node in needed for name in taken(node)} | set(wanted)
    strange = [name for name in index.inputs if name in used and name not in given]
    if strange:
        raise NotKokoroError(f"makes {', '.join(value.name for value in wanted.values())} also of {', '.join(strange)}")
    result = ModelProto(ir_version=model.ir_version)
    result.opset_import.extend(each for each in model.opset_import if each.domain in _DOMAINS)
    graph = result.graph
    graph.name = "part"
    names = {old: value.name for old, value in (*given.items(), *wanted.items())}
    for node in needed:
        copy = graph.node.add()
        copy.CopyFrom(node)
        copy.input[:] = [names.get(name, name) for name in node.input]
        copy.output[:] = [names.get(name, name) for name in node.output]

    def info(value: Value) -> Any:
        kind = TensorProto.INT64 if value.is_integer else TensorProto.FLOAT
        return helper.make_tensor_value_info(value.name, kind, list(value.shape))

    graph.input.extend(info(value) for old, value in given.items() if old in used)
    graph.output.extend(info(value) for value in wanted.values())
    graph.initializer.extend(tensor for tensor in model.graph.initializer if tensor.name in used)
    return result
