"""Utterance → the symbols that Kokoro v1.0 was trained with.

The symbols are those of misaki 0.7 for Japanese (https://github.com/hexgrad/misaki, ``ja.py``). Each comes from a phone
and the vowel after it, so that numbers, English and the user's words are read as by every other voice. The alphabet
holds no accent: ``melody.py`` puts it on the pitch.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise

from wyoming_hayakoe.utterance import Mora, Utterance, Word

LONGEST = 480
"""Symbols of one line; the model takes 510, and a sentence that is divided should keep its room."""

_VOWELS = {"a": "a", "i": "i", "u": "ɯ", "e": "e", "o": "o"}

_CONSONANTS = {
    "k": "k", "g": "ɡ", "s": "s", "z": "ʣ", "t": "t", "d": "d", "n": "n", "h": "h", "b": "b", "p": "p", "m": "m",
    "y": "j", "r": "ɾ", "w": "β", "f": "ɸ", "v": "v", "ts": "ʦ", "sh": "ɕ", "j": "ʥ", "ch": "ʨ", "ny": "ɲ", "hy": "ç",
    "ky": "kʲ", "gy": "ɡʲ", "by": "bʲ", "py": "pʲ", "my": "mʲ", "ry": "ɾʲ", "ty": "tʲ", "dy": "dʲ",
}  # fmt: skip
"""Consonant → its symbols before a vowel that the tables below do not name."""

_BEFORE_I = {
    "k": "kʲ", "g": "ɡʲ", "t": "tʲ", "d": "dʲ", "n": "ɲ", "h": "ç", "b": "bʲ", "p": "pʲ", "m": "mʲ", "r": "ɾʲ",
    "f": "ɸʲ", "v": "vʲ", "z": "z", "ts": "ʦʲ",
}  # fmt: skip

_BEFORE_U = {"z": "z"}

_CENTRAL_U = "ɨ"
_BEFORE_CENTRAL_U = frozenset(
    {"s", "z", "ts", "sh", "j", "ch", "ny", "hy", "ky", "gy", "by", "py", "my", "ry", "ty", "dy"}
)
"""Consonants after which u is spoken further to the front: ス, ツ, キュ."""

_GLIDES = {"u": "ᵝ", "w": "ᵝ", "y": "ʲ"}
"""Second phone of three: クァ is k u a, フュ is f y u."""

_LONG = "ː"
_GEMINATE = "ʔ"
_NASALS = {
    **dict.fromkeys("mpb", "m"),
    **dict.fromkeys("kɡ", "ŋ"),
    **dict.fromkeys("ɲʨʥ", "ɲ"),
    **dict.fromkeys("ntdɾz", "n"),
}
"""First symbol after ン → the symbol of ン."""
_NASAL = "ɴ"

_MARKS = {"!": "!", "?": "?", "…": "…", ",": ",", ".": ".", "-": "—", "'": ""}
"""Punctuation phone → its symbol. A quotation mark has none: its phone does not say whether it opens or closes."""

_MOST_MARKS = 3
"""How often each mark is written in a row of marks; the model makes noise of many."""

_LONGEST_WORD = 14
"""Characters of what is joined; three of the 147,570 entries of the word list have more."""

_SPACE = " "


@dataclass(frozen=True, slots=True)
class SpokenMora:
    """One mora of a line and its place among the symbols."""

    start: int
    """Position of its first symbol."""

    stop: int
    """Position behind its last symbol."""

    high: bool
    """True where the pitch is high."""

    phrase: int
    """Number of its accent phrase, or of what a mark cuts off of it, counted from the start of the utterance."""

    kana: str
    """Katakana as pronounced."""

    phones: tuple[str, ...]
    """Its JP-Extra phones."""


@dataclass(frozen=True, slots=True)
class PhoneSpan:
    """One phone of a line, or one mark, and its place among the symbols."""

    phone: str
    """A JP-Extra phone."""

    start: int
    """Position of its first symbol."""

    stop: int
    """Position behind its last symbol, or behind the space after it; equal to ``start`` where it has none."""


@dataclass(frozen=True, slots=True)
class Line:
    """What the model speaks in one go."""

    symbols: str
    """At most :data:`LONGEST` characters of the model's vocabulary; empty where there is nothing to say."""

    morae: tuple[SpokenMora, ...]
    """Its morae in order."""

    phones: tuple[PhoneSpan, ...]
    """Its phones and marks in order; their spans cover all symbols, without gaps."""


@dataclass(frozen=True, slots=True)
class _Sound:
    """One mora or mark."""

    symbols: str
    phones: tuple[tuple[str, int], ...]
    """Each phone and its number of symbols."""
    mora: Mora | None
    phrase: int


_Unit = tuple[_Sound, ...]
"""What is written without a space inside: words that are spoken as one, or one mark."""


def line(utterance: Utterance, words: Collection[str] = ()) -> Line:
    """Write a sentence as the model's symbols.

    Args:
        utterance: the sentence.
        words: what was written as one word when the model was trained (misaki's ``ja_words.txt``); other words stand
            apart as the front end cut them.
    """
    return _line(list(_units(utterance, words)))


def divided(utterance: Utterance, words: Collection[str] = (), longest: int = LONGEST) -> tuple[Line, ...]:
    """Write a sentence as lines of at most ``longest`` symbols (8 or more).

    A sentence that is too long is cut behind marks, else between words, else between morae. The phones of all lines
    are those of the utterance without its ends.
    """
    lines: list[Line] = []
    current: list[_Unit] = []
    for unit in _units(utterance, words):
        for part in _parts(unit, longest):
            while current and _size([*current, part]) > longest:
                end = _last_cut(current)
                lines.append(_line(current[:end]))
                current = current[end:]
            current.append(part)
    return (*lines, _line(current))


def _units(utterance: Utterance, words: Collection[str]) -> Iterator[_Unit]:
    """Yield the sentence's units in order."""
    phrase = -1
    for is_spoken, run in groupby((word for word in utterance.words if word.phones), key=lambda word: bool(word.morae)):
        if is_spoken:
            for group in _groups(list(run), words):
                sounds, phrase = _spoken(group, phrase)
                yield sounds
        else:
            yield from _marks([phone for word in run for phone in word.phones])
            phrase += 1


def _groups(run: Sequence[Word], words: Collection[str]) -> Iterator[Sequence[Word]]:
    """Join the longest sequences of words that ``words`` has as one."""
    start = 0
    while start < len(run):
        surfaces = accumulate(word.surface for word in run[start : start + _LONGEST_WORD])
        joined = [surface for surface in surfaces if len(surface) <= _LONGEST_WORD][1:]
        known = [count for count, surface in enumerate(joined, 2) if surface in words]
        stop = start + max(known, default=1)
        yield run[start:stop]
        start = stop


def _spoken(group: Sequence[Word], phrase: int) -> tuple[_Unit, int]:
    """Return the morae of words that are spoken as one, and the phrase that the last belongs to."""
    morae: list[tuple[Mora, int]] = []
    for word in group:
        phrase += word.accent is not None
        morae += [(mora, phrase) for mora in word.morae]
    sounds: list[_Sound] = []
    for mora, number in reversed(morae):
        symbols = mora_symbols(mora, following=sounds[-1].symbols if sounds else "")
        counts = tuple(zip(mora.phones, map(len, symbols), strict=True))
        sounds.append(_Sound("".join(symbols), counts, mora, number))
    return tuple(reversed(sounds)), phrase


def mora_symbols(mora: Mora, following: str = "") -> tuple[str, ...]:
    """Return the symbols of each phone of a mora; ``following`` are those of the next mora of its word."""
    if mora.kana == "ー":
        return (_LONG,)
    match mora.phones:
        case ("q",):
            return (_GEMINATE,)
        case ("N",):
            return (_NASALS.get(following[:1], _NASAL),)
        case (vowel,):
            return (_VOWELS[vowel],)
        case (consonant, vowel):
            return _consonant(consonant, vowel), _vowel(consonant, vowel)
        case (consonant, glide, vowel):
            return _CONSONANTS[consonant], _GLIDES[glide], _vowel("ky" if glide == "y" else consonant, vowel)
    raise KeyError(mora.phones)


def _consonant(consonant: str, vowel: str) -> str:
    special = {"i": _BEFORE_I, "u": _BEFORE_U}.get(vowel, {})
    return special.get(consonant, _CONSONANTS[consonant])


def _vowel(consonant: str, vowel: str) -> str:
    return _CENTRAL_U if vowel == "u" and consonant in _BEFORE_CENTRAL_U else _VOWELS[vowel]


def _marks(phones: Sequence[str]) -> Iterator[_Unit]:
    """Yield one unit for each mark of a row of marks; what comes too often has no symbol."""
    for index, phone in enumerate(phones):
        symbol = _MARKS[phone] if phones[:index].count(phone) < _MOST_MARKS else ""
        yield (_Sound(symbol, ((phone, len(symbol)),), mora=None, phrase=-1),)


def _is_mark(unit: _Unit) -> bool:
    return unit[0].mora is None


def _parts(unit: _Unit, longest: int) -> Iterator[_Unit]:
    """Cut a unit that no line can hold, between its morae."""
    part: _Unit = ()
    for sound in unit:
        if part and _size([(*part, sound)]) > longest:
            yield part
            part = ()
        part = (*part, sound)
    yield part


def _size(units: Sequence[_Unit]) -> int:
    """Return the most symbols that units may take, with the spaces between them."""
    return len(units) - 1 + sum(len(sound.symbols) for unit in units for sound in unit)


def _last_cut(units: Sequence[_Unit]) -> int:
    """Return where to end a line that is full: behind the last mark of its second half, else at its end."""
    later = range(len(units), len(units) // 2, -1)
    return next((end for end in later if _is_mark(units[end - 1])), len(units))


def _line(units: Sequence[_Unit]) -> Line:
    """Write units one after another."""
    symbols = ""
    morae: list[SpokenMora] = []
    starts: list[tuple[str, int]] = []
    for unit in units:
        symbols += _joint(symbols, unit)
        for sound in unit:
            start = len(symbols)
            if sound.mora is not None:
                mora, stop = sound.mora, start + len(sound.symbols)
                morae.append(SpokenMora(start, stop, mora.high, sound.phrase, mora.kana, mora.phones))
            for phone, count in sound.phones:
                starts.append((phone, len(symbols)))
                symbols += sound.symbols[len(symbols) - start :][:count]
    return Line(symbols, tuple(morae), tuple(_spans(starts, len(symbols))))


def _joint(symbols: str, unit: _Unit) -> str:
    """Return what stands between the symbols so far and a unit: a space before each word, but not at a geminate."""
    first = unit[0].symbols[:1]
    if not symbols or _is_mark(unit) or first == _LONG or symbols[-1] == _GEMINATE:
        return ""
    return "" if first == _GEMINATE and symbols[-1] not in _MARKS.values() else _SPACE


def _spans(starts: Sequence[tuple[str, int]], end: int) -> Iterator[PhoneSpan]:
    """Let each phone reach to the next, so that a space belongs to what stands before it."""
    for (phone, start), (_, stop) in pairwise([*starts, ("", end)]):
        yield PhoneSpan(phone, start, stop)
