"""Convolutions in two dimensions give what they gave in one."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tests.support import TINY_REPO
from wyoming_hayakoe.engine.graphs.cutting import AUDIO, DURATIONS, LATENT, LOG_SCALE, MEAN, cut
from wyoming_hayakoe.engine.jp_extra.network import JP_EXTRA
from wyoming_hayakoe.engine.prepare.two_dimensions import forms, in_two_dimensions
from wyoming_hayakoe.engine.runtime.session import Session
from wyoming_hayakoe.engine.vits.preparation import samples, simplified

MODEL = TINY_REPO / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"
OUTPUTS = {"encoder": [DURATIONS, MEAN, LOG_SCALE], "flow": [LATENT], "decoder": [AUDIO]}
CONVOLUTIONS = {"Conv", "ConvTranspose"}


class Network:
    """A random graph of x [1, 32, T] and speaker [1, 32, 1], layer after layer."""

    def __init__(self, draw=None, seed=0):
        self.draw = draw
        self.random = np.random.default_rng(seed)
        self.nodes = []
        self.weights = {}
        self.value, self.before = "x", "x"

    def weight(self, *shape):
        name = f"w{len(self.weights)}"
        values = self.random.standard_normal(shape) / max(1, np.prod(shape[1:])) ** 0.5
        self.weights[name] = values.astype(np.float32)
        return name

    def constant(self, values):
        name = f"c{len(self.weights)}"
        self.weights[name] = np.asarray(values)
        return name

    def add(self, operator, *others, **attributes):
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, [self.value, *others], [name], **attributes))
        self.value = name

    def convolution(self):
        taps, dilation = self.draw(st.integers(1, 5)), self.draw(st.integers(1, 3))
        groups = self.draw(st.sampled_from([1, 2, 32]))
        width = dilation * (taps - 1)
        left = self.draw(st.integers(0, width))
        biases = [self.weight(32)] if self.draw(st.booleans()) else []
        attributes = {"dilations": [dilation], "pads": [left, width - left], "group": groups}
        self.add("Conv", self.weight(32, 32 // groups, taps), *biases, **attributes)

    def shrinking_convolution(self):
        """A convolution without any attribute but its stride, whose values no earlier one can be added to."""
        self.add("Conv", self.weight(32, 32, 2), strides=[self.draw(st.integers(1, 2))])
        self.before = self.value

    def upsampling(self):
        rate = self.draw(st.integers(1, 3))
        margin = self.draw(st.integers(0, 1))
        attributes = {"strides": [rate], "output_padding": [rate - 1]} if rate > 1 and margin else {"strides": [rate]}
        self.add("ConvTranspose", self.weight(32, 32, rate + 2 * margin), pads=[margin, margin], **attributes)
        self.before = self.value

    def rectifier(self):
        self.add(self.draw(st.sampled_from(["LeakyRelu", "Relu", "Tanh", "Sigmoid", "Erf", "Softplus", "Abs"])))

    def residual(self):
        self.add("Add", self.before)
        self.before = self.value

    def speaker(self):
        self.add("Add", "speaker")

    def scale(self):
        self.add("Mul", self.draw(st.sampled_from([self.constant(np.float32(0.7)), self.weight(32, 1)])))

    def gate(self):
        """The halves of the channels, one after the other."""
        whole = self.value
        self.add("Slice", *map(self.constant, ([0], [16], [1])))
        first, self.value = self.value, whole
        self.add("Slice", *map(self.constant, ([16], [99], [1])))
        self.add("Concat", first, axis=1)

    def split(self):
        pair = [f"v{len(self.nodes)}/{half}" for half in range(2)]
        self.nodes.append(helper.make_node("Split", [self.value, self.constant([16, 16])], pair, axis=1))
        self.value = pair[1]
        self.add("Concat", pair[0], axis=1)

    def reversal(self):
        """The channels in reverse order."""
        self.add("Slice", *map(self.constant, ([-1], [-99], [1], [-1])))

    def attention(self):
        """What is not computed on images: it stands between the lines before and after."""
        self.add("Softmax", axis=-1)

    def turn(self):
        self.add("Transpose", perm=[0, 2, 1])
        self.add("LayerNormalization", self.weight(32), axis=-1)
        self.add("Transpose", perm=[0, 2, 1])

    LAYERS = (
        *(convolution, convolution, convolution, shrinking_convolution, upsampling, rectifier, rectifier),
        *(residual, residual, speaker, scale, gate, split, reversal, attention, turn),
    )

    def model(self, *others):
        """Return the graph, whose outputs are the last value and ``others``."""
        outputs = [self.value, *others]
        return helper.make_model(
            helper.make_graph(
                self.nodes,
                "network",
                [
                    helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 32, "time"]),
                    helper.make_tensor_value_info("speaker", TensorProto.FLOAT, [1, 32, 1]),
                ],
                [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 32, None]) for name in outputs],
                [numpy_helper.from_array(values, name) for name, values in self.weights.items()],
            ),
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8,
        )


@st.composite
def networks(draw):
    network = Network(draw, draw(st.integers(0, 99)))
    for layer in draw(st.lists(st.sampled_from(Network.LAYERS), min_size=1, max_size=12)):
        layer(network)
    made = [node.output[0] for node in network.nodes if not node.output[0].endswith("/0") and node.op_type != "Slice"]
    made = [name for name in made if name != network.value and not is_transposed(network, name)]
    return network.model(*draw(st.lists(st.sampled_from(made), unique=True, max_size=2) if made else st.just([])))


def is_transposed(network, name):
    position = next(index for index, node in enumerate(network.nodes) if node.output[0] == name)
    following = network.nodes[position + 1 : position + 3]
    kinds = [network.nodes[position].op_type, *(node.op_type for node in following)]
    return kinds[:2] in (["Transpose", "LayerNormalization"], ["LayerNormalization", "Transpose"])


def values(model, feeds):
    return Session(model, MODEL).run([value.name for value in model.graph.output], feeds)


def assert_same(expected, found):
    for one, other in zip(expected, found, strict=True):
        assert other.shape == one.shape
        assert np.abs(other - one).max() <= 1e-5 * np.abs(one).max()


def kernels(model, operators=CONVOLUTIONS):
    """Return the shapes of the weights of convolutions."""
    dims = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    return [dims[node.input[1]] for node in model.graph.node if node.op_type in operators]


@given(model=networks(), length=st.integers(40, 60), seed=st.integers(0, 9))
@settings(max_examples=60)
def test_any_network_gives_the_same(model, length, seed):
    random = np.random.default_rng(seed)
    feeds = {
        name: random.standard_normal((1, 32, size), dtype=np.float32) for name, size in (("x", length), ("speaker", 1))
    }
    unchanged = model.SerializeToString()
    found = in_two_dimensions(model)
    onnx.checker.check_model(found, full_check=True)
    assert model.SerializeToString() == unchanged
    assert all(len(shape) == 4 for shape in kernels(found))
    try:
        expected = values(model, feeds)
    except Exception:
        return  # too many strides for this length
    assert_same(expected, values(found, feeds))


@pytest.fixture(scope="module")
def stages():
    return simplified(JP_EXTRA, cut(onnx.load(MODEL)))


@pytest.mark.parametrize("stage", OUTPUTS)
@pytest.mark.parametrize("length", [1, 2, 33])
def test_a_stage_gives_the_same(stages, stage, length):
    graph = getattr(stages, stage)
    found = in_two_dimensions(graph)
    assert all(len(shape) == 4 for shape in kernels(found))
    feeds = samples(JP_EXTRA, stages, [length])[0]
    assert_same(*(Session(each, MODEL).run(OUTPUTS[stage], feeds) for each in (graph, found)))


def test_a_decoder_is_one_image_from_its_first_convolution_to_its_last(stages):
    operators = [node.op_type for node in in_two_dimensions(stages.decoder).graph.node]
    # Of the latent, and of the speaker's embedding before its own convolution.
    assert operators.count("Unsqueeze") - [node.op_type for node in stages.decoder.graph.node].count("Unsqueeze") == 2
    assert operators.count("Squeeze") == 1


def test_outputs_of_convolutions_keep_their_names(stages):
    for graph in stages.graphs.values():
        names = [
            {node.output[0] for node in each.graph.node if node.op_type in CONVOLUTIONS}
            for each in (graph, in_two_dimensions(graph))
        ]
        assert names[0] == names[1]


def test_inputs_and_outputs_of_a_stage_keep_names_and_shapes(stages):
    for graph in stages.graphs.values():
        found = in_two_dimensions(graph).graph
        assert list(found.input) == list(graph.graph.input)
        assert list(found.output) == list(graph.graph.output)


def test_a_kernel_that_is_computed_stays_as_it_is():
    network = Network()
    network.nodes.append(helper.make_node("Identity", [network.weight(32, 32, 3)], ["kernel"]))
    network.add("Conv", "kernel", pads=[1, 1])
    model = network.model()
    assert [node.op_type for node in in_two_dimensions(model).graph.node] == ["Identity", "Conv"]


def test_a_kernel_that_is_also_another_operand_stays_as_it_is():
    network = Network()
    kernel = network.weight(32, 32, 1)
    network.add("Conv", kernel)
    network.add("MatMul", kernel)
    assert [node.op_type for node in in_two_dimensions(network.model()).graph.node] == ["Conv", "MatMul"]


def test_a_branch_takes_a_line():
    """A value that the body of an If takes is there in its old shape, under its old name."""
    network = Network()
    network.add("Conv", network.weight(32, 32, 1))
    line = network.value
    network.nodes.append(helper.make_node("ReduceMax", ["speaker"], ["peak"], keepdims=0))
    network.nodes.append(helper.make_node("Less", ["peak", network.constant(np.float32(0))], ["is_negative"]))
    bodies = {
        name: helper.make_graph(
            [helper.make_node(operator, [line], [name])],
            name,
            [],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 32, None])],
        )
        for name, operator in (("then_branch", "Neg"), ("else_branch", "Abs"))
    }
    network.nodes.append(helper.make_node("If", ["is_negative"], ["chosen"], **bodies))
    network.value = "chosen"
    model = network.model()
    random = np.random.default_rng(0)
    feeds = {name: random.standard_normal((1, 32, size), dtype=np.float32) for name, size in (("x", 9), ("speaker", 1))}
    assert_same(values(model, feeds), values(in_two_dimensions(model), feeds))


@pytest.mark.parametrize(("cores", "second"), [(1, "two dimensions"), (2, "two dimensions and parts of time")])
def test_on_several_cores_a_decoder_is_computed_in_parts_of_time(stages, cores, second):
    assert list(forms(stages.decoder, cores)) == ["one dimension", second]
    assert list(forms(stages.flow, cores)) == ["one dimension", "two dimensions"]


def test_a_stage_without_convolutions_is_its_only_form():
    network = Network()
    network.add("Relu")
    assert list(forms(network.model(), 2)) == ["one dimension"]


def test_a_stage_that_cannot_be_rewritten_is_its_only_form():
    model = Network().model()
    # Without a version of the standard's operators, no shape can be inferred.
    model.opset_import[0].version = 999
    model.graph.node.append(helper.make_node("Conv", ["x", "missing"], ["x2"]))
    model.graph.node.append(helper.make_node("Conv", [], ["x3"]))
    assert list(forms(model, 2)) == ["one dimension"]
