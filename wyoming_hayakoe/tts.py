"""TTS: the voices that are loaded, and what they share."""

import os
from typing import Self

from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.paths import data_dir, words_file
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text import words
from wyoming_hayakoe.text.dictionary import UserDictionary
from wyoming_hayakoe.text.frontend import japanese


class TTS:
    """Voices by name, one front end and one user's dictionary for them all. Safe to use from several threads.

    >>> tts = TTS().load("mei").prepare()
    >>> tts.speakers["mei"].generate("こんにちは。").duration > 0
    True
    """

    def __init__(self, cache_dir: str | os.PathLike[str] | None = None, *, read_emoji: bool = False) -> None:
        """Keep data in ``cache_dir`` (else HAYAKOE_DATA_DIR, else the user's data folder); name emoji or not."""
        self.front_end = japanese(UserDictionary(words_file(data_dir(cache_dir))), read_emoji=read_emoji)
        """Reads for all voices."""

        self.speakers: dict[str, Speaker] = {}
        """The loaded voices."""

    def load(self, name: str) -> Self:
        """Load a voice.

        Raises:
            HayakoeError: there is no such voice.
        """
        if name != OpenJTalkVoice.name:
            raise HayakoeError(f"no voice {name!r}: there is {OpenJTalkVoice.name}")
        self.speakers.setdefault(name, Speaker(OpenJTalkVoice(), self.front_end))
        return self

    def prepare(self) -> Self:
        """Make every loaded voice ready to speak at once.

        Raises:
            HayakoeError: a voice cannot be loaded.
        """
        for speaker in self.speakers.values():
            speaker.prepare()
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
