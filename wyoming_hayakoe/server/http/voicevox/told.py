"""What this server has told lately: words of sentences, and accents of pitches, which VOICEVOX's JSON cannot carry.

- Voices with a BERT want a sentence as it is written. Its words are found again by its katakana.
- Pitches are told with an accent. Where a client changes the accent and sends the old pitches along, they are left to
  the voice, as the accent is what was changed.

Without it (after a restart, or on another replica) katakana stand for words, and pitches count as they are sent.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from wyoming_hayakoe.server.http.voicevox.phrases import SpokenPhrase
from wyoming_hayakoe.text.accent_phrases import AccentPhrase, PhraseWord
from wyoming_hayakoe.text.mora_prosody import MoraProsody

_SENTENCES = 1_000
_PHRASES = 10_000
_DIGITS = 4

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memory:
    """The last sentences and phrases that were told. Safe to use from several threads."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._sentences: _Latest[str, tuple[AccentPhrase, ...]] = _Latest(_SENTENCES)
        self._words: _Latest[str, tuple[PhraseWord, ...]] = _Latest(_PHRASES)
        self._accents: _Latest[int, int] = _Latest(_PHRASES)

    def learn(self, style: int, sentence: Sequence[SpokenPhrase]) -> None:
        """Remember a sentence as it is told to a client, spoken in a style."""
        self._sentences.put(_kana(sentence), tuple(spoken.phrase for spoken in sentence))
        for spoken in sentence:
            if spoken.phrase.words:
                self._words.put(spoken.kana, spoken.phrase.words)
            self._accents.put(_melody(style, spoken), spoken.phrase.accent)

    def recalled(self, style: int, sentence: Sequence[SpokenPhrase]) -> list[SpokenPhrase]:
        """Return a sentence that a client sent, with its words, and without pitches of another accent."""
        told = self._sentences.get(_kana(sentence))
        phrases = [spoken.phrase for spoken in sentence]
        if told is not None:
            phrases = list(_rewritten(phrases, told))
        else:
            phrases = [replace(phrase, words=self._words.get(_spelled(phrase)) or ()) for phrase in phrases]
        return [
            replace(spoken, phrase=phrase, morae=self._without_stale(style, spoken))
            for spoken, phrase in zip(sentence, phrases, strict=True)
        ]

    def _without_stale(self, style: int, spoken: SpokenPhrase) -> tuple[MoraProsody | None, ...]:
        told = self._accents.get(_melody(style, spoken))
        if told is None or told == spoken.phrase.accent:
            return spoken.morae
        return tuple(mora and replace(mora, pitch=0.0) for mora in spoken.morae)


class _Latest(Generic[Key, Value]):
    """A table that keeps the entries that were used last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, key: Key, value: Value) -> None:
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            if len(self._entries) > self._most:
                self._entries.popitem(last=False)

    def get(self, key: Key) -> Value | None:
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)


def _spelled(phrase: AccentPhrase) -> str:
    return "".join(mora.kana for mora in phrase.morae)


def _kana(sentence: Sequence[SpokenPhrase]) -> str:
    return "".join(spoken.kana for spoken in sentence)


def _melody(style: int, spoken: SpokenPhrase) -> int:
    pitches = tuple(round(mora.pitch, _DIGITS) if mora else None for mora in spoken.morae)
    return hash((style, spoken.kana, pitches))


def _rewritten(phrases: Sequence[AccentPhrase], told: Sequence[AccentPhrase]) -> Iterator[AccentPhrase]:
    """Yield phrases with the words that were told for the same morae; their boundaries may have moved."""
    words = [word for phrase in told for word in phrase.words]
    if sum(word.morae for word in words) != sum(len(phrase.morae) for phrase in phrases):
        words = [PhraseWord("", len(phrase.morae)) for phrase in phrases]
    for number, phrase in enumerate(phrases, start=1):
        own: list[PhraseWord] = []
        room = len(phrase.morae)
        while room:
            word = words.pop(0)
            if word.morae > room:
                # A boundary inside a word: what is behind it is written in katakana.
                words.insert(0, PhraseWord("", word.morae - room))
                word = PhraseWord(word.surface, room, word.source)
            own.append(word)
            room -= word.morae
        is_last = number == len(phrases)
        mark = told[-1].mark if is_last and "？" not in phrase.mark + told[-1].mark else phrase.mark
        yield replace(phrase, words=tuple(own), mark=mark)
