"""The lean generator: the same sound, also in windows."""

import itertools

import numpy as np
import pytest
from onnx import ModelProto

from tests.engine.kokoro.published import AUDIO, ENERGY, F0, HARMONICS, TEXT, ratio, session
from wyoming_hayakoe.engine.kokoro.norms import lean, switchable, with_own_statistics
from wyoming_hayakoe.engine.kokoro.structure import NotKokoroError
from wyoming_hayakoe.engine.kokoro.synthesizer import OVERLAP


@pytest.fixture(scope="module")
def values(stages, feeds, in_fp32):
    """Inputs of the generator for the sentence."""
    melody = {"text": in_fp32[TEXT], "f0": in_fp32[F0], "energy": in_fp32[ENERGY], "style": feeds["style"]}
    latent = session(stages.blocks).run(["latent"], melody)[0]
    return {"latent": latent, "harmonics": in_fp32[HARMONICS], "style": feeds["style"]}


@pytest.fixture(scope="module")
def own(stages, values):
    """Sound and statistics of the sentence."""
    outputs = ["audio", "means", "squares"]
    return dict(zip(outputs, session(with_own_statistics(stages.generator)).run(outputs, values), strict=True))


@pytest.fixture(scope="module")
def generator(stages):
    return session(switchable(stages.generator))


def window(values, start, stop):
    """Inputs of the generator for points, with the overlap at both ends; and where the points are in its sound."""
    low, high = max(0, start - OVERLAP), min(values["latent"].shape[2], stop + OVERLAP)
    cut = {
        "latent": np.ascontiguousarray(values["latent"][:, :, low:high]),
        "harmonics": np.ascontiguousarray(values["harmonics"][:, :, 60 * low : 60 * high + 1]),
        "style": values["style"],
    }
    return cut, slice(300 * (start - low), 300 * (stop - low))


def test_the_whole_with_its_own_statistics_is_the_published_sound(own, in_fp32):
    assert ratio(in_fp32[AUDIO], own["audio"]) > 90


def test_statistics_are_means_of_values_and_of_their_squares(own):
    assert own["means"].shape == own["squares"].shape == (1, 8448, 1)
    assert (own["squares"] >= own["means"] ** 2).all()


def test_given_statistics_of_the_whole_give_the_same_sound(stages, values, own):
    given = {**values, "means": own["means"], "squares": own["squares"]}
    assert ratio(own["audio"], session(stages.generator).run(["audio"], given)[0]) > 90


def test_windows_with_the_statistics_of_the_whole_are_the_whole(generator, values, own):
    statistics = {"means": own["means"], "squares": own["squares"], "own": np.array(False)}
    count = values["latent"].shape[2]
    borders = [0, 20, 80, count]
    parts = []
    for start, stop in itertools.pairwise(borders):
        cut, kept = window(values, start, stop)
        parts.append(generator.run(["audio"], {**cut, **statistics})[0][kept])
    assert ratio(own["audio"], np.concatenate(parts)) > 85


def test_one_session_finds_its_own_statistics_as_well(generator, values, own):
    nothing = np.zeros((1, 8448, 1), dtype=np.float32)
    found = generator.run(["audio"], {**values, "means": nothing, "squares": nothing, "own": np.array(True)})[0]
    assert ratio(own["audio"], found) > 90


def test_the_window_alone_is_another_sound(generator, values, own):
    """So the statistics matter."""
    cut, kept = window(values, 0, 20)
    nothing = np.zeros((1, 8448, 1), dtype=np.float32)
    found = generator.run(["audio"], {**cut, "means": nothing, "squares": nothing, "own": np.array(True)})[0]
    assert ratio(own["audio"][: 20 * 300], found[kept]) < 40


@pytest.mark.parametrize(("stage", "reason"), [("blocks", "behind"), ("source", "constants"), ("generator", "norms")])
def test_a_graph_without_such_norms_is_refused_with_the_reason(stages, stage, reason):
    copy = ModelProto()
    copy.CopyFrom(stages.graphs[stage])
    with pytest.raises(NotKokoroError, match=reason):
        lean(copy)
