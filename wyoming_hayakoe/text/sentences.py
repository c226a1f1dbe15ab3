"""Cuts text into sentences: the whole at once, or as it arrives.

A sentence ends at ``。！？!?`` or a newline. Repeated marks and closing brackets stay with their sentence, and one
over 200 characters is cut at its last 、 or space. The pieces joined are the text, to the letter, and how the text was
cut into chunks on its way here changes nothing.
"""

from collections.abc import Iterator

LIMIT = 200
"""Characters after which a sentence is cut."""

TAIL_LIMIT = 20
"""Repeated marks and closing brackets that a sentence keeps at its end, at most."""

_MARKS = frozenset("。｡！？!?‼⁇⁈⁉")
_CLOSERS = frozenset("」』）)］]｝}〉》】〕〗〙»”’\"'｣")
_COMMAS = frozenset("、，､")


def split(text: str) -> list[str]:
    """Return the sentences of ``text``."""
    splitter = SentenceSplitter()
    return [*splitter.feed(text), *splitter.flush()]


class SentenceSplitter:
    """Splits text that arrives in chunks, and holds no more than the sentence that is not finished yet."""

    def __init__(self) -> None:
        self._pending = ""

    @property
    def sentence_is_complete(self) -> bool:
        """True if what is held ends like a sentence, and only a further mark or bracket could still belong to it."""
        return self._pending[-1:] in _MARKS or _ends_in_bracket_after_mark(self._pending)

    def feed(self, text: str) -> list[str]:
        """Take a chunk and return the sentences that are certain by now."""
        return self._take(text, at_end=False)

    def flush(self) -> list[str]:
        """Return what is left: the text ends here, or pauses long enough."""
        return self._take("", at_end=True)

    def _take(self, text: str, *, at_end: bool) -> list[str]:
        sentences = list(_cut(self._pending + text, at_end=at_end))
        self._pending = sentences.pop()
        return sentences


def _cut(text: str, *, at_end: bool) -> Iterator[str]:
    """Yield each sentence of ``text``, and at last what is not one yet ('' where nothing is)."""
    start = 0
    while (end := _sentence_end(text, start, at_end=at_end)) is not None:
        yield text[start:end]
        start = end
    if at_end and start < len(text):
        yield text[start:]
        start = len(text)
    yield text[start:]


def _sentence_end(text: str, start: int, *, at_end: bool) -> int | None:
    """Return the index behind the sentence that begins at ``start``, or None if that depends on more text."""
    stop = min(len(text), start + LIMIT)
    index = start
    while index < stop:
        character = text[index]
        index += 1
        if character == "\n":
            return index
        if character in _MARKS:
            tail = _tail_end(text, index)
            if tail == len(text) and tail < index + TAIL_LIMIT and not at_end:
                return None
            if not _is_inside_word(text, index, tail):
                return tail
    if len(text) > start + LIMIT:
        return _last_comma_or_space(text, start, stop)
    return None


def _tail_end(text: str, index: int) -> int:
    """Return the index behind the marks and closing brackets that follow ``index``."""
    stop = min(len(text), index + TAIL_LIMIT)
    while index < stop and (text[index] in _MARKS or text[index] in _CLOSERS):
        index += 1
    return index


def _is_inside_word(text: str, index: int, tail: int) -> bool:
    """Whether an ASCII mark belongs to an address or a name (``?q=1``, ``Yahoo!JAPAN``) and ends no sentence."""
    return (
        tail == index
        and index < len(text)
        and text[index - 1] in "!?"
        and text[index].isascii()
        and not text[index].isspace()
    )


def _last_comma_or_space(text: str, start: int, stop: int) -> int:
    for index in range(stop - 1, start, -1):
        if text[index] in _COMMAS or text[index].isspace():
            return index + 1
    return stop


def _ends_in_bracket_after_mark(text: str) -> bool:
    stripped = text.rstrip("".join(_CLOSERS))
    return stripped != text and stripped[-1:] in _MARKS
