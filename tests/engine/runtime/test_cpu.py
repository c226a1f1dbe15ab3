"""What is known of the processor, and which integers it is given."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from wyoming_hayakoe.engine.prepare.grids import Integers
from wyoming_hayakoe.engine.runtime.cpu import instruction_set, processor_features, seconds_waited
from wyoming_hayakoe.engine.runtime.session import Session

X86 = "processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu sse2 avx2 avx512_vnni\nbugs\t\t: sysret_ss_attrs\n\n"
PI_4 = "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU part\t: 0xd08\n\n"
PI_5 = PI_4.replace("cpuid", "cpuid asimdrdm lrcpc dcpop asimddp").replace("0xd08", "0xd0b")


@pytest.fixture
def cpu_info(tmp_path):
    def write(text):
        path = tmp_path / "cpuinfo"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("text", "features"),
    [
        (X86, {"fpu", "sse2", "avx2", "avx512_vnni"}),
        (PI_4, {"fp", "asimd", "evtstrm", "crc32", "cpuid"}),
        (PI_5, {"fp", "asimd", "evtstrm", "crc32", "cpuid", "asimdrdm", "lrcpc", "dcpop", "asimddp"}),
        ("", set()),
        ("processor : 0\n\x00\n", set()),
    ],
)
def test_features_are_read_from_what_linux_says(cpu_info, text, features):
    assert processor_features(cpu_info(text)) == features


def test_where_linux_says_nothing_there_are_none(tmp_path):
    assert processor_features(tmp_path / "nowhere") == frozenset()


def test_a_board_moved_to_another_processor_prepares_anew_and_one_with_more_cores_does_not(cpu_info):
    sets = [instruction_set(cpu_info(text)) for text in (PI_4, PI_5, X86, "")]
    assert len(set(sets)) == len(sets)
    assert instruction_set(cpu_info(PI_5 * 4)) == sets[1]


@pytest.mark.parametrize(
    ("architecture", "features", "signed", "greatest_weight"),
    [
        ("aarch64", {"asimd"}, True, 127),
        ("aarch64", {"asimd", "asimddp"}, True, 127),
        ("arm64", (), True, 127),
        ("x86_64", {"avx2", "avx512_vnni"}, False, 127),
        ("x86_64", {"avx2", "avx_vnni"}, False, 127),
        ("x86_64", {"avx2"}, False, 63),
        ("AMD64", (), False, 63),
    ],
)
def test_integers_are_those_that_the_processor_multiplies(architecture, features, signed, greatest_weight):
    assert Integers.of(architecture, features) == Integers(signed=signed, greatest_weight=greatest_weight)


@pytest.mark.parametrize("sign", [1, -1])
def test_products_of_the_greatest_integers_are_right_on_this_machine(tmp_path, sign):
    """Where sums of two products saturate, they do so here."""
    integers = Integers.of_this_machine()
    values = np.full((1, 64, 40), -128 if integers.signed else 255, dtype=np.int8 if integers.signed else np.uint8)
    weights = np.full((32, 64, 11), sign * integers.greatest_weight, dtype=np.int8)
    exact = int(values[0, 0, 0]) * int(weights[0, 0, 0]) * 64 * 11
    # Steps in which the exact sum is in the middle of what 8 bits hold.
    step, middle = abs(exact) / 100, 100 if exact > 0 else -100
    zero = values.dtype.type(0 if integers.signed else 128)
    scale = np.float32(1)
    tensors = {
        "x_scale": scale,
        "x_zero": values.dtype.type(0),
        "w": weights,
        "w_scale": scale,
        "w_zero": np.int8(0),
        "y_scale": np.float32(step),
        "y_zero": zero,
    }
    node = helper.make_node("QLinearConv", ["x", *tensors], ["y"])
    kind = helper.np_dtype_to_tensor_dtype(values.dtype)
    graph = helper.make_graph(
        [node],
        "extreme",
        [helper.make_tensor_value_info("x", kind, values.shape)],
        [helper.make_tensor_value_info("y", kind, [1, 32, 30])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    found = Session(model, tmp_path).run(["y"], {"x": values})[0]
    assert set(np.unique(found.astype(int) - int(zero))) == {middle}


def test_all_threads_wait_together_and_what_is_not_there_does_not_count(tmp_path):
    for number, text in enumerate(["5 1000000000 3", "7 500000000 9", "", "x y z", "1 2"]):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "schedstat").write_text(text, encoding="utf-8")
    (tmp_path / "ended").mkdir()
    assert seconds_waited(tmp_path) == 1.5
    assert seconds_waited(tmp_path / "elsewhere") == 0.0
    assert seconds_waited() >= 0
