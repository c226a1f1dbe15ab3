"""Speaker: text in, sound out, one voice with the way it speaks."""

from collections.abc import Generator
from dataclasses import dataclass, field

from wyoming_hayakoe.text import sentences
from wyoming_hayakoe.text.frontend import FrontEnd
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Voice, Waveform


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice, what reads for it, and how it is to speak."""

    voice: Voice
    front_end: FrontEnd
    params: SynthesisParams = field(default_factory=SynthesisParams)

    def prepare(self) -> None:
        """Load what the first sentence would otherwise wait for."""
        self.voice.prepare()
        for _ in self.stream("準備"):
            pass

    def stream(self, text: str) -> Generator[Waveform, None, None]:
        """Yield ``text`` spoken, window by window, each computed when it is asked for."""
        for sentence in sentences.split(text):
            yield from self.stream_sentence(sentence)

    def stream_sentence(self, sentence: str) -> Generator[Waveform, None, None]:
        """Yield one sentence, as the splitter cuts them, in windows; none where it says nothing."""
        yield from self.voice.speak(self.front_end.read(sentence), self.params).windows
