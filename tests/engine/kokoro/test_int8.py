"""Kokoro's convolutions in integers, by the ranges that are shipped."""

import numpy as np
import pytest

from tests.engine.kokoro.published import AUDIO, ENERGY, F0, HARMONICS, TEXT, session
from wyoming_hayakoe.engine.kokoro import fitted
from wyoming_hayakoe.engine.kokoro.int8 import STAGES, Ranges, convolutions, quantized
from wyoming_hayakoe.engine.kokoro.norms import with_own_statistics
from wyoming_hayakoe.engine.kokoro.voice_files import BUILT_IN
from wyoming_hayakoe.engine.prepare.calibrate import Statistics
from wyoming_hayakoe.engine.prepare.grids import Integers
from wyoming_hayakoe.engine.prepare.quality import compare, refusal
from wyoming_hayakoe.engine.prepare.quantize import Form
from wyoming_hayakoe.errors import HayakoeError

VOICE = "jf_alpha"
PROCESSORS = {
    "x86 with VNNI": Integers(signed=False, greatest_weight=127),
    "x86 without": Integers(signed=False, greatest_weight=63),
    "ARM64": Integers(signed=True, greatest_weight=127),
}


@pytest.fixture(scope="module")
def found():
    return fitted.arrays(VOICE)


@pytest.fixture(scope="module")
def values(stages, feeds, in_fp32):
    """What the stages take for the sentence."""
    melody = {"text": in_fp32[TEXT], "f0": in_fp32[F0], "energy": in_fp32[ENERGY], "style": feeds["style"]}
    latent = session(stages.blocks).run(["latent"], melody)[0]
    return melody, {"latent": latent, "harmonics": in_fp32[HARMONICS], "style": feeds["style"]}


def test_the_work_is_in_convolutions_that_are_fit(stages):
    kept = {stage: len(convolutions(getattr(stages, stage))) for stage in STAGES}
    assert kept == {"blocks": 16, "generator": 48}


@pytest.mark.parametrize("name", PROCESSORS)
def test_the_generator_passes_the_gate_with_the_integers_of_each_processor(name, stages, found, values, in_fp32):
    model = quantized("generator", stages.generator, found, PROCESSORS[name])
    [audio] = session(with_own_statistics(model)).run(["audio"], values[1])
    assert refusal(compare(in_fp32[AUDIO].ravel(), audio.ravel(), 24_000)) is None


def test_both_stages_together_pass_the_gate(stages, found, values, in_fp32):
    models = {stage: quantized(stage, getattr(stages, stage), found) for stage in STAGES}
    [latent] = session(models["blocks"]).run(["latent"], values[0])
    whole = session(with_own_statistics(models["generator"]))
    [audio] = whole.run(["audio"], {**values[1], "latent": latent})
    assert refusal(compare(in_fp32[AUDIO].ravel(), audio.ravel(), 24_000)) is None


@pytest.mark.parametrize("voice", sorted(BUILT_IN.values()))
def test_the_plan_of_each_voice_fits_the_published_graph(voice, stages):
    plans = Ranges.of_voice(voice)
    assert set(plans) == set(STAGES)
    for stage, ranges in plans.items():
        graph = getattr(stages, stage)
        model = quantized(stage, graph, fitted.arrays(voice), PROCESSORS["x86 with VNNI"])
        integers = [node for node in model.graph.node if node.op_type == "QLinearConv"]
        left = convolutions(model)
        assert len(integers) == len(ranges.forms)
        assert len(integers) + len(left) == len(convolutions(graph))
        assert len(left) <= 3


def test_other_stages_and_other_graphs_stay_as_they_are(stages, found):
    assert quantized("source", stages.source, found) is None
    assert quantized("generator", stages.blocks, found) is None
    assert quantized("generator", stages.generator, {}) is None


def test_ranges_for_other_channels_are_not_taken(stages, found):
    ranges = Ranges.unpacked("generator", found)
    output = next(iter(ranges.forms))
    few = {**ranges.made, output: Statistics(*(np.zeros(shape, np.float32) for shape in (8, 8, (8, 0))))}
    packed = Ranges(ranges.forms, ranges.taken, few).packed("generator")
    assert quantized("generator", stages.generator, packed) is None


def test_a_voice_that_was_not_fitted_has_no_ranges():
    assert Ranges.of_voice("af_heart") == {}


def test_what_is_packed_is_nearly_the_same_unpacked():
    random = np.random.default_rng(0)
    points = random.standard_normal((5, 7), dtype=np.float32)
    taken = {"a": Statistics(points.min(axis=1), points.max(axis=1), points)}
    made = {"a": Statistics(points.min(axis=1)[:3], points.max(axis=1)[:3], points[:3, :0])}
    packed = Ranges({"a": Form.CHANNEL}, taken, made).packed("generator")
    found = Ranges.unpacked("generator", packed)
    assert found.forms == {"a": Form.CHANNEL}
    np.testing.assert_allclose(found.taken["a"].points, points, atol=0.02)
    np.testing.assert_allclose(found.made["a"].high, made["a"].high, rtol=1e-3)
    assert found.made["a"].points.shape == (3, 0)


@pytest.mark.parametrize("change", ["generator/forms", "generator/taken/channels", "blocks/made/low"])
def test_a_file_of_another_version_is_an_error(change, found, tmp_path):
    np.savez(tmp_path / f"{VOICE}.npz", **{**found, change: found[change][1:]})
    with pytest.raises(HayakoeError, match="of another version: install wyoming-hayakoe again"):
        Ranges.of_voice(VOICE, tmp_path)
