"""Grids of 256 values for the tensors around an int8 convolution, chosen for the least noise in its sum.

A grid has a step for each channel, since the channels of one tensor differ in range by ten and more. Kernels know one
step for all, so the steps go into the weights: exact before these are rounded, and free at run time. What
a channel gains by a finer step, its weights lose, as a larger range of them is rounded with one step for each output:
``_SHARES`` are the compromises that are tried, ``_TRIMS`` how much of the range is kept.

Noise is that of uniform rounding (Widrow and Kollár 2008, "Quantization Noise"), and of clipping as measured.
"""

import platform
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs.index import GraphIndex
from wyoming_hayakoe.engine.prepare.calibrate import Statistics
from wyoming_hayakoe.engine.runtime.cpu import processor_features

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

Array = npt.NDArray[np.float32]

LEVELS = 255
"""Steps of a grid."""

# How much of the differences between channels goes into the weights: as exponents of their ranges.
_SHARES = (0.0, 0.5, 0.75, 1.0)

# Of the range of a whole tensor, or of what convolutions take.
_TRIMS = (1.0, 0.9, 0.8, 0.7)

# Of the range of one channel of an output: it is known from few sentences, and what others exceed it by is clipped. On
# trained decoders that is 1 to 3 dB quieter than the range itself or less.
_MARGIN = np.float32(1.15)

# Where zero may lie, beside its place in the range: as shares of the grid.
_SHIFTS = (-0.15, -0.05, 0.0, 0.05)

# Points of time on which grids are compared.
_POINTS = 400

# Channels that are silent get the step of one with a thousandth of the largest range.
_LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class Integers:
    """The integers that a processor multiplies fast and exactly."""

    signed: bool
    """Whether values between convolutions are signed; weights always are."""

    greatest_weight: int
    """127, or 63 where products are summed in pairs in 16 bits, which saturate."""

    @classmethod
    def of(cls, architecture: str, features: Collection[str]) -> "Integers":
        """Return the integers for a processor, by its architecture (``uname -m``) and its features as Linux names them.

        ARM64 multiplies signed integers, with its dot product (``asimddp``) and without it: then pairs of products are
        summed in 16 bits, which hold 2 * 128 * 127. An x86 takes unsigned values, and without VNNI such sums saturate.
        """
        if architecture.lower() in {"aarch64", "arm64"}:
            return cls(signed=True, greatest_weight=127)
        return cls(signed=False, greatest_weight=63 if {"avx512_vnni", "avx_vnni"}.isdisjoint(features) else 127)

    @classmethod
    def of_this_machine(cls) -> "Integers":
        """Return the integers for the processor that runs this."""
        return cls.of(platform.machine(), processor_features())

    def place(self, values: npt.ArrayLike) -> npt.NDArray[Any]:
        """Return places in a grid, counted from 0 to 255, as these integers."""
        counted = np.asarray(values)
        return (counted - 128).astype(np.int8) if self.signed else counted.astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Grid:
    """256 evenly spaced values in each of C channels; zero is among them."""

    steps: Array
    """The distance of neighbours in each channel [C]."""

    zero: int | npt.NDArray[np.int64]
    """Which of the values 0 to 255 is zero: one for all channels, or one for each [C]."""

    def times(self, factor: float, zero: int) -> "Grid":
        """Return a grid of ``factor`` times its steps around another zero."""
        return Grid((self.steps * np.float32(factor)).astype(np.float32), zero)


RECTIFIERS = {"LeakyRelu": 0.01, "Relu": 0.0}
"""Operators that rectify, and their slopes below zero where a node has no attribute for it."""


@dataclass(frozen=True, slots=True)
class Rectifier:
    """A leaky rectifier, after which a value is used."""

    slope: float
    """Of negative values."""

    @classmethod
    def of_node(cls, node: "NodeProto") -> Self:
        """Return what a node of one of :data:`RECTIFIERS` does."""
        return cls(next((each.f for each in node.attribute if each.name == "alpha"), RECTIFIERS[node.op_type]))

    def of(self, values: Array) -> Array:
        """Return ``values`` rectified."""
        return np.where(values < 0, np.float32(self.slope) * values, values)

    def grid(self, before: Grid) -> Grid:
        """Return the grid of rectified values whose grid is ``before``, with one zero; its 256 values hold them all."""
        assert isinstance(before.zero, int)  # noqa: S101
        low, high = self.slope * before.zero, LEVELS - before.zero
        zero = int(np.ceil(LEVELS * low / (low + high)))
        return before.times(max(high / (LEVELS - zero), low / zero if zero else 0.0), zero)


class Grids:
    """The grids of one graph's values, each chosen when it is first needed."""

    def __init__(self, model: "ModelProto", statistics: Mapping[str, Statistics], integers: Integers) -> None:
        """Choose them by what :func:`~.calibrate.calibrate` found.

        Args:
            model: in fp32.
            statistics: of the inputs and outputs of its convolutions.
            integers: of the machine that is going to run the graph.
        """
        self.integers = integers
        """Of the machine that is going to run the graph."""

        self._index = GraphIndex(model.graph)
        self._statistics = statistics
        self._known: dict[tuple[str, str], Grid] = {}

    def taken(self, name: str) -> Grid:
        """Return the grid of a value that convolutions take."""
        return self._once("taken", name, lambda: _for_input(self._statistics[name], *self._takers(name)))

    def rectified(self, name: str) -> Grid:
        """Return the grid of a convolution's output that others take behind a rectifier."""
        node = self._index.takers(name)[0]
        takers = self._takers(node.output[0])
        return self._once(
            "rectified", name, lambda: _for_input(self._statistics[name], *takers, Rectifier.of_node(node))
        )

    def made(self, name: str, *, per_channel: bool) -> Grid:
        """Return the grid of a convolution's output, with one step and zero for all channels, or ``per_channel``."""
        kind = "made per channel" if per_channel else "made"
        return self._once(kind, name, lambda: _for_output(self._statistics[name], per_channel=per_channel))

    def _takers(self, name: str) -> tuple[list[Array], int]:
        """Return the weights of the convolutions that take a value, and their largest integer."""
        takers = self._index.takers(name)
        nodes = [node for node in takers if node.op_type == "Conv" and node.output[0] in self._statistics]
        return [weights_of(node, self._index) for node in nodes], self.integers.greatest_weight

    def _once(self, kind: str, name: str, choose: Callable[[], Grid]) -> Grid:
        if (kind, name) not in self._known:
            self._known[kind, name] = choose()
        return self._known[kind, name]


def weights_of(node: "NodeProto", index: GraphIndex) -> Array:
    """Return the weights of a convolution over time [outputs, C, taps]."""
    from onnx import numpy_helper

    weights = numpy_helper.to_array(index.weights[node.input[1]])
    return weights.reshape(*weights.shape[:2], -1)


def _for_input(
    statistics: Statistics, weights: Sequence[Array], greatest_weight: int, rectifier: Rectifier | None = None
) -> Grid:
    """Return the grid for what convolutions take.

    Args:
        statistics: of the value; with a ``rectifier``, of the value before it.
        weights: of the convolutions that take it, each [outputs, C, taps].
        greatest_weight: the largest integer of a weight.
        rectifier: what the value goes through before the convolutions.
    """
    after = rectifier or Rectifier(1.0)
    low, high = np.minimum(statistics.low, 0), np.maximum(statistics.high, 0)
    points = _thinned(statistics.points)
    expected = after.of(points)
    power = np.square(expected).mean(axis=1)
    sensitivity = np.asarray(sum(np.square(each).sum(axis=(0, 2)) for each in weights), dtype=np.float32)
    reaches = [(np.abs(each).max(axis=2), each.shape[2]) for each in weights]
    sizes = np.maximum(high, -low * after.slope)
    largest = max(float(sizes.max()), 1e-12)
    best, least = Grid(np.full(len(low), largest / LEVELS, dtype=np.float32), 0), np.inf
    for share in _SHARES:
        spread = (largest / np.maximum(sizes, _LEAST * largest)) ** (1 - share)
        for zero in _zeros(low, high):
            for trim in _TRIMS:
                reached = high / (LEVELS - zero)
                if zero:
                    reached = np.maximum(reached, -low * after.slope / zero)
                steps = np.maximum(spread * reached * trim, _LEAST * largest / LEVELS).astype(np.float32)
                error = after.of(_rounded(points, steps, zero)) - expected
                noise = float(np.square(error).mean(axis=1) @ sensitivity)
                noise += sum(_noise_of_weights(*each, steps, power, greatest_weight) for each in reaches)
                if noise < least:
                    best, least = Grid(steps, zero), noise
    return best


def _for_output(statistics: Statistics, *, per_channel: bool) -> Grid:
    """Return the grid for what a convolution makes, with one step and zero for all channels, or ``per_channel``."""
    low, high = np.minimum(statistics.low, 0), np.maximum(statistics.high, 0)
    if per_channel:
        return Grid(*_over(_MARGIN * low, _MARGIN * high))
    points = _thinned(statistics.points)
    tried = [
        _over(np.float32(trim) * low.min(keepdims=True), np.float32(trim) * high.max(keepdims=True)) for trim in _TRIMS
    ]
    steps, zero = min(tried, key=lambda grid: float(np.square(_rounded(points, *grid) - points).mean()))
    return Grid(np.repeat(steps, len(low)), int(zero[0]))


def _over(low: Array, high: Array) -> tuple[Array, npt.NDArray[np.int64]]:
    """Return the step and the zero of the grid over each range [C]; zero is in all of them."""
    steps = (np.maximum(high - low, 1e-12) / LEVELS).astype(np.float32)
    return steps, np.rint(-low / steps).clip(0, LEVELS).astype(np.int64)


def rounded_weights(weights: Array, greatest: int) -> tuple[npt.NDArray[np.int8], Array]:
    """Return weights [outputs, C, taps] in steps up to ``greatest``, and the size of a step for each output."""
    steps = (np.maximum(np.abs(weights).max(axis=(1, 2)), 1e-12) / greatest).astype(np.float32)
    return np.rint(weights / steps[:, None, None]).astype(np.int8), steps


def _thinned(points: Array) -> Array:
    return np.ascontiguousarray(points[:, :: -(-points.shape[1] // _POINTS)])


def _rounded(points: Array, steps: Array, zero: int | npt.NDArray[np.int64]) -> Array:
    """Return ``points`` [C, P] as a grid holds them."""
    held: Array = np.rint(points / steps[:, None]).clip(-zero, LEVELS - zero) * steps[:, None]
    return held


def _noise_of_weights(reaches: Array, taps: int, steps: Array, power: Array, greatest: int) -> float:
    """Return the noise power in a convolution's sum that is due to the rounding of its weights.

    ``reaches`` are the largest of each input channel in each output [outputs, C].
    """
    largest = (reaches * steps).max(axis=1) / greatest
    return float(np.square(largest).sum() / 12 * taps * (power / np.square(steps)).sum())


def _zeros(low: Array, high: Array) -> Iterator[int]:
    """Yield the zeros that are tried for values of these ranges."""
    if not (low < 0).any():
        yield 0
        return
    place = float(-low.sum() / max(1e-12, float((high - low).sum())))
    yield from sorted({int(np.clip(round(LEVELS * (place + shift)), 1, LEVELS - 1)) for shift in _SHIFTS})
