"""The quality gate, and int8 stages beside fp32 ones."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.awake import awake, edited
from tests.engine.sentences import sentence
from tests.support import TINY_REPO
from wyoming_hayakoe.engine.graphs.cutting import LATENT, cut
from wyoming_hayakoe.engine.jp_extra.preparation import Sentences, rehearse
from wyoming_hayakoe.engine.prepare import quality
from wyoming_hayakoe.engine.prepare.calibrate import calibrate
from wyoming_hayakoe.engine.prepare.precision import choose, promising
from wyoming_hayakoe.engine.prepare.quality import MOST_NOISE, MOST_NOISE_95, Quality
from wyoming_hayakoe.engine.prepare.quantize import Integers, convolutions, quantize
from wyoming_hayakoe.engine.runtime.session import Session

MODEL = TINY_REPO / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"


def chosen_of(stages, precision):
    """Return the stages that are chosen, by name, and the report."""
    sentences = Sentences(
        calibration=[sentence(12, seed) for seed in range(4)],
        held_out=[sentence(12, seed) for seed in (90, 91)],
        sample_rate=44100,
    )
    return choose(stages.graphs, lambda: rehearse(stages.graphs, sentences, MODEL), precision)


def never():
    raise AssertionError


@pytest.fixture(scope="module")
def stages():
    stages = cut(onnx.load(MODEL))
    return replace(stages, decoder=edited(stages.decoder, awake))


def operators(model):
    return {node.op_type for node in model.graph.node}


def test_int8_is_taken_where_it_passes(stages):
    chosen, report = chosen_of(stages, "auto")
    verdict = report["plans"][-1]
    assert (report["chosen"], verdict["refused"]) == ("int8", None)
    assert verdict["share"] > 0.5
    assert verdict["noise_to_mask"] <= MOST_NOISE
    assert verdict["noise_to_mask_95"] <= MOST_NOISE_95
    assert "QLinearConv" in operators(chosen["flow"]) & operators(chosen["decoder"])
    assert chosen["encoder"] is stages.encoder
    assert json.loads(json.dumps(report)) == report


def test_fp32_asks_nobody(stages):
    chosen, report = choose(stages.graphs, never, "fp32")
    assert chosen == stages.graphs
    assert (report["chosen"], report["plans"]) == ("fp32", [])


def with_outliers(model, blocks="resblocks."):
    """Return a copy in which a silent channel has weights so large that the others round to nothing beside them."""

    def change(name, weights):
        if weights.ndim != 3 or min(weights.shape[:2]) == 1 or ".dec." not in name:
            return weights
        if ".ups." in name:
            weights[:, 0] = 0
        elif ".convs2." in name:
            weights[0] = 0
        elif blocks in name and ".convs1." in name:
            weights[:, 0] = 1000 * np.abs(weights).max()
        return weights

    return edited(model, change)


@pytest.fixture(scope="module")
def spoiled(stages):
    return replace(stages, decoder=with_outliers(stages.decoder))


def test_a_decoder_that_fails_in_int8_ends_in_fp32_with_the_reason(spoiled, monkeypatch):
    # Random weights sound like noise, which masks much.
    monkeypatch.setattr(quality, "MOST_NOISE", -30.0)
    chosen, report = chosen_of(spoiled, "auto")
    assert report["chosen"] == "fp32"
    assert chosen == spoiled.graphs
    assert len(report["plans"]) >= 1
    assert all("noise to mask" in verdict["refused"] for verdict in report["plans"])
    assert "dB instead of at most -30.00" in report["reason"]


def test_int8_can_be_forced_and_still_tells_what_it_costs(spoiled):
    chosen, report = chosen_of(spoiled, "int8")
    assert report["chosen"] == "int8"
    assert report["plans"][0]["refused"]
    assert "QLinearConv" in operators(chosen["decoder"])


def test_one_bad_group_is_left_out(stages):
    decoder = with_outliers(stages.decoder, "resblocks.0.")
    chosen, report = chosen_of(replace(stages, decoder=decoder), "auto")
    assert report["chosen"] == "int8"
    assert report["plans"][0]["refused"]
    assert report["plans"][-1]["refused"] is None
    assert "decoder 1, kernel 3" not in report["plans"][-1]["int8"]
    assert report["plans"][-1]["share"] > 0.5
    assert "QLinearConv" in operators(chosen["decoder"])


def heard_as(mean, high):
    return Quality(
        noise_to_mask=mean,
        noise_to_mask_95=high,
        over_mask=0.0,
        silence=None,
        reference_silence=None,
        distance=0.0,
        bands={},
        snr=120.0,
    )


@given(
    st.dictionaries(
        st.text("abcdef", min_size=1, max_size=3),
        st.tuples(st.integers(1, 100), st.floats(-40, 0), st.floats(-30, 5)),
        min_size=2,
        max_size=6,
    )
)
@settings(max_examples=50)
def test_the_promising_plan_is_within_the_gate_and_none_with_more_arithmetic_is(groups):
    work = {name: each[0] for name, each in groups.items()}
    heard = {name: heard_as(*each[1:]) for name, each in groups.items()}

    def should_pass(plan):
        mean, high = (sum(10 ** (each / 10) for each in (groups[name][kind] for name in plan)) for kind in (1, 2))
        return mean <= 10 ** (MOST_NOISE / 10) and high <= 10 ** (MOST_NOISE_95 / 10)

    plan = promising(work, heard, (1.0, 1.0))
    size = sum(work[name] for name in plan)
    assert not plan or (should_pass(plan) and len(plan) < len(groups) and size >= 0.1 * sum(work.values()))
    assert not any(should_pass([name]) and work[name] > max(size, 0.1 * sum(work.values())) for name in groups)
    assert sum(work[name] for name in promising(work, heard, (2.0, 2.0))) <= size


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("greatest_weight", [63, 127])
def test_integers_of_every_machine_give_nearly_the_same_sound(stages, signed, greatest_weight):
    latent = np.random.default_rng(1).standard_normal((1, 16, 30), dtype=np.float32)
    feeds = {LATENT: latent, "sid": np.zeros(1, dtype=np.int64)}
    names = convolutions(stages.decoder)
    ranges = calibrate(stages.decoder, names, [feeds], MODEL)
    int8 = quantize(stages.decoder, names, ranges, Integers(signed=signed, greatest_weight=greatest_weight))
    expected, found = (Session(model, MODEL).run(["cut/audio"], feeds)[0] for model in (stages.decoder, int8))
    assert found.shape == expected.shape
    assert np.var(found - expected) < 1e-3 * np.var(expected)


def test_only_convolutions_in_the_middle_of_a_decoder_are_fit(stages):
    found = convolutions(stages.decoder)
    # In the tiny network the fifth stage is a single channel wide.
    assert {each.depth for each in found.values()} == {1, 2, 3, 4}
    assert {each.taps for each in found.values()} == {3, 7, 11}
    assert len(found) == 72
