import pytest

from wyoming_hayakoe.engine.jp_extra.parts import counts_with_blanks, with_blanks


@pytest.mark.parametrize(("ids", "expected"), [([], [0]), ([5], [0, 5, 0]), ([5, 6, 7], [0, 5, 0, 6, 0, 7, 0])])
def test_with_blanks(ids: list[int], expected: list[int]) -> None:
    assert with_blanks(ids) == expected


def test_another_blank() -> None:
    assert with_blanks([1, 2], blank=9) == [9, 1, 9, 2, 9]


@pytest.mark.parametrize(("counts", "expected"), [([], []), ([1], [3]), ([1, 2, 0, 1], [3, 4, 0, 2])])
def test_counts_with_blanks(counts: list[int], expected: list[int]) -> None:
    assert counts_with_blanks(counts) == expected
    assert not counts or sum(expected) == 2 * sum(counts) + 1
