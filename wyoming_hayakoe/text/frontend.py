"""Any text → :class:`Utterance`: rewriting rules, the user's words, Open JTalk.

The rules are stages from text to text, each testable alone.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from wyoming_hayakoe.text import english, phonemes, sentences
from wyoming_hayakoe.text.analysis import analyse
from wyoming_hayakoe.text.annotations import ANCHOR, ANNOTATION, bare
from wyoming_hayakoe.text.audible import Code
from wyoming_hayakoe.text.characters import clean
from wyoming_hayakoe.text.dictionary import Snapshot, UserDictionary
from wyoming_hayakoe.text.given_readings import annotated_part, read_as_given
from wyoming_hayakoe.text.kaomoji import silence_faces
from wyoming_hayakoe.text.normalize import explain, normalize
from wyoming_hayakoe.text.rule import Change, differences, run
from wyoming_hayakoe.text.rules import emoji, lists, markdown
from wyoming_hayakoe.text.rules.readings_in_brackets import marked
from wyoming_hayakoe.text.trace import Traced, attribute, rewritten
from wyoming_hayakoe.utterance import Utterance, Word

if TYPE_CHECKING:
    from pyopenjtalk.types import NJDFeature


@dataclass(frozen=True, slots=True)
class TextStage:
    """One step that makes a text easier to read."""

    name: str
    """Its name in ``say --explain``: ``numbers and symbols``, ``English``."""

    rewrite: Callable[[str], str]
    """Text → text; must not raise."""

    explain: Callable[[str], list[Change]] | None = None
    """What it rewrites in a text and by which rule; None compares the text before and after."""


KAOMOJI = TextStage("kaomoji", silence_faces)
MARKDOWN = TextStage("markdown", partial(run, (*markdown.RULES, *lists.RULES)))
EMOJI = TextStage("emoji", partial(run, emoji.RULES))
SIGNS = TextStage("numbers and symbols", normalize, explain)
ENGLISH = TextStage("English", english.katakana, english.explain)


def japanese(
    dictionary: UserDictionary | None = None, *, read_emoji: bool = False, code: Code = "announce"
) -> "FrontEnd":
    """Return the front end that all voices read through.

    Args:
        dictionary: the user's words.
        read_emoji: whether emoji are named in Japanese; else they are silent.
        code: what is spoken for blocks of code.
    """
    named = [EMOJI] if read_emoji else []
    return FrontEnd([KAOMOJI, *named, MARKDOWN, SIGNS, ENGLISH], dictionary, code=code)


class FrontEnd:
    """Reads texts; one serves all threads."""

    def __init__(
        self,
        stages: Sequence[TextStage] = (),
        dictionary: UserDictionary | None = None,
        *,
        code: Code = "announce",
    ) -> None:
        """Read through ``stages`` in their order, and with the words of ``dictionary``."""
        self._stages = tuple(stages)
        self.code: Code = code
        """What is spoken for blocks of code in a text, by whoever cuts it into sentences for this front end."""
        self.dictionary = dictionary if dictionary is not None else UserDictionary()

    def read(self, text: str, *, trace: bool = False) -> Utterance:
        """Read any text; never raises. A text longer than a sentence may be is read in portions, as it is spoken.

        With ``trace`` the words also say which stage wrote them (their ``source``), which costs a comparison
        of the text before and after each stage.
        """
        snapshot = self.dictionary.snapshot()
        features: list[NJDFeature] = []
        words: list[Word] = []
        for portion in portions(text):
            parts = self._rewritten(portion, snapshot, trace=trace)
            found = _features(parts, snapshot)
            read = phonemes.words(found)
            features += found
            words += attribute(read, parts) if trace else read
        return phonemes.utterance(text, words, features)

    def changes(self, text: str) -> list[Change]:
        """Return what is rewritten before ``text`` is read: portion by portion, in the order of the stages."""
        return [change for portion in portions(text) for change in self._changes(portion)]

    def _changes(self, text: str) -> Iterator[Change]:
        text = bare(text)
        for stage in self._stages:
            after = stage.rewrite(text)
            yield from stage.explain(text) if stage.explain else differences(text, after, stage.name)
            text = after

    def _rewritten(self, text: str, words: Snapshot, *, trace: bool) -> list[Traced]:
        """Send what stands between the user's words and the given readings through the stages, and those past them."""
        text = marked(text.encode("utf-8", "ignore").decode("utf-8").strip())  # lone surrogates are no text
        if ANCHOR not in text:
            return self._around_words(text, words, trace=trace)
        parts = []
        rest = 0
        for found in ANNOTATION.finditer(text):
            parts += self._around_words(text[rest : found.start()], words, trace=trace)
            parts.append(annotated_part(found["base"], found["reading"]))
            rest = found.end()
        return [*parts, *self._around_words(text[rest:], words, trace=trace)]

    def _around_words(self, text: str, words: Snapshot, *, trace: bool) -> list[Traced]:
        if not words.sheltered:
            return [self._through_stages(text, trace=trace)]
        parts = []
        rest = 0
        for start, end in words.sheltered.spans(text):
            parts += [
                self._through_stages(text[rest:start], trace=trace),
                Traced(unicodedata.normalize("NFKC", text[start:end])),
            ]
            rest = end
        parts.append(self._through_stages(text[rest:], trace=trace))
        return parts

    def _through_stages(self, text: str, *, trace: bool) -> Traced:
        if not text:
            return Traced("")
        if trace:
            part = Traced(text)
            for stage in self._stages:
                part = rewritten(part, stage.rewrite(part.text), stage.name)
            return rewritten(part, clean(part.text), None)
        for stage in self._stages:
            text = stage.rewrite(text)
        return Traced(clean(text))


def portions(text: str) -> Iterator[str]:
    """Yield ``text`` in parts of whole sentences, none longer than a sentence may be.

    Open JTalk, the finder of kaomoji and the comparison of a trace take more than linear time: 62 s for 50,000
    characters of ・木 at once.
    """
    portion = ""
    for sentence in sentences.split(text) if len(text) > sentences.LIMIT else [text]:
        if portion and len(portion) + len(sentence) > sentences.LIMIT:
            yield portion
            portion = ""
        portion += sentence
    yield portion


def _features(parts: Sequence[Traced], words: Snapshot) -> list["NJDFeature"]:
    text = "".join(part.text for part in parts)
    jtalk = words.jtalk if words.surfaces.are_in(text) else None
    if any(part.given for part in parts):
        return read_as_given(parts, partial(analyse, jtalk=jtalk))
    return analyse(text, jtalk)
