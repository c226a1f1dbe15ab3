"""Convolutions in int8, in each form and in any mixture of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from wyoming_hayakoe.engine.prepare.calibrate import calibrate
from wyoming_hayakoe.engine.prepare.convolutions import convolutions
from wyoming_hayakoe.engine.prepare.grids import Grids, Integers
from wyoming_hayakoe.engine.prepare.quantize import Form, quantize
from wyoming_hayakoe.engine.prepare.two_dimensions import in_two_dimensions
from wyoming_hayakoe.engine.runtime.session import Session

CHANNELS = 6
UNSIGNED = Integers(signed=False, greatest_weight=127)


class Network:
    """A stage of a decoder: a first convolution, residual blocks, their mean, and a last convolution."""

    def __init__(self, kernels=(3, 7), dilations=(1, 3), seed=0, slope=0.1, spread=0.7):
        self.random = np.random.default_rng(seed)
        self.nodes, self.tensors = [], []
        self.spread = spread
        value = self.convolve("x", "first", 3, 1)
        if not kernels:
            return
        value = self.add("LeakyRelu", [value], "rectified", alpha=slope)
        ends = [self.block(value, kernel, dilations, slope) for kernel in kernels]
        total = ends[0]
        for number, end in enumerate(ends[1:]):
            total = self.add("Add", [total, end], f"sum{number}")
        mean = self.add("Div", [total, self.tensor("count", np.float32(len(ends)))], "mean")
        self.convolve(mean, "y", 1, 1, outputs=1)

    def block(self, value, kernel, dilations, slope):
        for dilation in dilations:
            name = f"k{kernel}d{dilation}"
            inner = self.add("LeakyRelu", [value], f"{name}/a", alpha=slope)
            inner = self.convolve(inner, f"{name}/1", kernel, dilation)
            inner = self.add("LeakyRelu", [inner], f"{name}/b", alpha=slope)
            inner = self.convolve(inner, f"{name}/2", kernel, 1)
            value = self.add("Add", [inner, value], f"{name}/sum")
        return value

    def convolve(self, value, name, kernel, dilation, outputs=CHANNELS):
        weights = self.random.standard_normal((outputs, CHANNELS, kernel)) / np.sqrt(CHANNELS * kernel)
        # Channels differ in range, as those of trained networks do.
        weights *= np.exp(self.spread * self.random.standard_normal((outputs, 1, 1)))
        inputs = [value, self.tensor(f"{name}/w", weights), self.tensor(f"{name}/bias", 0.1 * weights[:, 0, 0])]
        margin = dilation * (kernel - 1) // 2
        return self.add("Conv", inputs, name, kernel_shape=[kernel], pads=[margin] * 2, dilations=[dilation])

    def tensor(self, name, values):
        self.tensors.append(numpy_helper.from_array(np.asarray(values, dtype=np.float32), name))
        return name

    def add(self, operator, inputs, name, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def model(self):
        value = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, None])]
        sound = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None])]
        graph = helper.make_graph(self.nodes, "stage", value, sound, self.tensors)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def feeds(seed, points=60):
    return {"x": np.random.default_rng(seed).standard_normal((1, CHANNELS, points), dtype=np.float32)}


def grids_of(model, origin, integers=UNSIGNED):
    return Grids(model, calibrate(model, convolutions(model), [feeds(seed) for seed in range(4)], origin), integers)


def noise(model, other, origin):
    """Return the power of the difference of two graphs' sounds, as a share of the power of the first one."""
    expected, found = (Session(each, origin).run(["y"], feeds(99))[0] for each in (model, other))
    assert found.shape == expected.shape
    return np.square(found - expected).mean() / np.square(expected).mean()


def operators(model):
    return [node.op_type for node in model.graph.node]


@pytest.fixture
def origin(tmp_path):
    path = tmp_path / "voice.onnx"
    path.touch()
    return path


FORMS = st.sampled_from([None, *Form])


@given(forms=st.lists(FORMS, min_size=12, max_size=12), in_images=st.booleans(), signed=st.booleans(), data=st.data())
@settings(max_examples=25, deadline=None)
def test_any_mixture_of_forms_gives_nearly_the_same_sound(tmp_path_factory, forms, in_images, signed, data):
    origin = tmp_path_factory.mktemp("voice") / "voice.onnx"
    origin.touch()
    kernels = data.draw(st.lists(st.sampled_from([1, 3, 5, 11]), min_size=1, max_size=3, unique=True))
    model = Network(kernels, (1, 3), seed=data.draw(st.integers(0, 99))).model()
    if in_images:
        model = in_two_dimensions(model)
    fit = convolutions(model)
    chosen = {name: form for name, form in zip(fit, forms, strict=False) if form}
    found = quantize(model, chosen, grids_of(model, origin, Integers(signed=signed, greatest_weight=63)))
    assert noise(model, found, origin) < 0.2
    made = operators(found)
    assert made.count("MatMulIntegerToFloat") == list(chosen.values()).count(Form.PRODUCT)
    assert made.count("QLinearConv") == len(chosen) - made.count("MatMulIntegerToFloat")
    assert [value.name for value in found.graph.output] == ["y"]


def test_a_float_output_is_quieter_than_grids_and_a_grid_per_channel_is_quieter_than_one(origin):
    model = Network(seed=1, spread=1.5).model()
    grids = grids_of(model, origin)
    loud, quieter, quietest = (
        noise(model, quantize(model, dict.fromkeys(convolutions(model), form), grids), origin) for form in Form
    )
    assert quietest < quieter < loud


def test_the_larger_the_weights_integers_are_the_less_noise_there_is(origin):
    model = Network(seed=2).model()
    forms = dict.fromkeys(convolutions(model), Form.PRODUCT)
    coarse, fine = (
        noise(
            model, quantize(model, forms, grids_of(model, origin, Integers(signed=False, greatest_weight=each))), origin
        )
        # Greater ones saturate on an x86 without VNNI.
        for each in (15, 63)
    )
    assert fine < coarse / 2


def test_between_two_convolutions_a_rectifier_stays_in_integers(origin):
    model = Network(kernels=(3,), dilations=(1,)).model()
    grids = grids_of(model, origin)
    both = dict.fromkeys(["k3d1/1", "k3d1/2"], Form.TENSOR)
    assert operators(quantize(model, both, grids)).count("QLinearLeakyRelu") == 1
    assert "QLinearLeakyRelu" not in operators(quantize(model, {"k3d1/1": Form.TENSOR}, grids))


@pytest.mark.parametrize("form", Form)
def test_a_convolution_may_take_what_another_makes(origin, form):
    network = Network(kernels=(), dilations=())
    network.convolve("first", "second", 3, 1)
    network.convolve("second", "y", 1, 1, outputs=1)
    model = network.model()
    found = quantize(model, dict.fromkeys(["first", "second"], form), grids_of(model, origin))
    assert noise(model, found, origin) < 0.03


def test_products_in_a_row_turn_their_values_once(origin):
    model = Network(kernels=(3, 7), dilations=(1, 3)).model()
    forms = {name: Form.PRODUCT for name in convolutions(model) if name != "first"}
    found = operators(quantize(model, forms, grids_of(model, origin)))
    # Once for each branch, once for the residual beside them, and back.
    assert found.count("Transpose") == 2 + 1 + 1


def test_only_convolutions_over_time_with_constant_weights_are_fit():
    network = Network(kernels=(3,), dilations=(1,))
    for node, attribute in ((1, ("group", 2)), (3, ("strides", [2]))):
        found = [each for each in network.nodes if each.op_type == "Conv"][node]
        found.attribute.append(helper.make_attribute(*attribute))
    assert set(convolutions(network.model())) == {"first", "k3d1/2"}


def test_the_graph_that_is_quantised_is_not_changed(origin):
    model = Network().model()
    before = model.SerializeToString()
    quantize(model, dict.fromkeys(convolutions(model), Form.CHANNEL), grids_of(model, origin))
    assert model.SerializeToString() == before
