from hypothesis import given
from hypothesis import strategies as st

from wyoming_hayakoe.text.alignment import replaced

LETTERS = st.text(alphabet="abc", max_size=12)


def common(one: str, other: str) -> int:
    """Return the length of the longest common subsequence, the slow way."""
    lengths = [0] * (len(other) + 1)
    for char in one:
        above = list(lengths)
        for index, against in enumerate(other):
            lengths[index + 1] = above[index] + 1 if char == against else max(above[index + 1], lengths[index])
    return lengths[-1]


def test_what_is_replaced() -> None:
    assert list(replaced("気温は5℃です(^_^)", "気温は5度です")) == [(4, 5, 4, 5), (7, 12, 7, 7)]
    assert list(replaced("", "あ")) == [(0, 0, 0, 1)]
    assert list(replaced("あ", "あ")) == []


@given(LETTERS, LETTERS)
def test_as_much_as_possible_is_kept_and_the_rest_replaced(before: str, after: str) -> None:
    made, position = "", 0
    kept = len(before)
    for start, end, new_start, new_end in replaced(before, after):
        assert start < end or new_start < new_end
        made += before[position:start] + after[new_start:new_end]
        position = end
        kept -= end - start
    assert made + before[position:] == after
    assert kept == common(before, after)
