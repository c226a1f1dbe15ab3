"""The fastest of a graph's forms is chosen, if it gives the same values."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from wyoming_hayakoe.engine.prepare.fastest_form import fastest
from wyoming_hayakoe.errors import HayakoeError

FEEDS = [{"x": np.linspace(-1, 1, length, dtype=np.float32)} for length in (1, 5)]


def scaled(by, operator="Mul"):
    return helper.make_model(
        helper.make_graph(
            [helper.make_node(operator, ["x", "by"], ["y"])],
            "scaled",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["length"])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            [numpy_helper.from_array(np.asarray(by, dtype=np.float32), "by")],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


def choose(folder, forms, **seconds):
    """Return what is chosen where each form takes so many seconds, and the report."""
    measured = []

    def measure(runs, feeds):
        for run in runs.values():
            run(feeds[0])
        measured.extend(runs)
        return {name: seconds[name] for name in runs}

    chosen, report = fastest(forms, FEEDS, FEEDS[:1], origin=Path("voice.onnx"), folder=folder, measure=measure)
    assert list(report["seconds"]) == measured
    assert list(folder.iterdir()) == []
    return chosen, report


def test_the_fastest_form_is_chosen(tmp_path):
    forms = {"plain": scaled(2.0), "slower": scaled(0.5, "Div"), "faster": scaled(2.0)}
    chosen, report = choose(tmp_path, forms, plain=1.0, slower=2.0, faster=0.8)
    assert chosen == report["chosen"] == "faster"
    assert report["reason"] == "slower: 0.50 times as fast; faster: 1.25 times as fast"
    assert report["seconds"] == {"plain": 1.0, "slower": 2.0, "faster": 0.8}


@pytest.mark.parametrize(("plain", "other"), [(1.0, 0.98), (0.004, 0.001)])
def test_a_gain_that_may_be_noise_is_none(tmp_path, plain, other):
    assert choose(tmp_path, {"plain": scaled(2.0), "other": scaled(2.0)}, plain=plain, other=other)[0] == "plain"


def test_a_form_that_gives_other_values_is_not_measured(tmp_path):
    forms = {"plain": scaled(2.0), "wrong": scaled(2.001), "close": scaled(2.000001)}
    chosen, report = choose(tmp_path, forms, plain=1.0, wrong=0.1, close=0.9)
    assert chosen == "close"
    assert report["reason"].startswith("wrong: differs by 5e-04; ")
    assert "wrong" not in report["seconds"]


@pytest.mark.parametrize("odd", [scaled([1.0, 2.0], "Gemm"), scaled([[2.0]])], ids=["not loaded", "another shape"])
def test_a_form_that_fails_is_not_measured(tmp_path, odd):
    chosen, report = choose(tmp_path, {"plain": scaled(2.0), "odd": odd}, plain=1.0, odd=0.1)
    assert chosen == "plain"
    assert report["reason"].startswith("odd: ")
    assert list(report["seconds"]) == ["plain"]


def test_a_graph_that_fails_as_it_is_is_an_error(tmp_path):
    with pytest.raises(HayakoeError, match=r"voice\.onnx"):
        choose(tmp_path, {"plain": scaled([1.0, 2.0], "Gemm"), "other": scaled(2.0)}, plain=1.0, other=1.0)
