"""Which stage wrote which characters, found by comparing a text before and after it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from wyoming_hayakoe.text import characters
from wyoming_hayakoe.text.alignment import replaced
from wyoming_hayakoe.text.annotations import GivenReading
from wyoming_hayakoe.text.phonemes import MARK, UNREAD, USER_DICTIONARY
from wyoming_hayakoe.utterance import Word


@dataclass(frozen=True, slots=True)
class Traced:
    """A text and where its characters come from."""

    text: str
    """The text."""

    origins: tuple[str | None, ...] = ()
    """Per character the stage that wrote it, None for the user's own; empty if no stage has touched it."""

    given: GivenReading | None = None
    """How the text says that it is to be read; None where it does not say."""

    def origin(self, start: int, end: int) -> str | None:
        """Name a stage that wrote into a span, if any did."""
        return next((origin for origin in self.origins[start:end] if origin is not None), None)


def rewritten(before: Traced, after: str, stage: str | None) -> Traced:
    """Trace a text through a stage; ``stage`` None changes spelling only, so characters keep their origin."""
    if before.text == after:
        return before
    kept = before.origins or (None,) * len(before.text)
    origins: list[str | None] = []
    position = 0
    for start, end, new_start, new_end in replaced(before.text, after):
        origin = stage if stage is not None else before.origin(start, end)
        origins += [*kept[position:start], *[origin] * (new_end - new_start)]
        position = end
    return Traced(after, (*origins, *kept[position:]))


def attribute(words: Sequence[Word], parts: Sequence[Traced]) -> Iterator[Word]:
    """Name as the source of each word the stage that wrote it; the user's words keep theirs."""
    whole = Traced(
        "".join(part.text for part in parts),
        tuple(origin for part in parts for origin in (part.origins or (None,) * len(part.text))),
    )
    surfaces = "".join(word.surface for word in words)
    # Digits are kanji in the words, so they are compared as such; one character each, so positions hold.
    spelled = "".join((characters.tokens(char) or " ")[0] for char in whole.text)
    aligned = rewritten(Traced(spelled, whole.origins), surfaces, None)
    return _attributed(words, aligned)


def _attributed(words: Sequence[Word], aligned: Traced) -> Iterator[Word]:
    start = 0
    for word in words:
        end = start + len(word.surface)
        stage = None if word.source in {USER_DICTIONARY, MARK, UNREAD} else aligned.origin(start, end)
        yield replace(word, source=stage) if stage is not None else word
        start = end
