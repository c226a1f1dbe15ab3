"""Writing of stages in little memory: each weight by itself, beside the graph."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import ModelProto

_LEAST = 1024
"""Bytes of a weight that is written beside the graph; smaller ones may be shapes, which ONNX Runtime reads first."""


def write_stage(stage: "ModelProto", target: Path) -> None:
    """Write a stage to ``target``, and its weights to a file beside it that ends in ``.data``.

    Serialising a graph whole takes twice its size; the weights of the blocks are 128 MB.

    Args:
        stage: the graph; its weights are in the file afterwards, and no longer in memory.
        target: the file to write.

    Raises:
        OSError: a file cannot be written.
    """
    from onnx import TensorProto

    data = target.with_name(f"{target.name}.data")
    with data.open("wb") as file:
        for tensor in stage.graph.initializer:
            content = tensor.raw_data
            if len(content) < _LEAST:
                continue
            entries = {"location": data.name, "offset": str(file.tell()), "length": str(len(content))}
            file.write(content)
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in entries.items():
                tensor.external_data.add(key=key, value=value)
    target.write_bytes(stage.SerializeToString())
