"""The reach of a decoder: what changes when one frame of its latent does."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from wyoming_hayakoe.engine.graphs.edits import drop_dead
from wyoming_hayakoe.engine.graphs.reach import Reach, UncuttableError, follow
from wyoming_hayakoe.engine.runtime.session import Session

CHANNELS = 4
FRAMES = 60


class Decoder:
    """A decoder that is built operator by operator, on a latent [1, CHANNELS, F]."""

    def __init__(self):
        self.nodes = []
        self.weights = []
        self.value = "latent"
        self.random = np.random.default_rng(0)

    def add(self, operator, *constants, inputs=None, **attributes):
        """Append an operator on the last value and constants."""
        names = [f"c{len(self.weights) + number}" for number in range(len(constants))]
        self.weights += map(numpy_helper.from_array, constants, names)
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs or [self.value, *names], [output], **attributes))
        self.value = output
        return self

    def kernel(self, *shape):
        # All positive: nothing that is added up is lost.
        return self.random.uniform(0.5, 1.0, shape).astype(np.float32)

    def conv(self, taps, pad, dilation=1, channels=(CHANNELS, CHANNELS)):
        return self.add("Conv", self.kernel(*channels, taps), pads=[pad, pad], dilations=[dilation])

    def up(self, taps, stride, pad):
        return self.add("ConvTranspose", self.kernel(CHANNELS, CHANNELS, taps), pads=[pad, pad], strides=[stride])

    def model(self):
        graph = helper.make_graph(
            [*self.nodes, helper.make_node("Identity", [self.value], ["sound"])],
            "decoder",
            [helper.make_tensor_value_info("latent", TensorProto.FLOAT, [1, None, None])],
            [helper.make_tensor_value_info("sound", TensorProto.FLOAT, [1, 1, None])],
            self.weights,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def found_by_impulse(model, hop):
    """Return how many frames before and after one frame the sound changes with it."""
    session = Session(model, onnx.__file__)

    def sound(latent):
        return session.run(["sound"], {"latent": latent})[0].reshape(-1)

    quiet = np.ones((1, CHANNELS, FRAMES), dtype=np.float32)
    loud = quiet.copy()
    loud[:, :, FRAMES // 2] = 2.0
    changed = np.flatnonzero(sound(loud) != sound(quiet)) // hop - FRAMES // 2
    return max(-changed.min(), changed.max())


def is_exact(decoder):
    model = decoder.model()
    onnx.checker.check_model(model)
    found = follow(model, "latent")
    return found.frames == found_by_impulse(model, found.hop)


@given(st.integers(1, 4), st.integers(1, 3), st.sampled_from([(4, 2), (8, 4), (16, 8), (3, 1)]), st.integers(0, 2))
@settings(max_examples=15, deadline=None)
def test_convolutions_reach_as_far_as_an_impulse(half, dilation, up, more):
    taps, stride = up
    decoder = Decoder().conv(7, 3).up(taps, stride, (taps - stride) // 2)
    decoder.conv(2 * half + 1, half * dilation, dilation).add("LeakyRelu", alpha=0.1)
    for _ in range(more):
        decoder.up(4, 2, 1).conv(3, 1)
    assert is_exact(decoder.conv(7, 3, channels=(1, CHANNELS)))


def integers(*values):
    return np.array(values, dtype=np.int64)


def test_margins_and_cuts_move_the_sound():
    # As an iSTFTNet does: a reflected sample before, a transform that is too long, and cut off at both ends.
    decoder = Decoder().conv(7, 3).add("Pad", integers(0, 0, 1, 0, 0, 0), mode="reflect").conv(7, 3).up(16, 4, 0)
    decoder.add("Slice", integers(8), integers(-8), integers(2)).conv(3, 1, channels=(1, CHANNELS))
    assert is_exact(decoder)


def bands():
    """Return a decoder whose channels become bands, a batch, and channels again, by lengths that it computes."""
    decoder = Decoder().conv(7, 3)
    decoder.add("Shape", inputs=["v0"]).add("Gather", integers(2), axis=0)
    length = decoder.value
    decoder.add("Concat", integers(2, 2), inputs=["c2", length], axis=0)
    decoder.add("Reshape", inputs=["v0", decoder.value])
    # [2, 2, F] → [2, 1, 4F + 4] → [1, 2, 4F]
    decoder.add("ConvTranspose", decoder.kernel(2, 1, 8), strides=[4])
    decoder.add("Reshape", integers(1, 2, -1))
    bands, decoder.value = decoder.value, length
    decoder.add("Mul", integers(4))
    end = decoder.value
    start, axis = (f"c{len(decoder.weights) + number}" for number in range(2))
    decoder.add("Slice", integers(0), integers(2), inputs=[bands, start, end, axis])
    decoder.add("Pad", integers(0, 0, 5, 0, 0, 5))
    return decoder.add("Conv", decoder.kernel(1, 2, 11))


def test_bands_reach_as_far_as_an_impulse():
    assert is_exact(bands())


def test_lengths_become_constants_and_change_nothing():
    before, after = bands().model(), bands().model()
    follow(after, "latent")
    drop_dead(after)
    operators = [{node.op_type for node in each.graph.node} for each in (before, after)]
    assert operators[0] - operators[1] == {"Shape", "Gather", "Mul", "Concat"}
    for frames in (1, 9, 64):
        latent = np.random.default_rng(frames).standard_normal((1, CHANNELS, frames), dtype=np.float32)
        one, other = (Session(each, onnx.__file__).run(["sound"], {"latent": latent})[0] for each in (before, after))
        assert np.array_equal(one, other)


def test_time_may_stand_elsewhere_for_a_while():
    decoder = Decoder().conv(3, 1).add("Transpose", perm=[0, 2, 1]).add("MatMul", np.ones((CHANNELS, 8), np.float32))
    # [1, F, 8] → [1, 1, 8F]: each point of time becomes eight.
    assert is_exact(decoder.add("Reshape", integers(1, 1, -1)).conv(5, 2, channels=(1, 1)))
    assert follow(decoder.model(), "latent") == Reach(8, 2)


@pytest.mark.parametrize(
    ("operator", "constants", "attributes", "words"),
    [
        ("Softmax", [], {"axis": -1}, "Softmax"),
        ("ReduceMean", [], {"axes": [1]}, "ReduceMean"),
        ("Tile", [integers(1, 1, 1)], {}, "Tile"),
        ("Slice", [integers(-5), integers(1 << 60), integers(2)], {}, "along one axis"),
        ("Slice", [integers(1), integers(1 << 60), integers(2)], {}, "not so many samples for each frame"),
        ("Pad", [integers(0, 0, 1, 0, 0, 1)], {"mode": "edge"}, "not so many samples for each frame"),
        ("Reshape", [integers(1, 1, -1)], {}, "Reshape"),
        ("Conv", [np.ones((1, CHANNELS, 3), np.float32)], {"auto_pad": "SAME_UPPER"}, "Conv"),
        ("Transpose", [], {"perm": [0, 2, 1]}, "not so many samples for each frame"),
    ],
)
def test_what_is_not_understood_is_named(operator, constants, attributes, words):
    decoder = Decoder().conv(3, 1).add(operator, *constants, **attributes)
    with pytest.raises(UncuttableError, match=words):
        follow(decoder.model(), "latent")
