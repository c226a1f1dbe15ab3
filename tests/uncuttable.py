"""Graphs that cannot be cut: a decoder with an operator that is not understood, and that changes nothing."""

import numpy as np
import onnx
from onnx import helper, numpy_helper


def make_uncuttable(model: onnx.ModelProto) -> None:
    """Let the sound, the graph's first output of three axes, go through such an operator."""
    sound = model.graph.output[0].name
    maker = next(node for node in model.graph.node if sound in node.output)
    maker.output[list(maker.output).index(sound)] = "before"
    model.graph.initializer.append(numpy_helper.from_array(np.ones(3, dtype=np.int64), "once"))
    model.graph.node.append(helper.make_node("Tile", ["before", "once"], [sound]))
