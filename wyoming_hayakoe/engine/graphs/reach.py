"""How far the sound of a decoder reaches: which frames of the latent each sample depends on, exactly.

The way goes back from samples to frames, and each convolution's kernel widens the span. Beside the convolutions of a
HiFi-GAN, a decoder may end in an inverse Fourier transform and a filter bank: channels become bands, bands become a
batch, ends are padded or cut off. So the axis of time is followed through the values. It is the one whose size differs
between two latents of different lengths, for which the shapes of all values are inferred.

A margin that a ``Pad`` adds by reflection is right only at the ends of the sentence. Inside it is wrong, and as far
from what is kept of a window as the zeros around convolutions are: a span holds what stands there in all of it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from wyoming_hayakoe.engine.graphs.index import GraphIndex
from wyoming_hayakoe.engine.graphs.operators import POINTWISE, numbers
from wyoming_hayakoe.engine.graphs.time_axes import LENGTHS, TimeAxis, shapes_of, time_axis

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_POINTWISE = POINTWISE | {"Cos", "Sin"}
_RESHAPING = frozenset({"Flatten", "Reshape", "Squeeze", "Unsqueeze"})
_ALONG_ONE_AXIS = frozenset({"Concat", "Gather", "Split"})
_ANYWHERE = (1 << 63) - 1


class UncuttableError(ValueError):
    """A graph is built unlike those that can be cut; the text says where it differs."""


class Span(NamedTuple):
    """A range of positions along the time of a value; both ends are included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Reach:
    """What the sound of a decoder depends on."""

    hop: int
    """Samples in a frame."""

    frames: int
    """How many frames to either side the sound of a frame depends on."""


def follow(decoder: "ModelProto", latent: str) -> Reach:
    """Follow the time through a decoder that makes its first output of ``latent`` [1, C, F], and return its reach.

    What it computes of the lengths of its values becomes constants in place: shapes, and the ends of slices. Then it is
    a chain, and each part of it can be computed by itself.

    Raises:
        UncuttableError: it has something that is not understood.
    """
    try:
        followed = _Decoder(decoder, latent)
        reach = followed.reach()
        followed.fix_shapes()
    except UncuttableError:
        raise
    except Exception as error:
        raise UncuttableError(f"the decoder cannot be followed ({type(error).__name__})") from error
    return reach


class _Decoder:
    """A decoder with the time of its values."""

    def __init__(self, model: "ModelProto", latent: str) -> None:
        self._graph = model.graph
        self._index = GraphIndex(model.graph)
        self._latent = latent
        self._sound = self._index.outputs[0]
        self._moving = self._depending()
        self._shapes = shapes_of(model, latent)

    def reach(self) -> Reach:
        hop = self._hop()
        spans = {self._sound: Span(0, hop - 1)}
        for node in reversed(self._index.nodes):
            known = [spans[name] for name in node.output if name in spans]
            taken = [name for name in node.input if name in self._moving]
            if not known or not taken:
                continue
            span = self._before(node, _union(known), taken)
            for name in taken:
                spans[name] = _union([span, *([spans[name]] if name in spans else [])])
        low, high = spans.get(self._latent, (0, 0))
        return Reach(hop, max(-low, high))

    def fix_shapes(self) -> None:
        for number, node in enumerate(self._index.nodes):
            if node.op_type in {"Reshape", "Slice"} and node.input[0] in self._moving:
                place = 1 if node.op_type == "Reshape" else 2
                fixed = self._fixed_shape(node) if place == 1 else self._fixed_ends(node)
                if fixed is not None and node.input[place] not in self._index.weights:
                    node.input[place] = self._constant(f"fixed/{number}", fixed)

    def _depending(self) -> set[str]:
        """Return the values that depend on what is in the latent; one that depends on its length alone does not."""
        moving = {self._latent}
        for node in self._index.nodes:
            if node.op_type not in {"Shape", "Size"} and moving.intersection(node.input):
                moving.update(node.output)
        return moving

    def _hop(self) -> int:
        time = self._time(self._sound)
        hop = time.lengths[1] - time.lengths[0]
        if hop < 1 or time.lengths != (hop * LENGTHS[0], hop * LENGTHS[1]) or time.inner != 1:
            raise UncuttableError("the decoder's sound is not so many samples for each frame")
        return hop

    def _time(self, name: str) -> TimeAxis:
        """Return the axis of time in a value."""
        if (found := time_axis(self._shapes.get(name, ((), ())))) is None:
            raise UncuttableError(f"the decoder has a value whose time is not along one axis ({name[:60]})")
        return found

    def _before(self, node: "NodeProto", span: Span, taken: list[str]) -> Span:
        """Return the span of a node's inputs that ``span`` of its outputs depends on."""
        before, after = self._time(taken[0]), self._time(node.output[0])
        low, high = span
        if node.op_type in {"Conv", "ConvTranspose"}:
            return self._before_convolution(node, span, before, after)
        if node.op_type in _RESHAPING:
            return _before_reshape(node, span, before, after)
        if node.op_type == "Pad":
            start, end, is_reflection = self._margins(node, before)
            inside = Span(low - start, high - start)
            return _union([inside, _mirrored(before, start, end)]) if is_reflection else inside
        if node.op_type == "Slice":
            start = self._start(node, before)
            return Span(low + start, high + start)
        if not self._keeps_time(node, taken, before, after):
            raise _not_understood(node)
        return span

    def _keeps_time(self, node: "NodeProto", taken: list[str], before: TimeAxis, after: TimeAxis) -> bool:
        """Return whether each point of time of the result depends on the same point of what is ``taken``."""
        axes = {self._time(name).from_end for name in taken}
        if node.op_type == "Transpose":
            order = numbers(node, "perm", ())
            return bool(order) and order[len(order) - after.from_end] == len(order) - before.from_end
        if node.op_type in _ALONG_ONE_AXIS:
            axis = next((each.i for each in node.attribute if each.name == "axis"), 0)
            rank = len(self._shapes[taken[0]][0])
            is_other = axes == {before.from_end} and axis % rank != rank - before.from_end
            return is_other and (node.op_type != "Gather" or node.input[1] not in self._moving)
        if node.op_type == "MatMul":
            # One of the two is a constant, and the sum is over another axis than time.
            summed = 1 if node.input[0] in self._moving else 2
            return len(taken) == 1 and before.from_end == after.from_end != summed
        return node.op_type in _POINTWISE and axes == {after.from_end}

    def _before_convolution(self, node: "NodeProto", span: Span, before: TimeAxis, after: TimeAxis) -> Span:
        kernel = self._index.weights.get(node.input[1])
        if kernel is None or len(kernel.dims) != _LINE or (before.from_end, after.from_end) != (1, 1):
            raise _not_understood(node)
        if any(each.name == "output_shape" or (each.name, each.s) in _UNKNOWN_PADDING for each in node.attribute):
            raise _not_understood(node)
        low, high = span
        pad, stride = numbers(node, "pads", [0])[0], numbers(node, "strides", [1])[0]
        width = numbers(node, "dilations", [1])[0] * (kernel.dims[2] - 1)
        if node.op_type == "Conv":
            return Span(low * stride - pad, high * stride - pad + width)
        return Span(-((width - low - pad) // stride), (high + pad) // stride)

    def _margins(self, node: "NodeProto", time: TimeAxis) -> tuple[int, int, bool]:
        """Return what a Pad adds before and after the time, and whether that is reflected."""
        mode = next((each.s for each in node.attribute if each.name == "mode"), b"constant")
        margins = self._numbers(node, 1)
        if len(node.input) > _PAD_AXES or margins is None or mode == b"wrap":
            raise _not_understood(node)
        axis = len(margins) // 2 - time.from_end
        return margins[axis], margins[axis + len(margins) // 2], mode == b"reflect"

    def _start(self, node: "NodeProto", time: TimeAxis) -> int:
        """Return where a Slice begins on the axis of time."""
        place = self._place(node, time)
        if place is None:
            return 0
        starts, steps = self._numbers(node, 1), self._numbers(node, 4) or [1] * (place + 1)
        if starts is None or starts[place] < 0 or steps[place] != 1:
            raise _not_understood(node)
        return starts[place]

    def _place(self, node: "NodeProto", time: TimeAxis) -> int | None:
        """Return which of its axes a Slice cuts along the time, None if none is."""
        rank = len(self._shapes[node.input[0]][0])
        axes = self._numbers(node, 3) if len(node.input) > _SLICE_AXES else list(range(rank))
        if axes is None:
            raise _not_understood(node)
        return next((place for place, axis in enumerate(axes) if axis % rank == rank - time.from_end), None)

    def _numbers(self, node: "NodeProto", place: int) -> list[int] | None:
        """Return an input that is a constant; None where it is none, or missing."""
        from onnx import numpy_helper

        if len(node.input) <= place or node.input[place] not in self._index.weights:
            return None
        return [int(each) for each in numpy_helper.to_array(self._index.weights[node.input[place]]).reshape(-1)]

    def _fixed_shape(self, node: "NodeProto") -> list[int]:
        """Return what a Reshape is to make, with -1 for the time."""
        shape, time = list(self._shapes[node.output[0]][0]), self._time(node.output[0])
        shape[len(shape) - time.from_end] = -1
        return shape

    def _fixed_ends(self, node: "NodeProto") -> list[int] | None:
        """Return the ends of a Slice along the time alone, from the end of what it cuts; None for another one."""
        before, after = self._time(node.input[0]), self._time(node.output[0])
        place = self._place(node, before)
        cut = [
            size - self._start(node, before) - left for size, left in zip(before.lengths, after.lengths, strict=True)
        ]
        if place is None or len(self._numbers(node, 1) or ()) != 1 or cut[0] != cut[1]:
            return None
        return [-cut[0] if cut[0] > 0 else _ANYWHERE]

    def _constant(self, name: str, values: list[int]) -> str:
        from onnx import TensorProto, helper

        self._graph.initializer.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name


_LINE = 3
_PAD_AXES = 3
_SLICE_AXES = 3
_UNKNOWN_PADDING = {("auto_pad", value) for value in (b"SAME_UPPER", b"SAME_LOWER")}


def _before_reshape(node: "NodeProto", span: Span, before: TimeAxis, after: TimeAxis) -> Span:
    """Return the span before a node that leaves all numbers in their order."""
    low, high = span
    (old, _), (new, _) = before.lengths, after.lengths
    if before.lengths == after.lengths and before.inner == after.inner:
        return span
    if new % old == 0 and before.inner == after.inner * (new // old):
        return Span(low // (new // old), high // (new // old))
    if old % new == 0 and after.inner == before.inner * (old // new):
        return Span(low * (old // new), high * (old // new) + old // new - 1)
    raise _not_understood(node)


def _mirrored(time: TimeAxis, start: int, end: int) -> Span:
    """Return what the first frame takes of ``start`` reflected points before it, and the last of ``end`` behind it."""
    rate = time.lengths[1] - time.lengths[0]
    return Span(time.lengths[0] - 1 - end - rate * (LENGTHS[0] - 1), start)


def _union(spans: list[Span]) -> Span:
    return Span(min(span.low for span in spans), max(span.high for span in spans))


def _not_understood(node: "NodeProto") -> UncuttableError:
    return UncuttableError(f"the decoder has a {node.op_type} that is not understood")
