"""Grids of 256 values, channel by channel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from wyoming_hayakoe.engine.prepare.calibrate import Statistics
from wyoming_hayakoe.engine.prepare.grids import LEVELS, Grid, Grids, Integers, Rectifier

UNSIGNED = Integers(signed=False, greatest_weight=127)


def statistics_of(points):
    points = points.astype(np.float32)
    return Statistics(points.min(axis=1), points.max(axis=1), points)


def grids_of(points, *, slope=None, weights=None):
    """Return the grids of a graph: a convolution makes ``y``, and another takes it, behind a rectifier with a slope."""
    channels = len(points)
    if weights is None:
        weights = np.random.default_rng(0).standard_normal((4, channels, 3)).astype(np.float32)
    nodes = [helper.make_node("Conv", ["x", "w0"], ["y"])]
    if slope is not None:
        nodes.append(helper.make_node("LeakyRelu", ["y"], ["r"], alpha=slope))
    nodes.append(helper.make_node("Conv", ["y" if slope is None else "r", "w1"], ["z"]))
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "stage",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, channels, None])],
            [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 4, None])],
            [
                numpy_helper.from_array(np.ones((channels, channels, 1), dtype=np.float32), "w0"),
                numpy_helper.from_array(weights, "w1"),
            ],
        )
    )
    return Grids(model, {"y": statistics_of(points), "z": statistics_of(points)}, UNSIGNED)


def held(points, grid):
    zero = np.broadcast_to(grid.zero, len(points))[:, None]
    steps = grid.steps[:, None]
    return (np.clip(np.rint(points / steps) + zero, 0, LEVELS) - zero) * steps


def unlike_channels(seed=0, channels=16):
    """Return points whose channels differ in range by a hundred."""
    random = np.random.default_rng(seed)
    return random.standard_normal((channels, 300)) * np.geomspace(0.05, 5, channels)[:, None]


@given(st.integers(0, 10_000), st.sampled_from(["both", "positive", "negative", "silent"]))
@settings(max_examples=30, deadline=None)
def test_a_grid_has_a_zero_and_holds_the_values_that_are_in_its_range(seed, kind):
    points = np.random.default_rng(seed).standard_normal((4, 60)).astype(np.float32)
    points = {"both": points, "positive": abs(points), "negative": -abs(points), "silent": 0 * points}[kind]
    grids = grids_of(points)
    for grid in (grids.taken("y"), grids.made("y", per_channel=True), grids.made("y", per_channel=False)):
        zero = np.broadcast_to(grid.zero, 4)[:, None]
        assert (grid.steps > 0).all()
        assert ((zero >= 0) & (zero <= LEVELS)).all()
        inside = (points / grid.steps[:, None] >= -zero) & (points / grid.steps[:, None] <= LEVELS - zero)
        errors = abs(held(points, grid) - points)
        assert (errors <= 0.501 * grid.steps[:, None])[inside].all()
        assert np.mean(inside) > 0.8


def test_channels_of_unlike_ranges_get_steps_of_their_own():
    points = unlike_channels()
    grid = grids_of(points).taken("y")
    assert grid.steps[-1] > 5 * grid.steps[0]
    assert isinstance(grid.zero, int)
    one_step = Grid(np.full(16, 2 * abs(points).max() / LEVELS, dtype=np.float32), 128)
    noise, noise_in_one = (np.square(held(points, each) - points).mean(axis=1) for each in (grid, one_step))
    assert noise[:8].sum() < noise_in_one[:8].sum() / 4


def test_a_channel_that_weighs_nothing_does_not_widen_the_others_grid():
    points = unlike_channels()
    weights = np.ones((4, 16, 3), dtype=np.float32)
    weights[:, -1] = 1e-6
    with_loud = grids_of(points, weights=weights).taken("y")
    assert np.square(held(points, with_loud) - points)[:15].mean() < np.square(points[:15]).mean() / 1e4


def test_an_output_has_one_step_or_one_for_each_channel():
    grids = grids_of(unlike_channels())
    one, each = grids.made("y", per_channel=False), grids.made("y", per_channel=True)
    assert len(set(one.steps)) == 1
    assert isinstance(one.zero, int)
    assert each.zero.shape == (16,)
    assert (each.steps[1:] > 0.8 * each.steps[:-1]).all()
    assert each.steps[-1] > 50 * each.steps[0]


@given(st.integers(1, LEVELS - 1), st.sampled_from([0.0, 0.01, 0.1, 0.3]))
@settings(deadline=None)
def test_the_grid_behind_a_rectifier_holds_all_that_it_makes(zero, slope):
    before = Grid(np.array([0.5, 2.0], dtype=np.float32), zero)
    rectifier = Rectifier(slope)
    after = rectifier.grid(before)
    values = (np.arange(LEVELS + 1) - zero) * before.steps[:, None]
    rectified = rectifier.of(values)
    assert abs(held(rectified, after) - rectified).max() <= 0.51 * after.steps.max()
    assert (after.steps <= before.steps * 1.02).all()
    assert 0 <= after.zero <= LEVELS


def test_before_a_rectifier_a_grid_is_finer_since_it_may_clip_negative_values():
    points = np.random.default_rng(0).standard_normal((4, 300)).astype(np.float32)
    points = np.where(points < 0, 3 * points, points)
    before, plain = grids_of(points, slope=0.0).rectified("y"), grids_of(points).taken("y")
    assert (before.steps < 0.9 * plain.steps).all()
    rectifier = Rectifier(0.0)
    assert abs(rectifier.of(held(points, before)) - rectifier.of(points)).max() < 0.35 * points.max()


def test_grids_are_chosen_once():
    grids = grids_of(unlike_channels())
    assert grids.taken("y") is grids.taken("y")
    assert grids.made("y", per_channel=True) is not grids.made("y", per_channel=False)


@pytest.mark.parametrize(("signed", "least", "greatest"), [(False, 0, 255), (True, -128, 127)])
def test_places_are_counted_as_the_machine_counts(signed, least, greatest):
    places = Integers(signed=signed, greatest_weight=127).place([0, 255])
    assert places.tolist() == [least, greatest]
    assert places.dtype == (np.int8 if signed else np.uint8)
