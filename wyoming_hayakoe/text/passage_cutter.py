"""Cuts a text, or SSML, into the passages that are spoken one after another, as it arrives."""

from wyoming_hayakoe.text.audible import AudibleText, Code
from wyoming_hayakoe.text.passage import LONGEST_REST, PLAIN, Passage, Turn
from wyoming_hayakoe.text.sentences import SentenceSplitter
from wyoming_hayakoe.text.ssml import Piece, SsmlText

_SENTENCE_ENDS = frozenset("。｡．.！？!?‼⁇⁈⁉…\n")
_CLOSERS = "」』）)］]｝}〉》】〕〗〙»”’\"'｣ 　"


class PassageCutter:
    """Cuts text that arrives in chunks; how it is cut into chunks changes nothing."""

    def __init__(self, *, ssml: bool = False, code: Code = "announce") -> None:
        """Cut SSML or plain text; ``code`` says what is spoken for blocks of code in plain text."""
        self._ssml = SsmlText() if ssml else None
        self._audible = AudibleText(code)
        self._splitter = SentenceSplitter()
        self._manner = PLAIN
        self._rest: float | None = None
        self._gap: float | None = None
        self._has_spoken = False
        self._is_in_sentence = False

    @property
    def sentence_is_complete(self) -> bool:
        """True if what is held ends like a sentence, and only a further mark or bracket could still belong to it."""
        return self._splitter.sentence_is_complete

    def feed(self, text: str) -> list[Passage]:
        """Take a chunk and return the passages that are certain by now; none is blank."""
        return self._passages(self._ssml.take(text) if self._ssml else [self._audible.take(text)])

    def pause(self) -> list[Passage]:
        """Return what is held: the text pauses long enough."""
        return self._spoken(self._splitter.flush())

    def end(self) -> list[Passage]:
        """Return what is left at the end of the text, and the rest there."""
        passages = self._passages(self._ssml.rest() if self._ssml else [self._audible.rest()])
        passages += self._spoken(self._splitter.flush())
        if self._rest:
            passages.append(Passage("", self._manner, self._rest))
            self._rest = None
        return passages

    def _passages(self, pieces: list[Piece]) -> list[Passage]:
        passages: list[Passage] = []
        for piece in pieces:
            if isinstance(piece, str):
                passages += self._spoken(self._splitter.feed(piece))
            else:
                passages += self._turn(piece)
        return passages

    def _turn(self, turn: Turn) -> list[Passage]:
        """End what is held, in the manner that it has; a turn inside a sentence brings no rest of its own."""
        passages = self._spoken(self._splitter.flush())
        self._manner = turn.manner
        if turn.is_between:
            self._gap = max(self._gap or 0.0, turn.rest or 0.0) if self._has_spoken else None
        elif turn.rest is not None:
            self._rest = min((self._rest or 0.0) + turn.rest, LONGEST_REST)
        elif self._is_in_sentence and self._rest is None:
            self._rest = 0.0
        return passages

    def _spoken(self, sentences: list[str]) -> list[Passage]:
        passages = []
        for sentence in sentences:
            # Blank ones would take a turn on the lane for nothing.
            if not sentence or sentence.isspace():
                self._is_in_sentence = self._is_in_sentence and "\n" not in sentence
                continue
            is_paragraph = self._rest is None and self._gap is not None
            rest = self._gap if is_paragraph else self._rest
            passages.append(Passage(sentence, self._manner, rest, is_paragraph=is_paragraph))
            self._rest = self._gap = None
            self._has_spoken = True
            self._is_in_sentence = sentence.rstrip(_CLOSERS)[-1:] not in _SENTENCE_ENDS
        return passages


def cut(text: str, *, ssml: bool = False, code: Code = "announce") -> list[Passage]:
    """Return the passages of a whole text."""
    cutter = PassageCutter(ssml=ssml, code=code)
    return [*cutter.feed(text), *cutter.end()]
