"""Cuts text into sentences: the whole at once, or as it arrives.

A sentence ends at ``。！？!?…．``, at a full stop and a blank behind a word (`stops` knows the exceptions), or at a
newline. Repeated marks and closing brackets stay with their sentence, and one over 200 characters is cut at its last 、
or space. The pieces joined are the text, to the letter, and how the text was
cut into chunks on its way here changes nothing.
"""

from collections.abc import Iterator

from wyoming_hayakoe.text import stops

LIMIT = 200
"""Characters after which a sentence is cut."""

TAIL_LIMIT = 20
"""Repeated marks and closing brackets that a sentence keeps at its end, at most."""

_MARKS = frozenset("。｡！？!?‼⁇⁈⁉…‥")
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
        text = self._pending.rstrip("".join(_CLOSERS))
        if text[-1:] in stops.STOPS:
            return text[-2:-1] in stops.STOPS or stops.can_end(text, 0, len(text))
        if text[-1:] in stops.ELLIPSES:
            return any(character.isalnum() for character in text)
        return text[-1:] in _MARKS

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
    has_words = False
    while index < stop:
        character = text[index]
        index += 1
        if character == "\n":
            return index
        if character in _MARKS or character in stops.STOPS:
            tail = _tail_end(text, index)
            goes_on = _goes_on(text, start, index, tail, has_words=has_words, at_end=at_end)
            if goes_on is None:
                return None
            if not goes_on:
                return tail
            index = max(index, tail if character in stops.ELLIPSES else index)
        has_words = has_words or character.isalnum()
    if len(text) > start + LIMIT:
        return _last_comma_or_space(text, start, stop)
    return None


def _goes_on(text: str, start: int, index: int, tail: int, *, has_words: bool, at_end: bool) -> bool | None:
    """Return whether the mark before ``index`` ends no sentence; None if that depends on more text.

    What is looked at ends TAIL_LIMIT behind the mark, so that the answer never depends on how the text came.
    """
    window = index + TAIL_LIMIT
    is_all = at_end or window <= len(text)
    rest = text[tail:window]
    mark = text[index - 1]
    is_ellipsis = mark in stops.ELLIPSES or text[index - 1 : index + 1] == ".."
    if mark in stops.STOPS and not is_ellipsis:
        can_end = stops.can_end(text, start, index)
        return stops.goes_on_after_stop(text, start, index, rest, is_all=is_all) if can_end else True
    if is_ellipsis and not has_words:
        return True
    if not rest and not is_all:
        return None
    if is_ellipsis:
        return stops.goes_on_after_ellipsis(text[max(start, index - 2)], rest)
    return _is_inside_word(text, index, tail) or stops.goes_on_after_mark(text, start, tail, rest, is_all=is_all)


def _tail_end(text: str, index: int) -> int:
    """Return the index behind the marks and closing brackets that follow ``index``."""
    stop = min(len(text), index + TAIL_LIMIT)
    repeated = _MARKS | stops.STOPS if text[index - 1] in stops.STOPS else _MARKS
    while index < stop and (text[index] in repeated or text[index] in _CLOSERS):
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
