"""Which characters of a text are another's: the longest common subsequence of the two."""

from collections.abc import Iterator
from typing import NamedTuple


class Replaced(NamedTuple):
    """A span of one text, and the span of another that stands in its place; one of them may be empty."""

    start: int
    end: int
    new_start: int
    new_end: int


def replaced(before: str, after: str) -> Iterator[Replaced]:
    """Yield the spans in which ``after`` differs from ``before``, in their order."""
    old = new = 0
    for kept_old, kept_new in [*_kept(before, after), (len(before), len(after))]:
        if kept_old > old or kept_new > new:
            yield Replaced(old, kept_old, new, kept_new)
        old, new = kept_old + 1, kept_new + 1


def _kept(before: str, after: str) -> list[tuple[int, int]]:
    """Return the indices in ``before`` and ``after`` of each character of a longest common subsequence.

    Source: Hyyrö, "Bit-parallel LCS-length computation revisited", 2004. One step for each character of ``after``,
    whatever the text: `difflib.SequenceMatcher` takes cubic time, 420 s for 5,000 characters of ・木.
    """
    places: dict[str, int] = {}
    for index, char in enumerate(before):
        places[char] = places.get(char, 0) | 1 << index
    # Bit i of a row is 0 where before[: i + 1] has one more character in common with after[: j + 1] than before[:i].
    rows = []
    row = every = (1 << len(before)) - 1
    for char in after:
        common = row & places.get(char, 0)
        row = (row + common | row - common) & every
        rows.append(row)
    kept = []
    old, new = len(before) - 1, len(after) - 1
    while old >= 0 and new >= 0:
        if rows[new] >> old & 1:
            old -= 1
        elif new > 0 and not rows[new - 1] >> old & 1:
            new -= 1
        else:
            kept.append((old, new))
            old, new = old - 1, new - 1
    return kept[::-1]
