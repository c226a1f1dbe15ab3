"""TTS: the voices that are chosen, and what they share."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from wyoming_hayakoe import devices
from wyoming_hayakoe.disk import stamp as stamp_of
from wyoming_hayakoe.engine.jp_extra.bert import Bert
from wyoming_hayakoe.engine.jp_extra.voice import JPExtraVoice, Shared
from wyoming_hayakoe.engine.jp_extra.voice_files import read_about, read_voice
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.engine.prepare.bert_graph import Bits
from wyoming_hayakoe.engine.prepare.compiler import Compiler
from wyoming_hayakoe.engine.prepare.precision import Precision
from wyoming_hayakoe.engine.runtime.cpu import has_little_memory
from wyoming_hayakoe.engine.runtime.model_cache import ModelCache
from wyoming_hayakoe.engine.runtime.session import Execution
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.paths import data_dir, words_file
from wyoming_hayakoe.shared_bert import SharedBert
from wyoming_hayakoe.sources import inventory
from wyoming_hayakoe.sources.location import DEFAULT, Location, open_source, parse
from wyoming_hayakoe.sources.source import Progress, Source, SourceError, UncachedError
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text import user_words
from wyoming_hayakoe.text.dictionary import UserDictionary
from wyoming_hayakoe.text.frontend import japanese
from wyoming_hayakoe.voice import Credit

BUILT_IN = OpenJTalkVoice.name
"""The voice that is always there."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Opened:
    """A voice as it was when its files were read."""

    stamp: str
    """Another stamp, another voice."""

    speaker: Speaker


class TTS:
    """Voices by name, one front end, one BERT and one user's dictionary for them all. Safe to use from several threads.

    >>> tts = TTS().load("mei").prepare()
    >>> tts.speakers["mei"].generate("こんにちは。").duration > 0.5
    True
    """

    def __init__(  # noqa: PLR0913 - HayaKoe has them, and each is a choice of its own
        self,
        device: str = "cpu",
        cache_dir: str | os.PathLike[str] | None = None,
        bert_source: str | None = None,
        hf_token: str | None = None,
        *,
        precision: Precision = "auto",
        bert_bits: Bits = 8,
        threads: int = 0,
        low_memory: bool | None = None,
        compiled: bool = True,
        offline: bool = False,
        max_memory: int | None = None,
        read_emoji: bool = False,
    ) -> None:
        """Take note of what voices are to share; nothing is fetched or loaded yet.

        Args:
            device: what computes: ``cpu``; ``cuda``, an NVIDIA GPU, by PyTorch where the extra [publish] is installed,
                else by ONNX Runtime; ``auto``, the GPU where there is one; ``pytorch``, with or without a GPU.
            cache_dir: folder for all data; else HAYAKOE_DATA_DIR, else the user's data folder.
            bert_source: repository of the BERT; else that of the first voice.
            hf_token: token for Hugging Face; else what HF_TOKEN or `hf auth login` gives.
            precision: ``auto`` computes in int8 what a voice sounds no worse with, ``int8`` all that can be, ``fp32``
                nothing.
            bert_bits: of a weight of the BERT; 4 takes half the memory, and what it does to features is in its report.
            threads: that compute one step; 0 is one for each physical core.
            low_memory: take less memory and more time; None does so on machines with under 2 GiB.
            compiled: prepare a voice for this machine once, and keep that in the data folder.
            offline: use what is here, and ask nobody whether there is something newer.
            max_memory: resident bytes of the process that voices should not pass.
            read_emoji: name emoji instead of passing over them.

        Raises:
            HayakoeError: there is no such device, or the BERT's source is none.
        """
        runtime_device, self._network = devices.choose(device)
        self._data = data_dir(cache_dir)
        self._token = hf_token
        self._offline = offline
        self._residency = ModelCache(max_memory)
        self._compiler = Compiler(self._data / "compiled", precision, bert_bits=bert_bits, enabled=compiled)
        self._execution = Execution(threads, has_little_memory() if low_memory is None else low_memory)
        self._bert = SharedBert(bert_source, self._source, self._make_bert)
        # What is prepared for this machine's CPU is of no use to a GPU; the BERT, in int8, stays on the CPU.
        on_cpu = runtime_device == "cpu" and self._network is None
        self._voice_compiler = self._compiler if on_cpu else Compiler(self._data / "compiled", enabled=False)
        self._voice_execution = replace(self._execution, device=runtime_device)
        self._chosen: dict[str, Location] = {}
        self._opened: dict[str, _Opened] = {}
        self._lock = threading.RLock()

        self.front_end = japanese(UserDictionary(words_file(self._data)), read_emoji=read_emoji)
        """Reads for all voices."""

        self.speakers: dict[str, Speaker] = {}
        """The chosen voices whose files are here."""

    def load(self, name: str, source: str | None = None) -> Self:
        """Choose a voice; if its files are here, it is in ``speakers`` at once, else when it has been fetched.

        Args:
            name: ``mei``, which is built in, or a voice of ``source``.
            source: where it is: URI, URI#NAME-THERE or a path; without one, the repository of HayaKoe's own voices.

        Raises:
            UsageError: ``source`` is none.
            HayakoeError: there is no such voice, or its files are not what they should be.
        """
        if source is None and name == BUILT_IN:
            with self._lock:
                self.speakers.setdefault(name, Speaker(OpenJTalkVoice(), self.front_end))
            return self
        location = parse(source or DEFAULT)
        with self._lock:
            if self._chosen.get(name) != location:
                self.unload(name)
            self._chosen[name] = location
        _unless_missing([], lambda: self._open(name, offline=True))
        return self

    def unload(self, name: str) -> None:
        """Choose a voice no longer; whoever speaks with it may finish, then it leaves memory."""
        with self._lock:
            for voices in (self._chosen, self._opened, self.speakers):
                voices.pop(name, None)

    def pre_download(self, progress: Progress | None = None) -> Self:
        """Fetch the chosen voices and their BERT, and what has changed at its source since; load nothing.

        Raises:
            HayakoeError: a voice cannot be had; it names all of them, after the others have come.
        """
        missing: list[str] = []
        failures = []
        for name in list(self._chosen):
            try:
                _unless_missing(missing, partial(self.open, name, progress))
            except HayakoeError as error:
                failures.append(str(error))
        if missing:
            failures.insert(0, str(UncachedError(missing)))
        if failures:
            raise SourceError("; ".join(dict.fromkeys(failures)))
        return self

    def pre_download_bert(self, progress: Progress | None = None) -> Self:
        """Fetch the BERT, for voices that are to come.

        Raises:
            HayakoeError: it cannot be had.
        """
        self._bert.get(DEFAULT, progress, offline=self._offline)
        return self

    def prepare(self, *, warmup: bool = False, compile: bool = False) -> Self:  # noqa: A002 - as HayaKoe calls it
        """Make every chosen voice ready to speak.

        Args:
            warmup: let each say a word to itself.
            compile: on PyTorch, compile each network, which takes a minute, and let it say a word; otherwise nothing.

        Raises:
            HayakoeError: a voice cannot be fetched or loaded.
        """
        if compile and self._network:
            self._network.compiles = warmup = True
        self.pre_download()
        for speaker in list(self.speakers.values()):
            if warmup:
                speaker.prepare()
            else:
                speaker.voice.prepare()
        return self

    def open(self, name: str, progress: Progress | None = None) -> Speaker:
        """Return a chosen voice as its source has it now, after fetching what is not here.

        Raises:
            HayakoeError: it cannot be fetched, or its files are not what they should be.
        """
        if name in self._chosen:
            return self._open(name, progress, offline=self._offline)
        if name not in self.speakers:
            raise HayakoeError(f"no voice {name!r} was loaded: there is {', '.join(self.speakers) or 'none'}")
        return self.speakers[name]

    def add_word(self, surface: str, reading: str, accent: int = 0) -> None:
        """Teach a word for as long as this object lives; ``words.csv`` in the data folder teaches it for good.

        Args:
            surface: as it stands in a text.
            reading: katakana as pronounced, ー for a long vowel.
            accent: after which mora the pitch falls; 0 is nowhere.

        Raises:
            ValueError: the reading is not katakana, the accent is beyond its morae, or something is empty.
        """
        self.front_end.dictionary.add(user_words.entry(surface, reading, accent))

    def _open(self, name: str, progress: Progress | None = None, *, offline: bool) -> Speaker:
        location = self._chosen[name]
        source = self._source(location.uri, offline=offline)
        missing: list[str] = []
        fetch = inventory.fetch_checkpoint if self._network else inventory.fetch
        place = _unless_missing(missing, lambda: fetch(source, location.speaker or name, progress))
        bert = _unless_missing(missing, lambda: self._bert.get(location.uri, progress, offline=offline))
        if place is None or bert is None:
            raise UncachedError(missing)
        licence = _licence(source)
        stamp = f"{stamp_of(place)} {bert.model} {licence}"
        with self._lock:
            opened = self._opened.get(name)
            if opened is None or opened.stamp != stamp:
                files = self._network.read(place) if self._network else read_voice(place)
                about = files.about
                credit = Credit(about.author or name, about.url or source.uri, about.licence or licence or "unknown")
                shared = Shared(
                    *(bert, self._residency, self._data / "levels"),
                    *(self.front_end.read, self._voice_compiler, self._voice_execution),
                    load=self._network.load if self._network else None,
                )
                opened = _Opened(stamp, Speaker(JPExtraVoice(name, files, shared, credit), self.front_end))
            # It may have been chosen otherwise while it was fetched.
            if self._chosen.get(name) == location:
                self._opened[name] = opened
                self.speakers[name] = opened.speaker
            return opened.speaker

    def _make_bert(self, model: Path, tokenizer: Path) -> Bert:
        return Bert(model, tokenizer, self._compiler, self._execution)

    def _source(self, uri: str, *, offline: bool) -> Source:
        return open_source(uri, self._data, offline=offline, token=self._token)


def _unless_missing(missing: list[str], get: Callable[[], T]) -> T | None:
    """Return what ``get`` gives; where that has to be fetched first, add its names to ``missing``."""
    try:
        return get()
    except UncachedError as error:
        missing += [name for name in error.names if name not in missing]
        return None


def _licence(source: Source) -> str:
    """Return the licence of all that a repository holds, as its README.md has it."""
    note = source.cached("README.md")
    if note is None:
        # It is not worth a second attempt.
        with suppress(HayakoeError):
            note = source.fetch("README.md")
    return read_about(note.parent).licence if note else ""
