"""The tables of a Kokoro voice's stages on a board."""

import numpy as np
import pytest

from script.arm64 import kokoro
from script.arm64.kokoro import Call, Count
from script.arm64.stages import likeness

CALLS = [
    Call("prosody", {"tokens": np.zeros((1, 20))}),
    Call("generator", {"latent": np.zeros((1, 512, 28)), "style": np.zeros((1, 256))}),
    Call("generator", {"latent": np.zeros((1, 512, 60))}),
]
COUNTS = [
    {"fp32": Count(100_000_000, 120)},
    {"fp32": Count(400_000_000, 110), "int8": Count(300_000_000, 40)},
    {"fp32": Count(800_000_000, 110), "int8": Count(500_000_000, 40)},
]


def test_each_run_has_its_width_and_its_counts_for_a_second_of_sound():
    head, *found = kokoro.rows(CALLS, COUNTS, 2.0)
    assert head == ["stage", "points", "fp32", "int8", "to here in dB"]
    assert found[:3] == [
        ["prosody", "20", "50", "", "120"],
        ["generator", "28", "200", "150", "110 / 40"],
        ["generator", "60", "400", "250", "110 / 40"],
    ]
    assert found[3:] == [
        ["all in fp32", "", "650", "", ""],
        ["all in int8", "", "", "450", ""],
        ["all, each stage in its best form", "", "", "450", ""],
    ]


def test_a_stage_is_in_the_form_that_takes_fewest_in_all_of_its_runs():
    slow = [COUNTS[0], {"fp32": Count(400_000_000, 1), "int8": Count(900_000_000, 1)}, COUNTS[2]]
    assert kokoro.total(slow, CALLS, 1.0) == 1_300_000_000


def test_sounds_are_alike_by_their_difference():
    sound = np.sin(np.arange(100)).astype(np.float32)
    assert likeness(1.1 * sound, sound) == pytest.approx(20, abs=0.01)
    assert likeness(sound, sound) >= 300
