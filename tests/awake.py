"""Voices of random weights whose sound depends on what they say: as they come, it is nearly a constant."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

Weights = npt.NDArray[np.float32]


def edited(model: onnx.ModelProto, change: Callable[[str, Weights], Weights]) -> onnx.ModelProto:
    """Return a copy in which ``change`` of each weight's name and values stands for them."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for tensor in copy.graph.initializer:
        if tensor.data_type == tensor.FLOAT:
            values = change(tensor.name, numpy_helper.to_array(tensor).copy())
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    return copy


def awake(name: str, weights: Weights) -> Weights:
    """Have the decoder's sound depend on its latent."""
    if ".dec." not in name or ".cond." in name:
        return weights
    return weights * np.float32(0 if weights.ndim == 1 else 0.01 if "conv_post" in name else 1.6)


def wake(repository: Path, target: Path) -> Path:
    """Write a copy of ``repository`` with its voices awake."""
    shutil.copytree(repository, target, ignore=shutil.ignore_patterns("pytorch"))
    for path in target.glob("onnx/speakers/*/synthesizer.onnx"):
        onnx.save(edited(onnx.load(path), awake), path)
    return target
