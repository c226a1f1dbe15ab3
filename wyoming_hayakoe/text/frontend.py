"""Any text → :class:`Utterance`: rewriting rules, the user's words, Open JTalk.

The rules are given by whoever builds a front end, as stages from text to text, so that each can be tested
alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wyoming_hayakoe.text import phonemes
from wyoming_hayakoe.text.analysis import analyse
from wyoming_hayakoe.text.characters import clean
from wyoming_hayakoe.text.dictionary import Snapshot, UserDictionary
from wyoming_hayakoe.text.trace import Traced, attribute, rewritten
from wyoming_hayakoe.utterance import Utterance


@dataclass(frozen=True, slots=True)
class Stage:
    """One step that makes a text easier to read."""

    name: str
    """What ``say --explain`` calls it: ``numbers and symbols``, ``English``."""

    rewrite: Callable[[str], str]
    """Text → text; must not raise."""


class FrontEnd:
    """Reads texts; one serves all threads."""

    def __init__(self, stages: Sequence[Stage] = (), dictionary: UserDictionary | None = None) -> None:
        """Read through ``stages`` in their order, and with the words of ``dictionary``."""
        self._stages = tuple(stages)
        self.dictionary = dictionary if dictionary is not None else UserDictionary()

    def read(self, text: str, *, trace: bool = False) -> Utterance:
        """Read any text; never raises.

        With ``trace`` the words also say which stage wrote them (their ``source``), which costs a comparison
        of the text before and after each stage.
        """
        words = self.dictionary.snapshot()
        parts = self._rewritten(_encodable(text).strip(), words, trace=trace)
        features = analyse("".join(part.text for part in parts), words.jtalk)
        utterance = phonemes.utterance(text, features)
        return attribute(utterance, parts) if trace else utterance

    def spoken(self, text: str) -> str:
        """Give the text as Open JTalk gets it: for the built-in voice, which reads by itself."""
        parts = self._rewritten(_encodable(text).strip(), self.dictionary.snapshot(), trace=False)
        return "".join(part.text for part in parts)

    def _rewritten(self, text: str, words: Snapshot, *, trace: bool) -> list[Traced]:
        """Send what stands between the user's words through the stages, and the words past them."""
        if words.sheltered is None:
            return [self._through_stages(text, trace=trace)]
        parts = []
        end = 0
        for found in words.sheltered.finditer(text):
            parts += [self._through_stages(text[end : found.start()], trace=trace), Traced(found[0])]
            end = found.end()
        parts.append(self._through_stages(text[end:], trace=trace))
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


def _encodable(text: str) -> str:
    """Drop lone surrogates, with which a text is none."""
    return text.encode("utf-8", "ignore").decode("utf-8")
