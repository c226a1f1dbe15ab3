"""TTS: HayaKoe's face. Choose voices, prepare them, speak."""

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Self, Unpack, get_args

from wyoming_hayakoe.devices import Engine, EngineOptions, EngineSettings
from wyoming_hayakoe.engine.prepare.precision import Precision
from wyoming_hayakoe.errors import HayakoeError, UsageError, check_choice, check_names, check_text, in_brief
from wyoming_hayakoe.paths import data_dir, words_file
from wyoming_hayakoe.sources.source import Progress
from wyoming_hayakoe.sources.visit import Access
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text import user_words
from wyoming_hayakoe.text.audible import Code
from wyoming_hayakoe.text.dictionary import UserDictionary
from wyoming_hayakoe.text.frontend import japanese
from wyoming_hayakoe.voice_store import BUILT_IN, VoiceStore

__all__ = ["BUILT_IN", "TTS"]

_LOGGER = logging.getLogger(__name__)

# Seconds after which somebody who waits wants to know what for.
_PATIENCE = 2.0


class TTS:
    """Voices by name, with one front end, one BERT and one user dictionary. Safe to use from several threads.

    >>> tts = TTS().load("mei").prepare()
    >>> tts.speakers["mei"].generate("こんにちは。").duration > 0.5
    True
    """

    def __init__(  # noqa: PLR0913 - the first five are HayaKoe's
        self,
        device: str = "cpu",
        cache_dir: str | os.PathLike[str] | None = None,
        bert_source: str | None = None,
        hf_token: str | None = None,
        precision: Precision = "auto",
        *,
        offline: bool = False,
        read_emoji: bool = False,
        code: Code = "announce",
        **options: Unpack[EngineOptions],
    ) -> None:
        """Keep the settings that all voices share; nothing is fetched or loaded yet.

        Args:
            device: what computes: ``cpu``; ``cuda``, an NVIDIA GPU, by PyTorch where the extra [publish] is installed,
                else by ONNX Runtime; ``auto``, the GPU where there is one; ``pytorch``, with or without a GPU.
            cache_dir: folder for all data; else HAYAKOE_DATA_DIR, else the user's data folder.
            bert_source: repository of the BERT; else that of the first voice.
            hf_token: token for Hugging Face; else what HF_TOKEN or `hf auth login` gives.
            precision: ``auto`` computes in int8 what a voice sounds no worse with, ``int8`` also what is heard,
                ``fp32`` nothing.
            offline: use what is here, and send no request for newer files.
            read_emoji: name emoji instead of passing over them.
            code: of a block of code in a text, ``announce`` that it is left out, stay ``silent``, or ``read`` it.
            **options: ``bert_bits``, ``threads``, ``low_memory``, ``compiled`` and ``max_memory``, as
                :class:`EngineSettings` has them.

        Raises:
            UsageError: an argument is none that may be given, or the BERT's source is none.
            HayakoeError: the device cannot be used on this machine.
        """
        check_names(options, EngineOptions.__annotations__)
        check_choice("code", code, get_args(Code))
        for name, given in (("bert_source", bert_source), ("hf_token", hf_token)):
            if given is not None:
                check_text(name, given)
        data = data_dir(cache_dir)
        self.front_end = japanese(UserDictionary(words_file(data)), read_emoji=read_emoji, code=code)
        """Reads text for all voices."""

        self._engine = Engine(EngineSettings(device, precision, **options), data, self.front_end.read)

        self.store = VoiceStore(self._engine, self.front_end, Access(data, hf_token, offline), bert_source)
        """The chosen voices."""

    @property
    def speakers(self) -> Mapping[str, Speaker]:
        """The voices that are here, by name; mei always is, and a better one only where it was loaded."""
        return self.store.speakers

    def load(self, name: str, source: str | None = None) -> Self:
        """Choose a voice; if its files are here, it is in ``speakers`` at once, else when it has been fetched.

        Args:
            name: a built-in voice (``mei``, and those of the extra [kokoro]), or one of ``source``.
            source: where it is: URI, URI#NAME-THERE or a path; without one, the repository of HayaKoe's own voices.

        Raises:
            UsageError: ``source`` is none, or an argument is no text.
            HayakoeError: there is no such voice, its extra is not installed, or its files are not what they should be.
        """
        check_text("name", name)
        if source is not None:
            check_text("source", source)
        self.store.load(name, source)
        return self

    def unload(self, name: str) -> None:
        """Remove a voice from the chosen ones; running speech finishes, then the voice leaves memory."""
        self.store.unload(name)

    def open(self, name: str, progress: Progress | None = None) -> Speaker:
        """Return a chosen voice as its source has it now, after fetching what is not here.

        Raises:
            HayakoeError: it cannot be fetched, or its files are not what they should be.
        """
        return self.store.open(name, progress)

    def reopen(self, name: str) -> Speaker:
        """Return a chosen voice made anew of the files that are here, which takes the place of the one that was.

        Raises:
            HayakoeError: its files are not here, or are not what they should be.
        """
        return self.store.reopen(name)

    def pre_download(self, progress: Progress | None = None) -> Self:
        """Fetch the chosen voices and their BERT, and what has changed at their sources; load nothing.

        Args:
            progress: is called with a :class:`Transfer` (``name``, and the bytes ``done`` of ``total``) whenever bytes
                of a file have arrived, in this thread; what it raises ends the transfer.

        Raises:
            HayakoeError: voices cannot be fetched; it names all of them, after the others have come.
        """
        with _announced("fetching the voices"):
            self.store.pre_download(progress)
        return self

    def pre_download_bert(self, progress: Progress | None = None) -> Self:
        """Fetch the BERT, for voices that are to come.

        Raises:
            HayakoeError: it cannot be fetched.
        """
        self.store.pre_download_bert(progress)
        return self

    def prepare(
        self,
        *,
        warmup: bool = False,
        compile: bool = False,  # noqa: A002 - as HayaKoe calls it
        progress: Progress | None = None,
    ) -> Self:
        """Make every chosen voice ready to speak.

        The first time that takes minutes for a large voice. What takes more than two seconds is logged as it lasts, by
        the logger ``wyoming_hayakoe.tts``.

        Args:
            warmup: let each voice synthesise a word.
            compile: on PyTorch, compile each network, which takes a minute, and let it synthesise a word; otherwise
                nothing.
            progress: as in :meth:`pre_download`.

        Raises:
            HayakoeError: a voice cannot be fetched or loaded.
        """
        is_compiling = compile and self._engine.compile_networks()
        self.pre_download(progress)
        speakers = self.speakers
        for speaker in [speakers[name] for name in self.store.chosen if name in speakers]:
            with _announced(f"preparing voice {speaker.name}"):
                if warmup or is_compiling:
                    speaker.prepare()
                else:
                    speaker.voice.prepare()
        return self

    def add_word(self, surface: str, reading: str, accent: int = 0) -> None:
        """Teach a word for as long as this object lives; ``words.csv`` in the data folder teaches it for good.

        Args:
            surface: as it stands in a text.
            reading: katakana as pronounced, ー for a long vowel.
            accent: accent nucleus: the mora after which the pitch falls; 0 for a flat word.

        Raises:
            UsageError: the reading is not katakana, the accent is beyond its morae, or something is empty.
            HayakoeError: the dictionary cannot be compiled, because there is no memory for it.
        """
        check_text("surface", surface)
        check_text("reading", reading)
        try:
            self.front_end.dictionary.add(user_words.entry(surface, reading, accent))
        except (ValueError, TypeError) as error:
            raise UsageError(f"add_word: {error}") from None
        except (OSError, RuntimeError) as error:
            raise HayakoeError(f"add_word: {surface!r} cannot be compiled ({in_brief(error)}): free memory") from error


@contextmanager
def _announced(work: str) -> Iterator[None]:
    """Log that ``work`` is being done if it takes more than two seconds, and then how long it took."""
    started = time.monotonic()
    timer = threading.Timer(_PATIENCE, _LOGGER.info, (f"{work}: this takes a moment",))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if (seconds := time.monotonic() - started) > _PATIENCE:
        _LOGGER.info("%s: done in %.0f s", work, seconds)
