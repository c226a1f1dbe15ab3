"""Noise and time of int8 forms, measured on the pieces of a network."""

import logging
from dataclasses import replace

import numpy as np
import onnx
import pytest

from tests.awake import awake, edited
from tests.engine.sentences import sentence
from tests.support import TINY_REPO
from wyoming_hayakoe.engine.graphs.cutting import cut
from wyoming_hayakoe.engine.jp_extra.network import JP_EXTRA
from wyoming_hayakoe.engine.prepare import int8_trial
from wyoming_hayakoe.engine.prepare.convolutions import convolutions
from wyoming_hayakoe.engine.prepare.int8_trial import FP32, Trial
from wyoming_hayakoe.engine.prepare.quality import compare, cost
from wyoming_hayakoe.engine.prepare.quantize import Form
from wyoming_hayakoe.engine.vits.preparation import Sentences, rehearse, simplified
from wyoming_hayakoe.errors import HayakoeError

MODEL = TINY_REPO / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"


@pytest.fixture(scope="module")
def stages():
    stages = cut(onnx.load(MODEL))
    return simplified(JP_EXTRA, replace(stages, decoder=edited(stages.decoder, awake))).graphs


def trial_of(stages, held_out=1):
    sentences = Sentences(
        calibration=[sentence(12, seed) for seed in range(3)],
        held_out=[sentence(30, 90 + seed) for seed in range(held_out)],
        sample_rate=44100,
    )
    return Trial(stages, rehearse(stages, sentences, MODEL))


@pytest.fixture(scope="module")
def trial(stages):
    return trial_of(stages)


def test_groups_hold_each_convolution_that_is_fit_once(trial, stages):
    found = [output for group in trial.groups.values() for output in group.outputs]
    fit = {**convolutions(stages["flow"]), **convolutions(stages["decoder"])}
    assert sorted(found) == sorted(fit)
    assert sum(group.work for group in trial.groups.values()) == sum(each.work for each in fit.values())
    # In the tiny network the fifth stage is a single channel wide.
    kernels = {f"decoder {depth}, kernel {taps}" for depth in (1, 2, 3, 4) for taps in (3, 7, 11)}
    assert set(trial.groups) == {"flow", *kernels}


@pytest.mark.parametrize("group", ["flow", "decoder 1, kernel 7", "decoder 4, kernel 11"])
def test_a_group_alone_costs_what_a_plan_of_it_alone_does(trial, group):
    alone, whole = cost(trial.alone(group, Form.TENSOR)), cost(trial.together({group: Form.TENSOR}))
    assert max(whole) > 0
    assert alone == pytest.approx(whole, rel=0.1, abs=1e-3)


def test_fp32_costs_nothing(trial):
    # Pieces are optimised by themselves, and round otherwise.
    assert max(cost(trial.together({}))) < 1e-3


def test_stages_without_a_group_in_int8_are_the_fp32_ones(trial, stages):
    found = trial.stages({"decoder 2, kernel 3": Form.TENSOR})
    assert found["encoder"] is stages["encoder"]
    assert found["flow"] is stages["flow"]
    operators = [node.op_type for node in found["decoder"].graph.node]
    assert operators.count("QLinearConv") == 6


def test_each_piece_is_timed_in_each_form(trial):
    times = trial.times()
    assert len(times) == 7
    busy = {group.piece for group in trial.groups.values()}
    for piece, found in enumerate(times):
        assert FP32 in found
        assert (Form.TENSOR in found) == (piece in busy)
        assert min(found.values()) > 0


def test_a_plan_has_a_gain(trial):
    assert 0.01 < trial.gain({"flow": Form.TENSOR}) < 100


def test_a_form_that_fails_or_gives_no_numbers_is_not_timed(trial, stages, monkeypatch):
    real = int8_trial.quantize

    def quantize(model, forms, grids):
        if Form.CHANNEL in forms.values():
            raise KeyError("scale")
        made = real(model, forms, grids)
        is_spoiled = Form.PRODUCT in forms.values()
        return edited(made, lambda _, weights: weights * np.float32("nan")) if is_spoiled else made

    monkeypatch.setattr(int8_trial, "quantize", quantize)
    assert all(set(found) <= {FP32, Form.TENSOR} for found in trial.times())
    with pytest.raises(HayakoeError, match="cannot be put in int8"):
        trial.alone("flow", Form.CHANNEL)
    with pytest.raises(HayakoeError):
        trial.together({"flow": Form.PRODUCT})


def test_a_stage_that_cannot_be_calibrated_stays_in_fp32(stages, monkeypatch, caplog):
    real = int8_trial.calibrate

    def calibrate(model, found, feeds, origin):
        if model is stages["flow"]:
            raise HayakoeError("a value is not finite")
        return real(model, found, feeds, origin)

    monkeypatch.setattr(int8_trial, "calibrate", calibrate)
    caplog.set_level(logging.DEBUG, "wyoming_hayakoe")
    found = trial_of(stages)
    assert "flow" not in found.groups
    assert found.groups
    assert "the flow cannot be calibrated and stays in fp32" in caplog.text


def test_a_group_is_heard_on_the_first_sentence_and_a_plan_on_all(stages, monkeypatch):
    lengths = []

    def compared(reference, other, rate):
        lengths.append(len(reference))
        return compare(reference, other, rate)

    monkeypatch.setattr(int8_trial, "compare", compared)
    found = trial_of(stages, held_out=2)
    found.alone("flow", Form.TENSOR)
    found.together({"flow": Form.TENSOR})
    assert lengths[0] < lengths[1]
