import dataclasses
from typing import get_type_hints

import numpy as np
import pytest

from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.utterance import (
    RANGES,
    Mora,
    ParamChanges,
    SynthesisParams,
    Utterance,
    Word,
)


def test_an_utterance_is_a_value() -> None:
    word = Word(
        "愛",
        "アイ",
        ("a", "i"),
        (Mora("ア", ("a",), high=True), Mora("イ", ("i",), high=False)),
        1,
        "dictionary",
    )
    utterance = Utterance("愛", ("_", "a", "i", "_"), (0, 1, 0, 0), (1, 2, 1), "愛", (word,))
    assert utterance.reading == "アイ"
    assert hash(utterance) == hash(dataclasses.replace(utterance))
    with pytest.raises(dataclasses.FrozenInstanceError):
        utterance.text = "恋"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"speed": 0}, "speed: 0 is not a number from 0.2 to 5"),
        ({"speed": float("nan")}, "speed: nan is not a number from 0.2 to 5"),
        ({"speed": "fast"}, "speed: 'fast' is not a number from 0.2 to 5"),
        ({"noise": -0.1}, "noise: -0.1 is not a number from 0 to 2"),
        ({"noise_w": float("inf")}, "noise_w: inf is not a number from 0 to 2"),
        ({"sdp_ratio": 2}, "sdp_ratio: 2 is not a number from 0 to 1"),
        ({"speed": [1, 2]}, "speed: [1, 2] is not a number from 0.2 to 5"),
        ({"pitch_scale": None}, "pitch_scale: None is not a number from 0.5 to 2"),
        ({"intonation_scale": 3}, "intonation_scale: 3 is not a number from 0 to 2"),
        ({"style_weight": -1}, "style_weight: -1 is not a number from 0 to 20"),
        ({"accent": 1}, "accent: 1 is not true or false"),
        ({"accent": None}, "accent: None is not true or false"),
        ({"seed": -1}, "seed: -1 is not a whole number from 0"),
        ({"seed": 0.5}, "seed: 0.5 is not a whole number from 0"),
        ({"speaker_id": None}, "speaker_id: None is not a whole number from 0"),
    ],
)
def test_parameters_out_of_range_are_refused_where_they_are_made(changes, words):
    with pytest.raises(UsageError) as error:
        SynthesisParams(**changes)
    assert str(error.value) == words
    with pytest.raises(UsageError, match=next(iter(changes))):
        dataclasses.replace(SynthesisParams(), **changes)


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("number", [float, np.float32, np.float64])
def test_both_ends_of_a_range_are_within_it(name, number):
    for end in map(number, RANGES[name]):
        assert getattr(SynthesisParams(**{name: end}), name) == end


def test_changes_are_the_fields_of_the_parameters():
    fields = {field.name: field.type for field in dataclasses.fields(SynthesisParams)}
    assert get_type_hints(ParamChanges) == fields
