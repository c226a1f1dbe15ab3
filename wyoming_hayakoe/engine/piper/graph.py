"""A published Piper graph in the form in which it can be cut as JP-Extra's are.

What exporters wrote since 2023 differs in its inputs: the three scales are one value, ``sid`` is there with several
speakers, and piper-plus adds ``lid``, ``prosody_features`` [1, T, 3] and ``speaker_embedding``, with a mask in some
versions. piper-plus also stores its weights in 16 bits, each behind a ``Cast``.
"""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wyoming_hayakoe.engine.graphs.constants import fold_constants
from wyoming_hayakoe.engine.graphs.edits import drop_dead, replace_nodes
from wyoming_hayakoe.engine.graphs.index import GraphIndex
from wyoming_hayakoe.engine.graphs.model_file import read_model
from wyoming_hayakoe.engine.graphs.reach import UncuttableError
from wyoming_hayakoe.errors import HayakoeError, in_brief

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

SCALES = ("noise_scale", "length_scale", "noise_scale_w")
"""The numbers of the input ``scales``, in their order: names of the inputs in its place."""

OPTIONAL = ("sid", "lid", "prosody_features", "speaker_embedding", "speaker_embedding_mask")
"""Inputs that a graph may have."""

EMBEDDING = 192
"""Numbers of a speaker's embedding in piper-plus, for a graph that does not declare another number."""

# Nobody's recording is there: zeros, as piper-plus gives then, with which the mask selects the speaker ``sid``.
_ZEROS = ("speaker_embedding", "speaker_embedding_mask")
_NEEDED = ("input", "input_lengths", "scales")
_PROSODY = "prosody_features"
_SOUND = "output"
_ADDING_AXES = frozenset({"Identity", "Squeeze", "Unsqueeze"})


def read_graph(model: Path) -> "ModelProto":
    """Return the graph at ``model`` with all its weights.

    Raises:
        HayakoeError: it is missing, damaged, or no Piper voice.
    """
    proto = read_model(model)
    names = set(GraphIndex(proto.graph).inputs)
    if strange := sorted(names - {*_NEEDED, *OPTIONAL}) or sorted(set(_NEEDED) - names):
        raise HayakoeError(
            f"{model}: is no Piper voice ({', '.join(map(repr, strange))[:80]} is "
            f"{'missing' if strange[0] in _NEEDED else 'not known to those'}): choose another file"
        )
    return proto


def adapted(model: "ModelProto") -> "ModelProto":
    """Return a graph with an input for each scale, none for an embedding, its constants as weights, and only its sound.

    Raises:
        UncuttableError: it takes its scales otherwise, or its constants cannot be computed.
    """
    from onnx import ModelProto

    result = ModelProto()
    result.CopyFrom(model)
    _leave_out_embeddings(result.graph)
    _take_whole_numbers(result.graph)
    try:
        fold_constants(result)
    except HayakoeError as error:
        raise UncuttableError(f"its constants cannot be computed ({in_brief(error)})") from error
    _divide_scales(result.graph)
    _leave_sound(result.graph)
    drop_dead(result)
    return result


def _leave_out_embeddings(graph: "GraphProto") -> None:
    """Make zeros of the inputs for a speaker's embedding."""
    from onnx import helper, numpy_helper

    for value in [value for value in graph.input if value.name in _ZEROS]:
        kind = value.type.tensor_type
        width = kind.shape.dim[-1].dim_value or (EMBEDDING if value.name == _ZEROS[0] else 1)
        zeros = np.zeros((1, width)[-len(kind.shape.dim) :], dtype=helper.tensor_dtype_to_np_dtype(kind.elem_type))
        graph.initializer.append(numpy_helper.from_array(zeros, value.name))
    _remove_inputs(graph, _ZEROS)


def _take_whole_numbers(graph: "GraphProto") -> None:
    """Have the prosody features, which are whole numbers, taken as such by a graph that was exported for others."""
    from onnx import TensorProto, helper

    value = next((value for value in graph.input if value.name == _PROSODY), None)
    if value is None or value.type.tensor_type.elem_type == TensorProto.INT64:
        return
    made = f"{_PROSODY}/cast"
    for node in graph.node:
        node.input[:] = [made if name == _PROSODY else name for name in node.input]
    graph.node.insert(0, helper.make_node("Cast", [_PROSODY], [made], to=value.type.tensor_type.elem_type))
    value.type.tensor_type.elem_type = TensorProto.INT64


def _remove_inputs(graph: "GraphProto", names: Collection[str]) -> None:
    kept = [value for value in graph.input if value.name not in names]
    copies = [type(value).FromString(value.SerializeToString()) for value in kept]
    del graph.input[:]
    graph.input.extend(copies)


def _divide_scales(graph: "GraphProto") -> None:
    """Replace the input of the three scales by three inputs."""
    from onnx import TensorProto, helper, numpy_helper

    index = GraphIndex(graph)
    names: dict[str, str] = {}
    for node in index.takers("scales"):
        place = index.weights.get(node.input[1]) if node.op_type == "Gather" else None
        values = [int(each) for each in numpy_helper.to_array(place).reshape(-1)] if place is not None else []
        number = values[0] if len(values) == 1 else -1
        if not 0 <= number < len(SCALES):
            raise UncuttableError(f"the scales are taken by a {node.op_type}")
        names[node.output[0]] = SCALES[number]
    kept = [node for node in graph.node if node.output[0] not in names]
    for node in kept:
        node.input[:] = [names.get(name, name) for name in node.input]
    replace_nodes(graph, kept)
    _remove_inputs(graph, ["scales"])
    graph.input.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in SCALES)


def _leave_sound(graph: "GraphProto") -> None:
    """Leave the sound as the only output, without the axes that are added to it at the end."""
    from onnx import TensorProto, helper

    index = GraphIndex(graph)
    name = _SOUND if _SOUND in index.outputs else index.outputs[0]
    while (node := index.maker(name)) is not None and node.op_type in _ADDING_AXES:
        name = node.input[0]
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
