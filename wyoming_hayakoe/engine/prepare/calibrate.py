"""Calibration: how large the values around convolutions are in a voice's own sentences, channel by channel."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.runtime.session import Feeds, Session

if TYPE_CHECKING:
    from onnx import ModelProto

    from wyoming_hayakoe.engine.prepare.convolutions import Convolution


_AXES_OPSET = 18
"""The first opset in which reductions take their axes as an input."""

# Points that are kept of each tensor: all those of a full-size voice would take a gigabyte.
_MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Statistics:
    """The values of a tensor in all calibration sentences. C channels, P points."""

    low: npt.NDArray[np.float32]
    """The least value of each channel [C]."""

    high: npt.NDArray[np.float32]
    """The greatest value of each channel [C]."""

    points: npt.NDArray[np.float32]
    """Its values at points of time spread over the sentences [C, P]."""


def calibrate(
    model: "ModelProto", convolutions: "Mapping[str, Convolution]", feeds: Sequence[Feeds], origin: Path
) -> dict[str, Statistics]:
    """Return the statistics of the inputs and outputs of convolutions, by their names, over all ``feeds``.

    Args:
        model: in fp32; it is not changed.
        convolutions: by the names of their outputs.
        feeds: sentences as the graph takes them.
        origin: the file that errors name.

    Raises:
        HayakoeError: the graph fails, or gives values that are not finite.
    """
    steps: dict[str, int] = {}
    ranks: dict[str, int] = {}
    for node in model.graph.node:
        if (found := convolutions.get(node.output[0])) is not None:
            for name in (node.input[0], node.output[0]):
                # One point for each frame, each time at another position within it.
                steps[name], ranks[name] = found.rate + 1, found.rank
    probe = _probe(model, steps, ranks)
    session = Session(probe, origin)
    # The session has the weights now.
    probe.Clear()
    values: dict[str, list[list[npt.NDArray[np.float32]]]] = {name: [[], [], []] for name in steps}
    for feed in feeds:
        results = iter(session.run(_outputs(steps), feed))
        for low, high, points in values.values():
            low.append(next(results))
            high.append(next(results))
            points.append(_some(next(results), -(-_MOST_POINTS // len(feeds))))
    return {
        name: Statistics(np.min(low, axis=0), np.max(high, axis=0), np.concatenate(points, axis=1))
        for name, (low, high, points) in values.items()
    }


def _some(values: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float32]:
    """Return at most ``count`` points of [N, C, P] or [N, C, 1, P], spread over all of them, as [C, count]."""
    flat = np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)
    return np.ascontiguousarray(flat[:, :: max(1, -(-flat.shape[1] // count))])


def _outputs(names: Collection[str]) -> list[str]:
    return [f"{name}/{statistic}" for name in names for statistic in ("low", "high", "points")]


def _probe(model: "ModelProto", steps: Mapping[str, int], ranks: Mapping[str, int]) -> "ModelProto":
    """Return a graph whose outputs are statistics of the values in ``steps``, in the order of :func:`_outputs`."""
    from onnx import ModelProto, TensorProto, helper, numpy_helper

    probe = ModelProto()
    probe.CopyFrom(model)
    graph = probe.graph
    opset = next(each.version for each in model.opset_import if each.domain == "")
    for name, step in steps.items():
        constants = {
            "start": [0],
            "stop": [np.iinfo(np.int64).max],
            "time": [ranks[name] - 1],
            "step": [step],
            "all but channels": [0, *range(2, ranks[name])],
        }
        graph.initializer.extend(
            numpy_helper.from_array(np.array(value, dtype=np.int64), f"{name}/{key}")
            for key, value in constants.items()
        )
        *slicing, axes = (f"{name}/{key}" for key in constants)
        for statistic, operator in (("low", "ReduceMin"), ("high", "ReduceMax")):
            node = helper.make_node(operator, [name], [f"{name}/{statistic}"], keepdims=0)
            if opset < _AXES_OPSET:
                node.attribute.append(helper.make_attribute("axes", constants["all but channels"]))
            else:
                node.input.append(axes)
            graph.node.append(node)
        graph.node.append(helper.make_node("Slice", [name, *slicing], [f"{name}/points"]))
    del graph.output[:]
    graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in _outputs(steps))
    return probe
