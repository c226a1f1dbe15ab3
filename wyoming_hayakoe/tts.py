"""TTS: the voices that are loaded, and what they share."""

import os
import threading
from typing import Self

from wyoming_hayakoe.engine.bert import Bert
from wyoming_hayakoe.engine.neural import NeuralVoice, Shared
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.engine.residency import Residency
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.paths import data_dir, words_file
from wyoming_hayakoe.sources.location import open_source, parse
from wyoming_hayakoe.sources.source import Source
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text import words
from wyoming_hayakoe.text.dictionary import UserDictionary
from wyoming_hayakoe.text.frontend import japanese
from wyoming_hayakoe.utterance import Utterance
from wyoming_hayakoe.voice import Credit

# Plain statements, as a smart home makes them: by these a voice's level is measured.
_REHEARSAL = ("おはようございます。", "今日は全国的に晴れて、暖かくなるでしょう。", "リビングの照明をつけました。")


class TTS:
    """Voices by name, one front end, one BERT and one user's dictionary for them all. Safe to use from several threads.

    >>> tts = TTS().load("mei").prepare()
    >>> tts.speakers["mei"].generate("こんにちは。").duration > 0.5
    True
    """

    def __init__(
        self,
        device: str = "cpu",
        cache_dir: str | os.PathLike[str] | None = None,
        bert_source: str | None = None,
        hf_token: str | None = None,
        *,
        max_memory: int | None = None,
        read_emoji: bool = False,
    ) -> None:
        """Take note of what voices are to share; nothing is fetched or loaded yet.

        Args:
            device: what computes; ``cpu`` is all there is.
            cache_dir: folder for all data; else HAYAKOE_DATA_DIR, else the user's data folder.
            bert_source: repository of the BERT; else that of the first voice.
            hf_token: token for Hugging Face; else what HF_TOKEN or `hf auth login` gives.
            max_memory: resident bytes of the process that voices should not pass.
            read_emoji: name emoji instead of passing over them.

        Raises:
            HayakoeError: there is no such device.
        """
        if device not in {"cpu", "auto"}:
            raise HayakoeError(f"device {device!r}: this version computes on 'cpu' only")
        self._data = data_dir(cache_dir)
        self._token = hf_token
        self._bert_source = self._open(bert_source) if bert_source else None
        self._bert: Bert | None = None
        self._residency = Residency(max_memory)
        self._lock = threading.RLock()

        self.front_end = japanese(UserDictionary(words_file(self._data)), read_emoji=read_emoji)
        """Reads for all voices."""

        self.speakers: dict[str, Speaker] = {}
        """The voices whose files are here."""

    def load(self, name: str, source: str | None = None) -> Self:
        """Choose a voice: ``mei``, which is built in, or a speaker of the repository ``source``.

        Raises:
            HayakoeError: there is no such voice, or its files are not what they should be.
        """
        with self._lock:
            if source is not None:
                self._load_from(source, name)
            elif name == OpenJTalkVoice.name:
                self.speakers.setdefault(name, Speaker(OpenJTalkVoice(), self.front_end))
            else:
                raise HayakoeError(f"no voice {name!r}: there is {OpenJTalkVoice.name}, or say where it comes from")
        return self

    def prepare(self, *, warmup: bool = False) -> Self:
        """Make every chosen voice ready to speak; with ``warmup`` each says a word to itself.

        Raises:
            HayakoeError: a voice cannot be loaded.
        """
        for speaker in list(self.speakers.values()):
            if warmup:
                speaker.prepare()
            else:
                speaker.voice.prepare()
        return self

    def add_word(self, surface: str, reading: str, accent: int = 0) -> None:
        """Teach a word for as long as this object lives; ``words.csv`` in the data folder teaches it for good.

        Args:
            surface: as it stands in a text.
            reading: katakana as pronounced, ー for a long vowel.
            accent: after which mora the pitch falls; 0 is nowhere.

        Raises:
            ValueError: the reading is not katakana, the accent is beyond its morae, or something is empty.
        """
        self.front_end.dictionary.add(words.entry(surface, reading, accent))

    def _open(self, uri: str) -> Source:
        return open_source(uri, self._data, token=self._token)

    def _load_from(self, source: str, name: str) -> None:
        location = parse(source)
        home = self._open(location.uri)
        folder = home.fetch(f"onnx/speakers/{location.speaker or name}")
        shared = Shared(self._shared_bert(home), self._residency, self._data / "levels", self._read_rehearsal)
        credit = Credit(author=name, url=home.uri, licence="unknown")
        voice = NeuralVoice(name, folder, shared, credit)
        self.speakers[name] = Speaker(voice, self.front_end)

    def _shared_bert(self, home: Source) -> Bert:
        """Return the one BERT, which is all voices': it takes more memory than any of them."""
        if self._bert is None:
            source = self._bert_source or home
            self._bert = Bert(source.fetch("onnx/bert/q8") / "bert_q8.onnx", source.fetch("bert/tokenizer"))
        return self._bert

    def _read_rehearsal(self) -> list[Utterance]:
        return [self.front_end.read(sentence) for sentence in _REHEARSAL]
