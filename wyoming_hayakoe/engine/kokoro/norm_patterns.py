"""The instance norms of a Kokoro generator, as exporters write them: mean, deviation, style and Snake."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wyoming_hayakoe.engine.kokoro.structure import NotKokoroError, Structure, same

if TYPE_CHECKING:
    from onnx import NodeProto

_TIME_AXIS = 2

_ALIKE = 1e-3
"""How alike alpha and the inverse of 1/alpha are: exporters add 1e-9 to alpha before they divide."""


@dataclass(frozen=True, slots=True)
class Norm:
    """An instance norm with style and Snake, as it is before."""

    site: str
    """The value that is normalised; several norms may share it."""

    epsilon: float
    gamma: str
    beta: str
    alpha: str
    inverse: str
    convolution: str
    """The output of the convolution that takes the result."""

    result: str


def norms(structure: Structure) -> Iterator[Norm]:
    """Yield the norms of a generator in the graph's order."""
    for node in structure.index.nodes:
        if node.op_type != "Sqrt":
            continue
        above = structure.maker(node.input[0], "Add")
        epsilon = structure.constant_input(above)
        variance = structure.maker(structure.other(above, epsilon), "ReduceMean")
        squared = structure.maker(variance.input[0], "Mul", "Pow")
        centred = structure.maker(squared.input[0], "Sub")
        mean = structure.maker(centred.input[1], "ReduceMean")
        is_time = all(same(structure.array(each.input[1]), _TIME_AXIS) for each in (variance, mean))
        is_square = squared.op_type == "Mul" and squared.input[0] == squared.input[1]
        if mean.input[0] != centred.input[0] or not is_time or not is_square:
            raise NotKokoroError(f"has an instance norm of another kind before {node.output[0][:80]}")
        for divided in structure.index.takers(node.output[0]):
            if divided.op_type != "Div" or list(divided.input) != [centred.output[0], node.output[0]]:
                raise NotKokoroError(f"divides something else by {node.output[0][:80]}")
            for styled in structure.index.takers(divided.output[0]):
                yield _styled(structure, styled, divided.output[0], centred.input[0], structure.array(epsilon).item())


def _styled(structure: Structure, node: "NodeProto", normal: str, site: str, epsilon: float) -> Norm:
    """Return a norm by the ``Mul`` with the style's scale that comes after its division."""
    if node.op_type != "Mul":
        raise NotKokoroError(f"has a {node.op_type} behind an instance norm")
    shifted = structure.only_taker(node.output[0], "Add")
    value = shifted.output[0]
    turned = structure.taker(value, "Mul")
    alpha = structure.constant_input(turned)
    power = structure.only_taker(structure.only_taker(turned.output[0], "Sin").output[0], "Pow")
    weighted = structure.only_taker(power.output[0], "Mul")
    inverse = structure.constant_input(weighted)
    added = structure.taker(value, "Add")
    convolution = structure.only_taker(added.output[0], "Conv")
    is_snake = same(structure.array(power.input[1]), 2.0) and weighted.output[0] in added.input
    if not is_snake or len(structure.index.takers(value)) != 2:
        raise NotKokoroError(f"has another activation than Snake before {convolution.output[0][:80]}")
    alphas, inverses = (structure.array(each) for each in (alpha, inverse))
    if alphas.shape != inverses.shape or not same(alphas * inverses, np.ones(alphas.shape), _ALIKE):
        raise NotKokoroError(f"has a Snake with two sizes before {convolution.output[0][:80]}")
    return Norm(
        site=site,
        epsilon=epsilon,
        gamma=structure.other(node, normal),
        beta=structure.other(shifted, node.output[0]),
        alpha=alpha,
        inverse=inverse,
        convolution=convolution.output[0],
        result=added.output[0],
    )
