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
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_hayakoe.disk import stamp
from wyoming_hayakoe.text import user_words
from wyoming_hayakoe.text.morae import split
from wyoming_hayakoe.text.user_words import Contents, UserWord

if TYPE_CHECKING:
    from pyopenjtalk.openjtalk import OpenJTalk
    from pyopenjtalk.types import NJDFeature

_LOGGER = logging.getLogger(__name__)

CHECK_SECONDS = 0.5
"""At most this often is the file looked at; a change must show within 2 s."""

RETRY_SECONDS = 10.0
"""After so long a file that could not be loaded is tried again: compiling 1,000 words takes a second."""

_NOUN = (1348, 1348, "名詞,固有名詞,一般,*,*,*")
"""Left and right context and part of speech of a word that no dictionary has."""

_NEW_WORD_COST = 4000
_PRIORITY_STEP = 300
_EVEN_PRIORITY = 3
_LOWEST_COST = -20000
_TOUCHED_BY_RULES = re.compile(r"[^ぁ-ゖァ-ヺー々〆一-鿿㐀-䶿]")
"""Rules rewrite symbols, digits and Latin letters; what has none of these needs no shelter from them."""

_compiling = threading.Lock()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The dictionary at one moment."""

    jtalk: "OpenJTalk | None" = None
    """Open JTalk that knows the words; None means pyopenjtalk's own, which knows none."""

    sheltered: re.Pattern[str] | None = None
    """Matches the words that no rule may rewrite before they are looked up."""

    beginnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What can be looked up, by first characters."""

    def concern(self, text: str) -> bool:
        """Return True if a text may hold one of the words; any other is read without them."""
        return any(
            text.startswith(self.beginnings[char], index) for index, char in enumerate(text) if char in self.beginnings
        )


class UserDictionary:
    """Words from a file and from :meth:`add`, always ready to be read with."""

    def __init__(self, path: Path | None = None) -> None:
        """Watch ``path``, a ``words.csv`` that may come later; without one, only :meth:`add` counts."""
        self._path = path
        self._added: dict[str, UserWord] = {}
        self._contents = Contents(())
        self._seen = ""
        self._next_check = 0.0
        self._next_attempt = math.inf
        self._snapshot = Snapshot()
        self._building = threading.Lock()

    def snapshot(self) -> Snapshot:
        """Return the current words; the file is checked every CHECK_SECONDS at most."""
        if self._path is not None and time.monotonic() >= self._next_check:
            self.refresh()
        return self._snapshot

    def refresh(self) -> bool:
        """Load the file if it has changed, and return whether; other threads read with the old words meanwhile.

        A file that could not be loaded is tried again after RETRY_SECONDS, whether it changes or not.
        """
        if self._path is None or not self._building.acquire(blocking=False):
            return False
        try:
            self._next_check = time.monotonic() + CHECK_SECONDS
            version = stamp(self._path)
            if version == self._seen and time.monotonic() < self._next_attempt:
                return False
            is_new, self._seen = version != self._seen, version
            return self._load(self._path, is_new=is_new)
        finally:
            self._building.release()

    def add(self, word: UserWord) -> None:
        """Add a word for as long as this program runs; it takes precedence over one of the file.

        Raises:
            OSError: the disk has no room for the compiled words; the word is not added.
            RuntimeError: MeCab cannot compile the words; the word is not added.
        """
        with self._building:
            added = self._added | {word.surface: word}
            self._snapshot = _compile(self._contents, added)
            self._added = added

    def _load(self, path: Path, *, is_new: bool) -> bool:
        try:
            contents = user_words.read(path)
            self._snapshot = _compile(contents, self._added)
        except (OSError, RuntimeError) as error:  # the disk is full, or the file is a folder: speech goes on
            self._next_attempt = time.monotonic() + RETRY_SECONDS
            if is_new:
                _LOGGER.warning("%s: cannot be loaded: %s: the words stay as they were until it can", path, error)
            return False
        self._contents, self._next_attempt = contents, math.inf
        for problem in contents.problems:
            _LOGGER.warning("%s", problem)
        return True


def _compile(contents: Contents, added: dict[str, UserWord]) -> Snapshot:
    entries = {word.surface: word for word in contents.entries} | added
    return Snapshot(
        compiled(entries.values()) if entries else None,
        _shelter(entries),
        _by_beginning(entries),
    )


def _by_beginning(surfaces: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for surface in surfaces:
        found[surface[0]] = (*found.get(surface[0], ()), surface)
    return found


def _shelter(surfaces: Iterable[str]) -> re.Pattern[str] | None:
    """Match these words in a text: longest first, in either width, never inside a longer Latin word."""
    touched = sorted((word for word in surfaces if _TOUCHED_BY_RULES.search(word)), key=len, reverse=True)
    if not touched:
        return None
    # Grouped, as thousands of alternatives tried one by one at each character would cost more than reading.
    groups: dict[str, list[str]] = {}
    for word in touched:
        groups.setdefault(word[0], []).append(_word_pattern(word))
    return re.compile("|".join(f"(?={_either_width(first)})(?:{'|'.join(these)})" for first, these in groups.items()))


def _word_pattern(surface: str) -> str:
    chars = "".join(_either_width(char) for char in surface)
    return _edge(surface[0], "(?<!{})") + chars + _edge(surface[-1], "(?!{})")


def _either_width(char: str) -> str:
    if "!" <= char <= "~":
        return f"[{re.escape(char)}{chr(ord(char) + 0xFEE0)}]"
    return r"[ \u3000]" if char == " " else re.escape(char)


def _edge(char: str, look: str) -> str:
    if char.isascii() and char.isalpha():
        return look.format("[A-Za-zＡ-Ｚａ-ｚ]")
    return look.format("[0-9０-９]") if char.isascii() and char.isdigit() else ""


def compiled(entries: Iterable[UserWord]) -> "OpenJTalk":
    """Make an Open JTalk that reads ``entries`` as they say, whatever its rules would make of them."""
    # Imported here as it takes a third of a second, and not everybody has words.
    import pyopenjtalk
    from pyopenjtalk.openjtalk import OpenJTalk

    plain = OpenJTalk(dn_mecab=pyopenjtalk.OPEN_JTALK_DICT_DIR)
    with tempfile.TemporaryDirectory(prefix="hayakoe-words-") as directory:
        source, binary = Path(directory, "words.csv"), Path(directory, "words.dic")
        source.write_text("".join(row for word in entries for row in _rows(word, plain)), encoding="utf-8")
        with _compiling, _quiet_stdout():
            pyopenjtalk.mecab_dict_index(str(source), str(binary))
        # The file is mapped when this returns, so it may go; Windows, where it may not, is not served.
        return OpenJTalk(
            dn_mecab=pyopenjtalk.OPEN_JTALK_DICT_DIR,
            userdic=os.fsencode(binary),
            userdic_reading_protection=[True],
        )


def _rows(word: UserWord, plain: "OpenJTalk") -> Iterator[str]:
    """Write Open JTalk's rows for a word: as a noun, and in each way in which its dictionary has it.

    A row that takes its contexts and cost from the dictionary's own competes with exactly that one, so that
    金 is read anew and 金曜日 stays; one fixed cost would do either too little or too much.
    """
    surface = plain.normalize_for_mecab(word.surface)
    lead = _PRIORITY_STEP * (word.priority - _EVEN_PRIORITY)
    ways: dict[tuple[int, int, str], int] = {}  # contexts and part of speech → cost
    # A short word is in the dictionary in many ways; a longer one seldom in more than one.
    paths = plain.run_mecab_nbest_features(surface, 32 if len(surface) < 3 else 16)
    for path in paths:
        morphs = path["morphs"]
        if len(morphs) == 1 and not morphs[0]["is_unknown"]:
            morph = morphs[0]
            speech = _part_of_speech(plain.run_njd_from_mecab(path["features"]))
            if speech and not speech.startswith("名詞,数"):  # 十 as a name must stay a numeral in 三十
                way = (morph["left_id"], morph["right_id"], speech)
                ways[way] = min(morph["word_cost"], ways.get(way, morph["word_cost"]))
    if _NOUN not in ways and (lead >= 0 or not ways):
        alone = min((path["path_cost"] for path in paths), default=_NEW_WORD_COST)
        ways[_NOUN] = min(alone, _NEW_WORD_COST)
    for (left, right, speech), cost in ways.items():
        compound = ("C1" if word.accent else "C2") if speech.startswith("名詞") else "*"
        fields = (
            surface, left, right, max(_LOWEST_COST, cost - lead), speech, surface, word.reading, word.reading,
            f"{word.accent}/{len(split(word.reading))}", compound,
        )  # fmt: skip
        yield ",".join(map(str, fields)) + "\n"


def _part_of_speech(features: list["NJDFeature"]) -> str:
    """Return a word's part of speech, its groups, conjugation type and form; empty for anything but one word.

    Fields by name: the columns of MeCab's features have moved between versions of pyopenjtalk-plus.
    """
    if len(features) != 1:
        return ""
    (word,) = features
    return ",".join(
        (word["pos"], word["pos_group1"], word["pos_group2"], word["pos_group3"], word["ctype"], word["cform"])
    )


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
