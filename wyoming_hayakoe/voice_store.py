"""VoiceStore: the chosen voices, which of them are here and which have to be fetched, and the BERT that they share."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from wyoming_hayakoe.devices import Engine
from wyoming_hayakoe.disk import stamp as stamp_of
from wyoming_hayakoe.engine.about import read_about
from wyoming_hayakoe.engine.kokoro.voice_files import BUILT_IN as KOKORO
from wyoming_hayakoe.engine.kokoro.voice_files import INSTALL
from wyoming_hayakoe.engine.kokoro.voice_files import is_installed as is_kokoro_installed
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.engine.runtime.model_cache import ModelCache
from wyoming_hayakoe.errors import HayakoeError, UnknownVoiceError, some_of
from wyoming_hayakoe.shared_bert import SharedBert
from wyoming_hayakoe.sources import inventory
from wyoming_hayakoe.sources.location import DEFAULT, Location, parse
from wyoming_hayakoe.sources.source import Progress, Source, SourceError, UncachedError
from wyoming_hayakoe.sources.visit import Access, Visit
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text.frontend import FrontEnd
from wyoming_hayakoe.voice import Voice

BUILT_IN = OpenJTalkVoice.name
"""The voice that is always here."""

BUILT_INS = frozenset({BUILT_IN, *KOKORO})
"""The voices that come with this program or its extras, and need no source."""

PREFERRED = "kokoro-alpha"
"""The one of them that is the default where it is installed and this machine keeps up with it."""

__all__ = ["BUILT_IN", "BUILT_INS", "INSTALL", "PREFERRED", "VoiceStore", "is_installed"]


T = TypeVar("T")


class VoiceStore:
    """The chosen voices. Safe to use from several threads; nothing waits for a download of another voice.

    The built-in voice is here under its name always, until a voice that was chosen under the same name is here.
    """

    def __init__(self, engine: Engine, front_end: FrontEnd, access: Access, bert_source: str | None = None) -> None:
        """Choose no voice yet; nothing is fetched or loaded.

        Args:
            engine: makes voices of files.
            front_end: reads for all voices.
            access: how their sources are used.
            bert_source: repository of the BERT; None is that of the first voice.

        Raises:
            UsageError: the BERT's source is none.
        """
        self._engine = engine
        self._front_end = front_end
        self._access = access
        self._bert = SharedBert(bert_source, engine.make_bert)
        self._fallback = Speaker(OpenJTalkVoice(), front_end)
        self._built_in = _Choice(location=None, speaker=self._fallback)
        self._choices: dict[str, _Choice] = {}
        # Held for moments only: no file is read and no request sent under it.
        self._lock = threading.Lock()

    @property
    def chosen(self) -> list[str]:
        """The names of the voices that were chosen, whether they are here or not."""
        with self._lock:
            return list(self._choices)

    @property
    def speakers(self) -> Mapping[str, Speaker]:
        """The voices that are here at this moment, by name; it cannot be changed."""
        with self._lock:
            choices = dict(self._choices)
        found = {name: choice.speaker for name, choice in choices.items() if choice.speaker is not None}
        found = found if BUILT_IN in found else found | {BUILT_IN: self._fallback}
        return _Speakers(found, coming=choices.keys() - found)

    @property
    def built_in(self) -> Speaker:
        """The voice that needs no files."""
        return self._fallback

    @property
    def bert_source(self) -> str | None:
        """The repository of the BERT that is in use; None as long as there is none."""
        return self._bert.origin

    @property
    def models(self) -> ModelCache:
        """The models that are in memory."""
        return self._engine.models

    def load(self, name: str, source: str | None = None) -> None:
        """Choose a voice; if its files are here, open it. No source gets a request.

        Args:
            name: one of :data:`BUILT_INS`, or a voice of ``source``.
            source: where it is: URI, URI#NAME-THERE or a path; without one, the repository of HayaKoe's own voices.

        Raises:
            UsageError: ``source`` is none.
            HayakoeError: the extra of a built-in voice is not installed; a folder of this machine has no such voice, or
                its files are not what they should be. The voice is chosen nevertheless, and :meth:`open` tries again.
        """
        location = None if source is None and name in BUILT_INS else parse(source or DEFAULT)
        with self._lock:
            choice = self._choices.get(name)
            if choice is None or choice.location != location:
                is_always_here = location is None and name == BUILT_IN
                choice = self._built_in if is_always_here else _Choice(location)
                self._choices[name] = choice
        with suppress(UncachedError):
            self._open(name, choice, self._visit(offline=True))

    def unload(self, name: str) -> None:
        """Remove a voice from the chosen ones; running speech finishes, then the voice leaves memory."""
        with self._lock:
            self._choices.pop(name, None)

    def open(self, name: str, progress: Progress | None = None) -> Speaker:
        """Return a chosen voice as its source has it now, after fetching what is not here.

        Raises:
            HayakoeError: it cannot be fetched, or its files are not what they should be.
        """
        return self._open(name, self._choice(name), self._visit(), progress)

    def reopen(self, name: str) -> Speaker:
        """Return a chosen voice made anew of the files that are here, which takes the place of the one that was.

        Raises:
            HayakoeError: its files are not here, or are not what they should be.
        """
        return self._open(name, self._choice(name), self._visit(offline=True), is_new=True)

    def pre_download(self, progress: Progress | None = None) -> None:
        """Fetch the chosen voices and their BERT, and what has changed at their sources; load nothing.

        Raises:
            HayakoeError: voices cannot be fetched; it names all of them, after the others have come.
        """
        with self._lock:
            choices = dict(self._choices)
        visit = self._visit()
        missing: list[str] = []
        failures: dict[str, None] = {}
        for name, choice in choices.items():
            if not self._is_chosen(name, choice):
                continue
            try:
                _unless_missing(missing, partial(self._open, name, choice, visit, progress))
            except HayakoeError as error:
                if self._is_chosen(name, choice):
                    failures[str(error)] = None
        lines = [*([str(UncachedError(missing))] if missing else []), *failures]
        if lines:
            raise SourceError("; ".join(lines))

    def pre_download_bert(self, progress: Progress | None = None) -> None:
        """Fetch the BERT, for voices that are to come.

        Raises:
            HayakoeError: it cannot be fetched.
        """
        self._bert.get(DEFAULT, self._visit(), progress)

    def _choice(self, name: str) -> "_Choice":
        with self._lock:
            choice = self._choices.get(name) or (self._built_in if name == BUILT_IN else None)
        if choice is None:
            raise UnknownVoiceError(f"no voice {name!r} was loaded: there is {some_of(self.speakers)}")
        return choice

    def _is_chosen(self, name: str, choice: "_Choice") -> bool:
        with self._lock:
            return self._choices.get(name) is choice

    def _visit(self, *, offline: bool = False) -> Visit:
        return Visit(self._access, offline=offline)

    def _open(
        self, name: str, choice: "_Choice", visit: Visit, progress: Progress | None = None, *, is_new: bool = False
    ) -> Speaker:
        if choice is self._built_in:
            return self._fallback
        if choice.location is None:
            return self._open_built_in(name, choice, is_new=is_new)
        found = None if visit.offline else self._find(name, choice.location, visit, progress)
        with choice.opening:
            # What is here is found under the lock, so that files just fetched are not passed over for older ones.
            found = found or self._find(name, choice.location, visit, progress)
            if choice.speaker is None or choice.stamp != found.stamp or is_new:
                choice.speaker, choice.stamp = Speaker(found.make(), self._front_end), found.stamp
            return choice.speaker

    def _open_built_in(self, name: str, choice: "_Choice", *, is_new: bool) -> Speaker:
        with choice.opening:
            if choice.speaker is None or is_new:
                choice.speaker = Speaker(self._engine.make_built_in(name), self._front_end)
            return choice.speaker

    def _find(self, name: str, location: Location, visit: Visit, progress: Progress | None) -> "_Found":
        """Return what a voice is made of, after fetching it unless the visit is offline."""
        source = visit.source(location.uri)
        engine = self._engine
        fetch = inventory.fetch_checkpoint if engine.needs_checkpoint else inventory.fetch
        missing: list[str] = []
        files = _unless_missing(missing, lambda: fetch(source, location.speaker or name, progress))
        make: Callable[..., Voice]
        shared: object = ""
        if files is not None and (maker := self._maker(name, files)) is not None:
            make, shared = maker, files.graph or ""
        else:
            bert = _unless_missing(missing, lambda: self._bert.get(location.uri, visit, progress))
            if files is None or bert is None:
                raise UncachedError(missing)
            shared = bert.model
            make = partial(engine.make_voice, name, files.place, bert)
        licence = _licence_of(source)
        places = files.files.values() or [files.place]
        return _Found(partial(make, url=location.uri, licence=licence), f"{stamp_of(*places)} {shared} {licence}")

    def _maker(self, name: str, files: inventory.Fetched) -> Callable[..., Voice] | None:
        """Return what makes a voice that takes no BERT; None for one that does."""
        match files.kind:
            case "kokoro" if files.graph is not None:
                return partial(self._engine.make_kokoro, name, files.place, files.graph, files.name)
            case "piper":
                return partial(self._engine.make_piper, name, files.files["graph"])
            case "hts":
                return partial(self._engine.make_hts, name, files.files)
        return None


class _Speakers(Mapping[str, Speaker]):
    """Voices by name; a name that is not there raises an error that says which are."""

    def __init__(self, found: Mapping[str, Speaker], coming: Collection[str]) -> None:
        """Hold the voices ``found``; those ``coming`` are chosen, and have to be fetched."""
        self._found = found
        self._coming = coming

    def __getitem__(self, name: str) -> Speaker:
        if name in self._found:
            return self._found[name]
        if name in self._coming:
            raise UnknownVoiceError(f"voice {name!r} is not here yet: call prepare() or pre_download() first")
        raise UnknownVoiceError(f"no voice {name!r}: there is {some_of(self._found)}; load() chooses others")

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"<voices: {some_of(self._found)}>"


@dataclass(eq=False, slots=True)
class _Choice:
    """A voice that was chosen; another choice of its name is another object."""

    location: Location | None
    """Where it comes from; None for a built-in voice."""

    speaker: Speaker | None = None
    """The voice, once it has been opened."""

    stamp: str = ""
    """The stamp of the files that were opened."""

    opening: threading.Lock = field(default_factory=threading.Lock)
    """Held while files that are here are found and read; never while they are fetched."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a voice is made of."""

    make: Callable[[], Voice]
    """Returns the voice; its files are read, its network is not loaded."""

    stamp: str
    """A text that changes when another voice would come of it."""


def _licence_of(source: Source) -> str:
    """Return the licence of a whole repository; "" where it names none."""
    readme = source.fetch_optional("README.md")
    return read_about(readme.parent).licence if readme else ""


def is_installed(name: str) -> bool:
    """Return whether a built-in voice is here."""
    return name == BUILT_IN or is_kokoro_installed()


def _unless_missing(missing: list[str], get: Callable[[], T]) -> T | None:
    """Return what ``get`` gives; where that has to be fetched first, add its names to ``missing``."""
    try:
        return get()
    except UncachedError as error:
        missing += [name for name in error.names if name not in missing]
        return None
