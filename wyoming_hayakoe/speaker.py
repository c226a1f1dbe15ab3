"""Speaker: text in, sound out, one voice with the way it speaks."""

from collections.abc import Generator
from dataclasses import dataclass, field

from wyoming_hayakoe.text import markup, sentences
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Voice, Waveform


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice and how it is to speak."""

    voice: Voice
    params: SynthesisParams = field(default_factory=SynthesisParams)

    def stream(self, text: str) -> Generator[Waveform, None, None]:
        """Yield ``text`` spoken, window by window, each computed when it is asked for."""
        for sentence in sentences.split(text):
            yield from self.stream_sentence(sentence)

    def stream_sentence(self, sentence: str) -> Generator[Waveform, None, None]:
        """Yield one sentence, as the splitter cuts them, in windows; none where it says nothing."""
        if readable := markup.plain(sentence):
            yield from self.voice.speak(readable, self.params)
