"""Where the time goes: every stage is there, and its parts are all of it."""

import pytest

from tests.support import TINY_REPO
from wyoming_hayakoe.cli.bench.profile import group_of, measure


@pytest.mark.parametrize(
    ("operator", "group"),
    [
        ("FusedConv", "convolution"),
        ("QLinearConv", "convolution"),
        ("DynamicQuantizeMatMul", "matrix product"),
        ("DequantizeLinear", "quantising"),
        ("ReorderInput", "moving and shaping"),
        ("SkipLayerNormalization", "normalising"),
        ("LeakyRelu", "each value"),
        ("Exp", "each value"),
    ],
)
def test_operators_are_grouped_by_what_they_do(operator, group):
    assert group_of(operator) == group


def test_every_stage_and_its_parts_are_measured():
    figures = measure("rand-jp", TINY_REPO.as_uri(), "fp32", "こんにちは。")
    stages = {figure.what: figure.value for figure in figures if not figure.what.startswith(" ")}
    assert set(stages) == {"bert", "encoder", "flow", "decoder"}
    for stage, whole in stages.items():
        parts = sum(figure.value for figure in figures if figure.what.startswith(f"  {stage}: "))
        assert 0.8 * whole <= parts <= 1.001 * whole
