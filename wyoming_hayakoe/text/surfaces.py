"""The user's words in a text: found in time that grows with the text alone, however many words there are."""

from collections.abc import Iterable, Iterator

_HALF_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20}


class Surfaces:
    """A set of surfaces, to be found in texts."""

    def __init__(self, surfaces: Iterable[str] = ()) -> None:
        """Index ``surfaces``, none of them empty, in NFKC."""
        self._surfaces = frozenset(surfaces)
        lengths: dict[str, set[int]] = {}
        for surface in self._surfaces:
            lengths.setdefault(surface[0], set()).add(len(surface))
        # By first character: at each character of a text, 20,000 words cost as many look-ups as they have lengths.
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self._surfaces)

    def are_in(self, text: str) -> bool:
        """Return whether a text holds one of them, perhaps inside a longer word."""
        return any(True for start in range(len(text)) for _ in self._ends(text, start))

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield start and end of each, the longest first, in either width, never inside a longer Latin word."""
        narrow = text.translate(_HALF_WIDTH)
        start = 0
        while start < len(narrow):
            end = next((end for end in self._ends(narrow, start) if _stands_alone(narrow, start, end)), None)
            if end is not None:
                yield start, end
            start = end or start + 1

    def _ends(self, text: str, start: int) -> Iterator[int]:
        for length in self._lengths.get(text[start], ()):
            end = start + length
            if end <= len(text) and text[start:end] in self._surfaces:
                yield end


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Return False where a letter follows a letter, or a digit a digit, at either edge."""
    return not (
        (start > 0 and _are_one_word(text[start - 1], text[start]))
        or (end < len(text) and _are_one_word(text[end - 1], text[end]))
    )


def _are_one_word(left: str, right: str) -> bool:
    return left.isascii() and right.isascii() and ((left.isalpha() and right.isalpha()) or (left + right).isdigit())
