import dataclasses

import pytest

from wyoming_hayakoe.utterance import Mora, Utterance, Word, counts_with_blanks, with_blanks


@pytest.mark.parametrize(("ids", "expected"), [([], [0]), ([5], [0, 5, 0]), ([5, 6, 7], [0, 5, 0, 6, 0, 7, 0])])
def test_with_blanks(ids: list[int], expected: list[int]) -> None:
    assert with_blanks(ids) == expected


def test_another_blank() -> None:
    assert with_blanks([1, 2], blank=9) == [9, 1, 9, 2, 9]


@pytest.mark.parametrize(("counts", "expected"), [([], []), ([1], [3]), ([1, 2, 0, 1], [3, 4, 0, 2])])
def test_counts_with_blanks(counts: list[int], expected: list[int]) -> None:
    assert counts_with_blanks(counts) == expected
    assert not counts or sum(expected) == 2 * sum(counts) + 1


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
