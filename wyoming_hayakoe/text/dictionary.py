"""The user's dictionary compiled for Open JTalk: replaced as a whole when its file changes.

Every snapshot has an Open JTalk of its own (4 MB: the system dictionary is mapped, not copied). A reading
takes one snapshot and keeps it to its end, so that a swap waits for nobody and nobody waits for a swap.
"""

import ctypes
import logging
import math
import os
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_hayakoe.errors import in_brief
from wyoming_hayakoe.text import user_words
from wyoming_hayakoe.text.lookups import Lookups
from wyoming_hayakoe.text.refused_rows import Problem
from wyoming_hayakoe.text.surfaces import Surfaces
from wyoming_hayakoe.text.user_words import Contents, UserWord

if TYPE_CHECKING:
    from pyopenjtalk.openjtalk import OpenJTalk

_LOGGER = logging.getLogger(__name__)

CHECK_SECONDS = 0.5
"""At most this often is the file looked at; a change must show within 2 s."""

RETRY_SECONDS = 10.0
"""After so long a file that could not be loaded is tried again."""

FIRST_SECONDS = 1.0
"""So long may a reading wait for the words of a dictionary that is watched, after the watch began."""

_END_SECONDS = 1.0
_MANY_WORDS = 1000
"""So many new words take long enough to be worth a line in the log."""

_TOUCHED_BY_RULES = re.compile(r"[^ぁ-ゖァ-ヺー々〆一-鿿㐀-䶿]")
"""Rules rewrite symbols, digits and Latin letters; what has none of these needs no shelter from them."""

_compiling = threading.Lock()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The dictionary at one moment."""

    jtalk: "OpenJTalk | None" = None
    """Open JTalk that knows the words; None means pyopenjtalk's own, which knows none."""

    sheltered: Surfaces = field(default_factory=Surfaces)
    """The words that no rule may rewrite before they are looked up."""

    surfaces: Surfaces = field(default_factory=Surfaces)
    """All words; a text without any of them is read without the dictionary."""


class UserDictionary:
    """Words from a file and from :meth:`add`, always ready to be read with."""

    def __init__(self, path: Path | None = None) -> None:
        """Read ``path``, a ``words.csv`` that may come later; without one, only :meth:`add` counts."""
        self._path = path
        self._lookups = Lookups(path.with_suffix(".known") if path else None)
        self._added: dict[str, UserWord] = {}
        self._contents = Contents(())
        self._complaints: tuple[Problem, ...] = ()
        self._seen: tuple[int, ...] | None = None
        self._next_check = 0.0
        self._next_attempt = math.inf
        self._snapshot = Snapshot()
        self._building = threading.Lock()
        self._is_loaded = threading.Event()
        self._watch_began: float | None = None
        self._has_ended = threading.Event()

    @property
    def path(self) -> Path | None:
        """The file; None where there are only the words of :meth:`add`."""
        return self._path

    def snapshot(self) -> Snapshot:
        """Return the current words.

        The file is checked every CHECK_SECONDS at most, and its new words are waited for, unless it is watched.
        """
        if self._path is None:
            return self._snapshot
        began = self._watch_began
        if began is not None:
            self._is_loaded.wait(max(0.0, began + FIRST_SECONDS - time.monotonic()))
        elif time.monotonic() >= self._next_check:
            self.refresh()
        return self._snapshot

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Let a thread load the file, at once and when it changes.

        Readings wait for its first words FIRST_SECONDS at most, and for no later ones.
        """
        if self._path is None:
            yield
            return
        self._has_ended.clear()
        thread = threading.Thread(target=self._watch, name="words", daemon=True)
        self._watch_began = time.monotonic()
        thread.start()
        try:
            yield
        finally:
            self._has_ended.set()
            thread.join(_END_SECONDS)
            self._watch_began = None

    def _watch(self) -> None:
        while not self._has_ended.is_set():
            if time.monotonic() >= self._next_check:
                self.refresh()
            self._has_ended.wait(CHECK_SECONDS / 2)

    def refresh(self, *, wait: bool = False) -> bool:
        """Load the file if it has changed, and return whether; other threads read with the old words meanwhile.

        A file that could not be loaded is tried again after RETRY_SECONDS, whether it changes or not. Where another
        thread is loading the file, ``wait`` is for its end, as the file may have changed since; else nothing is done.
        """
        if self._path is None or not self._building.acquire(blocking=wait):
            return False
        began = time.monotonic()
        try:
            version = _version(self._path)
            if version == self._seen and began < self._next_attempt:
                return False
            self._seen = version
            return self._load(self._path)
        finally:
            self._is_loaded.set()
            # A file that always changes takes half of a core at most.
            now = time.monotonic()
            self._next_check = now + max(CHECK_SECONDS, now - began)
            self._building.release()

    def add(self, word: UserWord) -> None:
        """Add a word for as long as this program runs; it takes precedence over one of the file.

        Raises:
            OSError: there is no memory for the compiled words; the word is not added.
            RuntimeError: MeCab cannot compile the words; the word is not added.
        """
        with self._building:
            added = self._added | {word.surface: word}
            for _ in self._lookups.learn(added):
                pass
            self._snapshot = self._compiled(self._contents, added)
            self._added = added

    def _load(self, path: Path) -> bool:
        try:
            contents = user_words.read(path)
            if not self._learn(path, contents):
                return False
            self._snapshot = self._compiled(contents, self._added)
        except Exception as error:  # noqa: BLE001 - the file is a folder, there is no memory, …: speech goes on
            self._next_attempt = time.monotonic() + RETRY_SECONDS
            reason = error.strerror if isinstance(error, OSError) and error.strerror else in_brief(error)
            self._complain(
                Problem(str(path), 0, f"cannot be loaded: {reason}: the words stay as they were until it can")
            )
            return False
        self._contents, self._next_attempt = contents, math.inf
        self._complain(*contents.problems)
        return True

    def _learn(self, path: Path, contents: Contents) -> bool:
        """Look up the words that are new; return False if the watch ends before that is done."""
        surfaces = [word.surface for word in contents.entries]
        if surfaces:
            self._lookups.recall()
        missing = self._lookups.missing(surfaces)
        if not missing:
            return True
        if len(missing) >= _MANY_WORDS:
            _LOGGER.info("%s: looking up %d new words", path, len(missing))
        if not self._is_loaded.is_set():  # better most of the words than none
            self._snapshot = self._compiled(contents, self._added)
        for _ in self._lookups.learn(missing):
            time.sleep(0)  # lets a thread that speaks run at once: it would wait 3 ms for each turn, with this 0.2 ms
            if self._watch_began is not None and self._has_ended.is_set():
                self._next_attempt = 0.0
                break
        self._lookups.keep([*surfaces, *self._added])  # of what was begun as well: the next start goes on from there
        return not self._lookups.missing(surfaces)

    def _compiled(self, contents: Contents, added: dict[str, UserWord]) -> Snapshot:
        """Make a snapshot of the words that have been looked up."""
        words = {word.surface: word for word in contents.entries} | added
        for surface in self._lookups.missing(words):
            del words[surface]
        if not words:
            return Snapshot()
        return Snapshot(
            compiled(self._lookups.rows(words.values())),
            Surfaces(filter(_TOUCHED_BY_RULES.search, words)),
            Surfaces(words),
        )

    def _complain(self, *problems: Problem) -> None:
        """Log what is wrong with the file, unless it was so before: some programs write it again and again."""
        if problems != self._complaints:
            for problem in problems:
                _LOGGER.warning("%s", problem)
        self._complaints = problems


def _version(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:  # it may be there, and the attempt to read it will say what is wrong
        return (error.errno or 0,)
    return found.st_mode, found.st_size, found.st_mtime_ns, found.st_ino


def compiled(rows: Iterable[str]) -> "OpenJTalk":
    """Make an Open JTalk that reads the words of ``rows`` as they say, whatever its rules would make of them."""
    import pyopenjtalk
    from pyopenjtalk.openjtalk import OpenJTalk

    # In memory: a killed process leaves nothing behind. The compiled words stay mapped when the files are closed.
    with ExitStack() as files:
        source, binary = files.enter_context(_memory_file()), files.enter_context(_memory_file())
        source.write_text("".join(rows), encoding="utf-8")
        with _compiling, _quiet_stdout():
            pyopenjtalk.mecab_dict_index(str(source), str(binary))
        return OpenJTalk(
            dn_mecab=pyopenjtalk.OPEN_JTALK_DICT_DIR,
            userdic=os.fsencode(binary),
            userdic_reading_protection=[True],
        )


@contextmanager
def _memory_file() -> Iterator[Path]:
    descriptor = os.memfd_create("hayakoe-words")
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


@contextmanager
def _quiet_stdout() -> Iterator[None]:
    """Silence C code: MeCab draws its progress on standard output, where speech or JSON may be going."""
    sys.stdout.flush()
    libc = ctypes.CDLL(None)
    saved = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        libc.fflush(None)
        os.dup2(saved, 1)
        os.close(nowhere)
        os.close(saved)
