"""Reading of ONNX files, which come from any source and may hold anything."""

import glob
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from wyoming_hayakoe.errors import HayakoeError, in_brief

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto


_LARGEST = 2 << 30
"""The most bytes of a file; protocol buffers have no more."""


def model_files(model: Path) -> list[Path]:
    """Return a graph's file and those of its external data."""
    return [path for path in sorted(model.parent.glob(f"{glob.escape(model.name)}*")) if path.is_file()]


def read_model(path: Path) -> "ModelProto":
    """Return the graph at ``path`` with all its weights.

    Raises:
        HayakoeError: the file or its external data is missing, damaged, or outside its folder.
    """
    import onnx
    from google.protobuf.message import DecodeError
    from onnx.checker import ValidationError
    from onnx.external_data_helper import load_external_data_for_model

    try:
        if path.stat().st_size > _LARGEST:
            raise HayakoeError(f"{path}: is larger than {_LARGEST >> 30} GB: choose another voice")
        model = onnx.load(path, load_external_data=False)
        for tensor in tensors(model.graph):
            for entry in tensor.external_data:
                _check_location(path, entry.key, entry.value)
        load_external_data_for_model(model, str(path.parent))
    except FileNotFoundError as error:
        raise HayakoeError(f"{error.filename or path}: is missing: fetch the voice again") from None
    except OSError as error:
        raise HayakoeError(f"{path}: cannot be read ({error.strerror}): change its permissions") from None
    except (DecodeError, ValidationError, ValueError) as error:
        raise HayakoeError(f"{path}: is no whole ONNX graph ({in_brief(error)}): fetch the voice again") from None
    if not model.graph.node or not model.graph.output:
        raise HayakoeError(f"{path}: is no whole ONNX graph (it is empty): fetch the voice again")
    return model


def tensors(graph: "GraphProto") -> "Iterator[TensorProto]":
    """Yield every tensor of a graph, also those of branches and loops."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from (*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors)
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from tensors(inner)


def _check_location(path: Path, key: str, value: str) -> None:
    location = PurePosixPath(value.replace("\\", "/"))
    if key == "location" and (location.is_absolute() or ".." in location.parts):
        raise HayakoeError(f"{path}: wants weights from outside its folder ({value[:80]}): do not use this voice")
