"""SSML → text, and the places where the manner of speech changes, as it arrives.

SSML 1.1 with the common values of say-as, HTML's ``ruby``, and ``x-kana`` as a phonetic alphabet. What is unknown is
spoken as if its tags were not there, and what is malformed as text: no text is refused.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from wyoming_hayakoe.text import say_as
from wyoming_hayakoe.text.annotations import annotated, parse
from wyoming_hayakoe.text.markup import Markup, Tag
from wyoming_hayakoe.text.passage import LONGEST_REST, PLAIN, Manner, Turn
from wyoming_hayakoe.text.prosody import EMPHASIS, REFUSED, STRENGTHS, factor, seconds

_DEEPEST = 32
"""Elements inside each other; the tags of deeper ones have no effect."""

_LONGEST = 400
"""Characters of text that an element replaces; a longer one is spoken as it is."""

_PARAGRAPH_REST = 0.8
_PHONETIC = frozenset({"x-kana", "x-kana-accent", "kana", "yomi", "x-amazon-pron-kana", "x-amazon-yomigana"})
_ENDS_SENTENCE = frozenset({"p", "paragraph", "s", "sentence", "speak"})
_VOID = frozenset({"break", "mark", "br", "lexicon", "lookup", "meta"})
_SILENT = frozenset({"rp", "desc", "metadata", "think", "thinking", "thought", "reasoning"})

Piece = str | Turn
"""Text, or a turn in it."""


@dataclass(slots=True)
class _Element:
    name: str
    outer: Manner
    """The manner to which its end returns."""

    replaces: Callable[[str], str] | None = None
    """What is spoken instead of its text; None where that is spoken as it comes."""

    text: str = ""
    """Its text so far, where something is spoken instead."""

    readings: list[str] = field(default_factory=list)
    """Of a ruby: its readings so far."""


class SsmlText:
    """Reads SSML that arrives in chunks; how it is cut into chunks changes nothing."""

    def __init__(self) -> None:
        self._markup = Markup()
        self._open: list[_Element] = []
        self._manner = PLAIN

    def take(self, chunk: str) -> list[Piece]:
        """Return what is certain once ``chunk`` has arrived."""
        return list(self._pieces(self._markup.take(chunk)))

    def rest(self) -> list[Piece]:
        """Return what is left at the end of the text; open elements end there."""
        pieces = list(self._pieces(self._markup.rest()))
        while self._open:
            pieces += self._end(self._open.pop())
        return pieces

    def _pieces(self, items: Iterator[str | Tag]) -> Iterator[Piece]:
        for item in items:
            if isinstance(item, str):
                yield from self._spoken(item)
            elif item.closes:
                yield from self._close(item.name)
            else:
                yield from self._begin(item)
                if item.is_empty and item.name not in _VOID:
                    yield from self._close(item.name)

    def _spoken(self, text: str) -> Iterator[Piece]:
        """Yield text, or keep it for the innermost element that replaces its own."""
        element = next((each for each in reversed(self._open) if each.replaces is not None), None)
        if element is None:
            if text:
                yield text
            return
        if element.name in _SILENT:
            return
        element.text += text
        if len(element.text) > _LONGEST:
            text, element.text, element.replaces = element.text, "", None
            yield from self._spoken(text)

    def _begin(self, tag: Tag) -> Iterator[Piece]:
        if tag.name in _VOID:
            if tag.name == "break" and not self._is_replacing and (rest := _rest(tag.attributes)) is not None:
                yield Turn(self._manner, rest)
            return
        if len(self._open) >= _DEEPEST:
            return
        element = _Element(tag.name, self._manner, _replacement(tag))
        self._open.append(element)
        if tag.name == "ruby":
            element.replaces = lambda base: _ruby(base, element.readings)
        elif tag.name == "rt" and any(each.name == "ruby" for each in self._open):
            element.replaces = self._take_reading
        elif not self._is_replacing:
            yield from self._change(_manner(tag, self._manner))
            yield from _edge(tag.name, self._manner)

    def _close(self, name: str) -> Iterator[Piece]:
        """End the innermost element of this name, and those inside it; an end without a beginning is nothing."""
        if not any(element.name == name for element in self._open):
            return
        while True:
            element = self._open.pop()
            yield from self._end(element)
            if element.name == name:
                return

    def _end(self, element: _Element) -> Iterator[Piece]:
        if element.replaces is not None:
            yield from self._spoken(element.replaces(element.text))
        elif not self._is_replacing:
            yield from _edge(element.name, element.outer)
            yield from self._change(element.outer)

    def _change(self, manner: Manner) -> Iterator[Piece]:
        if manner != self._manner:
            self._manner = manner
            yield Turn(manner)

    @property
    def _is_replacing(self) -> bool:
        return any(element.replaces is not None for element in self._open)

    def _take_reading(self, reading: str) -> str:
        ruby = next((element for element in reversed(self._open) if element.name == "ruby"), None)
        if ruby is not None:
            ruby.readings.append(reading)
        return ""


def _replacement(tag: Tag) -> Callable[[str], str] | None:
    """Return what is spoken for an element instead of its text; None where that itself is spoken."""
    given = tag.attributes
    match tag.name:
        case "sub" if given.get("alias", "").strip():
            alias = given["alias"][:_LONGEST]
            return lambda _: alias
        case "phoneme" if given.get("alphabet", "x-kana").lower() in _PHONETIC:
            reading = parse(given.get("ph", ""), flat=True)
            return (lambda base: annotated(base, reading)) if reading is not None else None
        case "say-as":
            kind = given.get("interpret-as", "").lower()
            return say_as.reader(kind, given.get("format", "").lower())
        case name if name in _SILENT:
            return lambda _: ""
    return None


def _ruby(base: str, readings: list[str]) -> str:
    reading = parse("".join(readings))
    return annotated(base, reading) if reading is not None else base


def _rest(given: Mapping[str, str]) -> float | None:
    """Return the seconds of a break; None for no rest at all."""
    if (rest := seconds(given.get("time", ""))) is not None:
        return min(rest, LONGEST_REST)
    return STRENGTHS.get(given.get("strength", "medium").lower(), STRENGTHS["medium"])


def _edge(name: str, manner: Manner) -> Iterator[Piece]:
    """Yield the end of a sentence where a paragraph or a sentence begins or ends, so that two are not read as one."""
    if name in _ENDS_SENTENCE:
        yield "\n"
    if name in {"p", "paragraph"}:
        yield Turn(manner, _PARAGRAPH_REST, is_between=True)


def _manner(tag: Tag, outer: Manner) -> Manner:
    """Return the manner inside an element; values that are none have no effect."""
    given = tag.attributes
    match tag.name:
        case "prosody":
            return outer.times(
                rate=factor("rate", given.get("rate", "")),
                pitch=factor("pitch", given.get("pitch", "")),
                intonation=factor("range", given.get("range", "")),
                volume=factor("volume", given.get("volume", "")),
            )
        case "emphasis":
            rate, intonation, volume = EMPHASIS.get(given.get("level", "moderate").lower(), EMPHASIS["moderate"])
            return outer.times(rate=rate, intonation=intonation, volume=volume)
        case "voice" if name := given.get("name", "").strip():
            return replace(outer, voice=name) if len(name) <= REFUSED else outer
    return outer
