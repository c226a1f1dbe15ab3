"""What operators do, as far as the cutting and rewriting of graphs needs to know."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import NodeProto

POINTWISE = frozenset(
    {"Abs", "Add", "Cast", "Clip", "Div", "Erf", "Exp", "Identity", "LeakyRelu", "Log", "Max", "Min", "Mul", "Neg"}
    | {"Pow", "Relu", "Sigmoid", "Softplus", "Sqrt", "Sub", "Tanh"}
)
"""Operators on each point for itself, of one value or of several that are broadcast: the order of axes does not matter
to them."""

RANDOM = frozenset({"RandomNormal", "RandomNormalLike"})
"""Operators that draw the noise of a VITS network."""


def numbers(node: "NodeProto", name: str, default: Sequence[int]) -> list[int]:
    """Return the numbers of a node's attribute, such as ``strides``; ``default`` where it has none."""
    return next((list(each.ints) for each in node.attribute if each.name == name), list(default))
