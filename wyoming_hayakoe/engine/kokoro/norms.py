"""The generator with fewer passes over its values, and with statistics that are given or its own.

An instance norm subtracts from each channel its mean over the sentence, and divides by its deviation. The style then
scales and shifts it, and Snake, y + sin²(αy)/α, follows. Written as

    t = a x + b,    t + sin² t,    a = α γ / √(q - m² + ε),    b = α β - a m

it takes five passes over the values instead of eleven, where γ and β come from the style, m is the mean of x and q the
mean of its square; the convolution behind has 1/α in its weights. What m and q are decides what a window can be:

- *given*: the generator runs on any window. With m and q of the whole sentence, it gives the sentence's own sound.
- *its own*: the generator runs on a whole sentence, and tells m and q.
"""

from typing import TYPE_CHECKING

import numpy as np

from wyoming_hayakoe.engine.graphs.edits import drop_dead, replace_nodes
from wyoming_hayakoe.engine.kokoro.norm_patterns import Norm, norms
from wyoming_hayakoe.engine.kokoro.structure import Array, NotKokoroError, Structure, odd_is_refused

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

STATISTICS = 8448
"""Channels of all instance norms of the generator, N."""

MEANS = "means"
SQUARES = "squares"
OWN = "own"
OWN_MEANS = "own_means"
OWN_SQUARES = "own_squares"

# Names of values of all norms together; no exporter uses such names.
_PARTS_OF = "norms/sizes"
_TIME = "norms/axis of time"
_NOTHING = "norms/nothing"
_EPSILON = "norms/epsilon"
_SQUARED = "norms/means squared"
_VARIANCE = "norms/variances"
_LIMITED = "norms/variances limited"
_SAFE = "norms/variances and epsilon"
_DEVIATIONS = "norms/deviations"
_MADE_OF_GIVEN = frozenset({MEANS, SQUARES, _SQUARED, _VARIANCE, _LIMITED, _SAFE, _DEVIATIONS})

_TIME_AXIS = 2


@odd_is_refused()
def lean(generator: "ModelProto") -> "ModelProto":
    """Return a generator that takes its statistics as inputs, and takes the fewest passes over its values.

    Args:
        generator: latent, harmonics, style → audio, in fp32. It is changed.

    Returns:
        The same with the inputs means and squares [1, 8448, 1], the norms in the order of the graph: for each value
        that is normalised, the mean of each channel and the mean of its square.

    Raises:
        NotKokoroError: its norms are built otherwise, or have other channels.
    """
    from onnx import TensorProto, helper, numpy_helper

    structure = Structure(generator.graph)
    found = list(norms(structure))
    sites = list(dict.fromkeys(norm.site for norm in found))
    sizes = {norm.site: structure.array(norm.alpha).size for norm in found}
    if len({norm.epsilon for norm in found}) != 1:
        raise NotKokoroError("has norms with different epsilons, or none")
    if sum(sizes.values()) != STATISTICS:
        raise NotKokoroError(f"has norms of {sum(sizes.values())} channels, not {STATISTICS}")
    graph = generator.graph
    written: dict[str, list[NodeProto]] = {norm.result: _affine(norm, sites.index(norm.site)) for norm in found}
    scaled = {norm.convolution: norm for norm in found}
    nodes = _deviations(len(sites))
    for node in graph.node:
        if node.output[0] in scaled:
            norm = scaled[node.output[0]]
            kernel = structure.array(node.input[1]) * structure.array(norm.inverse).reshape(1, -1, 1)
            name = f"{node.input[1]}/snake"
            graph.initializer.append(numpy_helper.from_array(kernel.astype(np.float32), name))
            node.input[1] = name
        nodes += written.get(node.output[0], [node])
    replace_nodes(graph, nodes)
    constants: dict[str, Array] = {
        _PARTS_OF: np.array([sizes[site] for site in sites], dtype=np.int64),
        _NOTHING: np.zeros((), dtype=np.float32),
        _EPSILON: np.array(found[0].epsilon, dtype=np.float32),
    }
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    graph.input.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, STATISTICS, 1]) for name in (MEANS, SQUARES)
    )
    drop_dead(generator)
    return generator


def with_own_statistics(generator: "ModelProto") -> "ModelProto":
    """Return a generator that finds its statistics in the values that it normalises, and gives them as outputs.

    Args:
        generator: as :func:`lean` returns it, also with integer convolutions, in one dimension. It is not changed.

    Returns:
        latent, harmonics, style → audio, means, squares [1, 8448, 1].
    """
    from onnx import ModelProto, TensorProto, helper

    result = ModelProto()
    result.CopyFrom(generator)
    graph = result.graph
    sites = _sites(Structure(graph))
    nodes: list[NodeProto] = []
    for node in graph.node:
        if not _MADE_OF_GIVEN.isdisjoint([*node.output, *node.input]):
            continue
        nodes.append(node)
        nodes += [each for name in node.output if name in sites for each in _own(name, sites[name])]
    nodes += [
        helper.make_node("Concat", [name(each) for each in range(len(sites))], [together], axis=1)
        for name, together in ((_mean, MEANS), (_square, SQUARES))
    ]
    replace_nodes(graph, nodes)
    _add_time_axis(graph)
    for position in reversed(range(len(graph.input))):
        if graph.input[position].name in {MEANS, SQUARES}:
            del graph.input[position]
    graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, STATISTICS, 1]) for name in (MEANS, SQUARES)
    )
    drop_dead(result)
    return result


def switchable(generator: "ModelProto") -> "ModelProto":
    """Return a generator that takes the statistics that are given, or finds its own, as its input ``own`` says.

    So one session has both, with the weights once. The branches cost less than what two measurements differ by.

    Args:
        generator: as :func:`lean` returns it, also with integer convolutions, in one dimension. It is not changed.

    Returns:
        latent, harmonics, style, means, squares, own bool [] → audio, own_means, own_squares: the statistics that were
        used. Where ``own`` is true, means and squares can be anything of their shape.
    """
    from onnx import ModelProto, TensorProto, helper

    result = ModelProto()
    result.CopyFrom(generator)
    graph = result.graph
    sites = _sites(Structure(graph))
    nodes: list[NodeProto] = []
    for node in graph.node:
        if node.op_type == "Split" and node.input[0] in {MEANS, _DEVIATIONS}:
            node.output[:] = [_given(name) for name in node.output]
        nodes.append(node)
        nodes += [_either(name, sites[name]) for name in node.output if name in sites]
    replace_nodes(graph, [*nodes, *_used(len(sites))])
    _add_time_axis(graph)
    graph.input.append(helper.make_tensor_value_info(OWN, TensorProto.BOOL, []))
    graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, STATISTICS, 1]) for name in (OWN_MEANS, OWN_SQUARES)
    )
    return result


def _mean(position: int) -> str:
    return f"norm {position}/mean"


def _square(position: int) -> str:
    return f"norm {position}/square"


def _deviation(position: int) -> str:
    return f"norm {position}/deviation"


def _deviations(count: int) -> "list[NodeProto]":
    """Return the nodes that make mean and deviation of each norm from what is given."""
    from onnx import helper

    return [
        helper.make_node("Split", [MEANS, _PARTS_OF], [_mean(each) for each in range(count)], axis=1),
        helper.make_node("Mul", [MEANS, MEANS], [_SQUARED]),
        helper.make_node("Sub", [SQUARES, _SQUARED], [_VARIANCE]),
        helper.make_node("Max", [_VARIANCE, _NOTHING], [_LIMITED]),
        helper.make_node("Add", [_LIMITED, _EPSILON], [_SAFE]),
        helper.make_node("Sqrt", [_SAFE], [_DEVIATIONS]),
        helper.make_node("Split", [_DEVIATIONS, _PARTS_OF], [_deviation(each) for each in range(count)], axis=1),
    ]


def _own(site: str, position: int) -> "list[NodeProto]":
    """Return the nodes that make mean, mean square and deviation of a value that is normalised."""
    from onnx import helper

    name = f"norm {position}/own"
    mean = _mean(position)
    return [
        helper.make_node("ReduceMean", [site, _TIME], [mean], keepdims=1),
        helper.make_node("Sub", [site, mean], [f"{name}/centred"]),
        helper.make_node("Mul", [f"{name}/centred", f"{name}/centred"], [f"{name}/squared"]),
        helper.make_node("ReduceMean", [f"{name}/squared", _TIME], [f"{name}/variance"], keepdims=1),
        helper.make_node("Add", [f"{name}/variance", _EPSILON], [f"{name}/safe"]),
        helper.make_node("Sqrt", [f"{name}/safe"], [_deviation(position)]),
        helper.make_node("Mul", [mean, mean], [f"{name}/mean squared"]),
        helper.make_node("Add", [f"{name}/variance", f"{name}/mean squared"], [_square(position)]),
    ]


def _either(site: str, position: int) -> "NodeProto":
    """Return the node that takes a norm's mean and deviation as given, or from the value itself."""
    from onnx import TensorProto, helper

    names = [_mean(position), _deviation(position)]

    def branch(name: str, nodes: "list[NodeProto]") -> "GraphProto":
        results = [helper.make_tensor_value_info(f"{each}/{name}", TensorProto.FLOAT, [1, None, 1]) for each in names]
        return helper.make_graph(nodes, name, [], results)

    *own, _, _ = _own(site, position)
    for node in own:
        for values in (node.input, node.output):
            values[:] = [f"{each}/own" if each in names else each for each in values]
    given = [helper.make_node("Identity", [_given(each)], [f"{each}/kept"]) for each in names]
    return helper.make_node("If", [OWN], names, then_branch=branch("own", own), else_branch=branch("kept", given))


def _used(count: int) -> "list[NodeProto]":
    """Return the nodes that put the statistics together that are used."""
    from onnx import helper

    deviations, safe, variances, squared = (
        f"norms/used {each}" for each in ("deviations", "safe", "variances", "squared")
    )
    return [
        helper.make_node("Concat", [_mean(each) for each in range(count)], [OWN_MEANS], axis=1),
        helper.make_node("Concat", [_deviation(each) for each in range(count)], [deviations], axis=1),
        helper.make_node("Mul", [deviations, deviations], [safe]),
        helper.make_node("Sub", [safe, _EPSILON], [variances]),
        helper.make_node("Mul", [OWN_MEANS, OWN_MEANS], [squared]),
        helper.make_node("Add", [variances, squared], [OWN_SQUARES]),
    ]


def _given(name: str) -> str:
    return f"{name}/given"


def _add_time_axis(graph: "GraphProto") -> None:
    from onnx import numpy_helper

    graph.initializer.append(numpy_helper.from_array(np.array([_TIME_AXIS], dtype=np.int64), _TIME))


def _affine(norm: Norm, position: int) -> "list[NodeProto]":
    """Return the nodes of a norm with its style and Snake, but for the division by alpha."""
    from onnx import helper

    name, mean = norm.result, _mean(position)
    steps = [
        ("Mul", [norm.gamma, norm.alpha], "gamma"),
        ("Div", [f"{name}/gamma", _deviation(position)], "scale"),
        ("Mul", [norm.beta, norm.alpha], "beta"),
        ("Mul", [mean, f"{name}/scale"], "moved"),
        ("Sub", [f"{name}/beta", f"{name}/moved"], "shift"),
        ("Mul", [norm.site, f"{name}/scale"], "scaled"),
        ("Add", [f"{name}/scaled", f"{name}/shift"], "turn"),
        ("Sin", [f"{name}/turn"], "sine"),
        ("Mul", [f"{name}/sine", f"{name}/sine"], "power"),
    ]
    return [
        *(helper.make_node(operator, inputs, [f"{name}/{step}"]) for operator, inputs, step in steps),
        helper.make_node("Add", [f"{name}/turn", f"{name}/power"], [name]),
    ]


def _sites(structure: Structure) -> dict[str, int]:
    """Return the values that are normalised, and the position of each one's statistics."""
    means = structure.taker(MEANS, "Split").output
    return {_site_of(structure, name): position for position, name in enumerate(means)}


def _site_of(structure: Structure, mean: str) -> str:
    """Return the value that is normalised with a mean."""
    moved = structure.index.takers(mean)[0]
    scale = structure.other(moved, mean)
    scaled = [node for node in structure.index.takers(scale) if mean not in node.input]
    if moved.op_type != "Mul" or len(scaled) != 1:
        raise NotKokoroError("has been changed since its norms were made lean")
    return structure.other(scaled[0], scale)
