"""Weights in fp32 give what integers gave, but for their rounding."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.engine.kokoro.published import AUDIO, published, session
from wyoming_hayakoe.engine.kokoro.dequantize import dequantized
from wyoming_hayakoe.engine.kokoro.structure import NotKokoroError

INTEGER = {"ConvInteger", "MatMulInteger", "DynamicQuantizeLinear", "DynamicQuantizeLSTM", "DequantizeLinear"}


def test_no_integer_operator_stays():
    model = dequantized(published())
    assert not INTEGER & {node.op_type for node in model.graph.node}
    assert [node.op_type for node in model.graph.node].count("Conv") == 88
    assert not [tensor.name for tensor in model.graph.initializer if tensor.data_type == TensorProto.INT8]


def test_the_voice_says_the_same(in_int8, in_fp32):
    """Durations may differ by single frames: they are rounded."""
    one, other = in_int8[AUDIO], in_fp32[AUDIO]
    assert abs(len(one) - len(other)) < 0.1 * 24_000
    assert np.sqrt(np.mean(other**2)) == pytest.approx(np.sqrt(np.mean(one**2)), rel=0.1)


def test_a_graph_without_integers_comes_back_alike(stages):
    assert dequantized(stages.blocks) == stages.blocks


def product(weights, scale, zero, *, behind="Mul"):
    """x [1, 2, 4] times weights in dynamic int8, as ONNX Runtime's quantisation writes it."""
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        helper.make_node("MatMulInteger", ["q", "w", "z", "wz"], ["i"]),
        helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["s", "ws"], ["both"]),
        helper.make_node(behind, ["f", "both"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(each, name) for each, name in ((weights, "w"), (scale, "ws"), (zero, "wz"))],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_product_is_as_exact_as_its_weights(channels):
    random = np.random.default_rng(5)
    weights = random.integers(-128, 127, (4, 3), dtype=np.int8)
    scale = random.uniform(0.01, 0.1, channels).astype(np.float32)
    zero = random.integers(-20, 20, channels, dtype=np.int8)
    if channels == 1:
        scale, zero = scale.reshape(()), zero.reshape(())
    x = random.standard_normal((1, 2, 4)).astype(np.float32)
    found = session(dequantized(product(weights, scale, zero))).run(["y"], {"x": x})[0]
    np.testing.assert_allclose(found, x @ ((weights.astype(np.float32) - zero) * scale), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("scale", "behind", "reason"),
    [(np.ones(2), "Mul", "odd number of scales"), (np.ones(3), "Add", "not one|instead of")],
)
def test_integers_of_another_form_are_refused_with_the_reason(scale, behind, reason):
    model = product(np.ones((4, 3), dtype=np.int8), scale.astype(np.float32), np.zeros((), np.int8), behind=behind)
    with pytest.raises(NotKokoroError, match=reason):
        dequantized(model)
