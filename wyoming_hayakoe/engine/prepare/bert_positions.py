"""Position tables of the BERT (a DeBERTa), sliced to the part that a text needs.

DeBERTa's attention multiplies queries and keys with tables of all relative positions, and gathers from the products
those that occur (He et al. 2021). A sentence of a smart home has some twenty characters: of each of the 44 tables of
2 MB it needs a tenth, and a published graph reads, and even copies, all of it. Here each table is sliced first, to the
range of the indices.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wyoming_hayakoe.engine.graphs.index import GraphIndex

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

_NEAR = "near/"
"""Prefix of new names; no exporter uses it."""

_ONE = f"{_NEAR}one"


@dataclass(frozen=True, slots=True)
class _PositionTable:
    """A table [heads, positions, width], and the nodes to change around it."""

    name: str
    taker: "NodeProto"
    """The node that takes the table, as its input number :attr:`place`."""

    place: int
    spreader: "NodeProto"
    """The node that spreads the indices over the heads."""

    indices: str


def slice_positions(model: "ModelProto") -> int:
    """Slice each position table of an optimised BERT before it is multiplied; return their number.

    Tables are recognised by the nodes around them. That nothing else depends on their length is assumed: the caller has
    to compare. The new nodes come last, and ONNX Runtime sorts them.
    """
    tables = list(_tables(model.graph))
    if tables:
        model.graph.node.extend(_new_nodes(tables))
    for table in tables:
        table.taker.input[table.place] = _sliced(table)
        table.spreader.input[0] = f"{_NEAR}{table.indices}/moved"
    return len(tables)


def _tables(graph: "GraphProto") -> "list[_PositionTable]":
    index = GraphIndex(graph)
    weights = {name for name, tensor in index.weights.items() if len(tensor.dims) == 3}
    found = []
    for node in graph.node:
        product, spreader = (
            (index.maker(name) for name in node.input[:2]) if node.op_type == "GatherElements" else (None,) * 2
        )
        if product is None or spreader is None or spreader.op_type != "Expand" or not _is_turned(product):
            continue
        tile = index.maker(product.input[1])
        taker, place = (tile, 0) if tile is not None and tile.op_type == "Tile" else (product, 1)
        if taker.input[place] in weights:
            found.append(_PositionTable(taker.input[place], taker, place, spreader, spreader.input[0]))
    return found


def _is_turned(product: "NodeProto") -> bool:
    """Return whether a node multiplies by its second input transposed, in which a position is a row."""
    turned = {each.name: each.i for each in product.attribute}
    return product.op_type == "FusedMatMul" and turned.get("transB") == 1 and not turned.get("transBatchB")


def _sliced(table: _PositionTable) -> str:
    return f"{_NEAR}{table.name}"


def _new_nodes(tables: "list[_PositionTable]") -> "list[NodeProto]":
    from onnx import helper

    make = helper.make_node
    # Serves as a shape, as a step, and as the axis of positions.
    nodes = [make("Constant", [], [_ONE], value_ints=[1])]
    for indices in dict.fromkeys(table.indices for table in tables):
        name = f"{_NEAR}{indices}"
        nodes += [
            make("ReduceMin", [indices], [f"{name}/first"], keepdims=0),
            make("ReduceMax", [indices], [f"{name}/last"], keepdims=0),
            make("Sub", [indices, f"{name}/first"], [f"{name}/moved"]),
            make("Reshape", [f"{name}/first", _ONE], [f"{name}/start"]),
            make("Add", [f"{name}/last", _ONE], [f"{name}/end"]),
        ]
    for table in tables:
        name = f"{_NEAR}{table.indices}"
        nodes.append(make("Slice", [table.name, f"{name}/start", f"{name}/end", _ONE], [_sliced(table)]))
    return nodes
