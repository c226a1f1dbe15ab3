"""Values that text, engine and speaker share: the reading of one utterance, and the parameters of its synthesis."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import index
from typing import TYPE_CHECKING, Any, TypedDict

from wyoming_hayakoe.errors import UsageError

if TYPE_CHECKING:
    from pyopenjtalk.types import NJDFeature

RANGES: Mapping[str, tuple[float, float]] = {
    "style_weight": (0.0, 20.0),
    "speed": (0.2, 5.0),
    "pitch_scale": (0.5, 2.0),
    "intonation_scale": (0.0, 2.0),
    "sdp_ratio": (0.0, 1.0),
    "noise": (0.0, 2.0),
    "noise_w": (0.0, 2.0),
    "volume": (0.0, 4.0),
    "sentence_silence": (0.0, 10.0),
    "lead_silence": (0.0, 10.0),
}
"""Least and greatest value of each number of :class:`SynthesisParams`; beyond them a voice produces noise."""


def in_range(name: str, value: float) -> float:
    """Return the nearest value that a number of :class:`SynthesisParams` may have."""
    low, high = RANGES[name]
    return min(max(value, low), high)


@dataclass(frozen=True, slots=True)
class SynthesisParams:
    """Parameters of a synthesis; a voice ignores those for which it has no use.

    Raises:
        UsageError: a number is out of its range, or a value is of another type. The style is checked by the voice.
    """

    style: str | None = None
    """One of the voice's styles; None is its first."""

    style_weight: float = 1.0
    """Weight of the style: 0 is the voice's mean style, 1 the style itself; more exaggerates the style."""

    speed: float = 1.0
    """Length scale, as in HayaKoe: 0.9 is faster, 1.2 is slower."""

    pitch_scale: float = 1.0
    """Factor on the fundamental frequency: 0.9 is lower, 1.1 is higher."""

    intonation_scale: float = 1.0
    """Factor on the pitch's deviation from its mean: 0 is monotone, 1.2 is livelier."""

    accent: bool = True
    """Whether Tokyo word accent is put on the pitch of a voice that does not follow it; only Kokoro's do not."""

    sdp_ratio: float = 0.2
    """Share of the stochastic duration predictor in the phone durations, between 0 and 1."""

    noise: float = 0.6
    """Scale of the noise from which the sound is sampled."""

    noise_w: float = 0.8
    """Scale of the noise of the stochastic duration predictor."""

    seed: int | None = None
    """Seed of the noise: the same seed and text give the same sound; None is a new seed each time."""

    speaker_id: int = 0
    """Index of the speaker in a voice that was trained with several."""

    # No voice reads the last three: they are applied to its sound, in narration.py.

    volume: float = 1.0
    """Factor on the level: 0 is silent, 2 is 6 dB louder; peaks that would be over full scale are attenuated."""

    sentence_silence: float = 0.0
    """Seconds of silence between two sentences, beyond what the voice rests there."""

    lead_silence: float = 0.0
    """Seconds of silence before the first sound of a text, for players that swallow the first word."""

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            if not _is_between(getattr(self, name), low, high):
                raise UsageError(f"{name}: {getattr(self, name)!r} is not a number from {low:g} to {high:g}")
        if not isinstance(self.accent, bool):
            raise UsageError(f"accent: {self.accent!r} is not true or false")
        if self.seed is not None and not _is_natural(self.seed):
            raise UsageError(f"seed: {self.seed!r} is not a whole number from 0")
        if not _is_natural(self.speaker_id):
            raise UsageError(f"speaker_id: {self.speaker_id!r} is not a whole number from 0")


class ParamChanges(TypedDict, total=False):
    """Fields of :class:`SynthesisParams` that one call overrides."""

    style: str | None
    style_weight: float
    speed: float
    pitch_scale: float
    intonation_scale: float
    accent: bool
    sdp_ratio: float
    noise: float
    noise_w: float
    seed: int | None
    speaker_id: int
    volume: float
    sentence_silence: float
    lead_silence: float


@dataclass(frozen=True, slots=True)
class Mora:
    """One mora: the unit of Japanese rhythm, which carries pitch."""

    kana: str
    """Katakana as pronounced: ``キャ``, ``ン``, ``ッ``, or ``ー`` for a lengthened vowel."""

    phones: tuple[str, ...]
    """One to three JP-Extra phones: ``("ky", "a")``."""

    high: bool
    """True where the pitch is high."""

    devoiced: bool = False
    """True where its vowel is whispered (the ス of です); only Open JTalk's voices follow it."""


@dataclass(frozen=True, slots=True)
class WantedProsody:
    """What somebody has decided about one phone; None leaves it to the voice."""

    seconds: float | None = None
    """Its length at a length scale of 1."""

    pitch: float | None = None
    """Its fundamental frequency in Hz at a pitch scale of 1, on the scale of :attr:`Prosody.pitches`."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word or mark with its reading; the words of an utterance are in the order of its text."""

    surface: str
    """Its characters in the BERT text; for a word that is not read, its characters in the input text."""

    reading: str
    """Katakana as pronounced (``トーキョー``); empty for marks and for what is not read."""

    phones: tuple[str, ...]
    """Its phones, or its punctuation phones; empty for what is not read."""

    morae: tuple[Mora, ...]
    """Its morae with their pitch; empty for marks and for what is not read."""

    accent: int | None
    """Accent nucleus, in morae, of the accent phrase that this word begins, 0 if it is flat; None inside a phrase."""

    source: str
    """The rule or dictionary that gave the reading; the names are in ``text/phonemes.py``."""

    rival: str = ""
    """Katakana that Open JTalk's dictionary gave, where a table of names or Sudachi overruled it; else empty."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """The reading of one text.

    ``sum(word2ph) == len(phones) == len(tones)`` and ``len(word2ph) == len(bert_text) + 2`` always hold.
    """

    text: str
    """The input text, unchanged."""

    phones: tuple[str, ...]
    """JP-Extra phones, ``_`` at both ends."""

    tones: tuple[int, ...]
    """One per phone: 1 high, 0 low; 0 for marks and ``_``."""

    word2ph: tuple[int, ...]
    """Number of phones per character of ``bert_text``, with a 1 for each end; a count may be 0."""

    bert_text: str
    """Concatenation of the words that are read, one BERT token per character; NFKC does not change it."""

    words: tuple[Word, ...]
    """All words and marks of the text, including those that are not read."""

    features: Sequence["NJDFeature"] = field(default=(), repr=False, compare=False)
    """Open JTalk's features of the same words, from which the built-in voice makes its labels."""

    wanted: tuple[WantedProsody, ...] = ()
    """Empty, or one for each of ``phones``."""

    @property
    def reading(self) -> str:
        """Concatenation of the words' readings: katakana without marks."""
        return "".join(word.reading for word in self.words)


@dataclass(frozen=True, slots=True)
class Prosody:
    """Rhythm and melody that a voice gives an utterance, before its sound is computed."""

    seconds: tuple[float, ...]
    """Length of each of the utterance's phones at a length scale of 1, the rests ``_`` at its ends included."""

    pitches: tuple[float, ...]
    """Fundamental frequency of each phone in Hz at a pitch scale of 1; 0 where there is none, as in marks."""


def placed_morae(utterance: Utterance) -> Iterator[tuple[Mora | None, range]]:
    """Yield each mora with the places of its phones in the utterance, and each run of marks as one, without a mora."""
    place = 1
    spoken = [word for word in utterance.words if word.phones]
    for is_word, run in groupby(spoken, key=lambda word: bool(word.morae)):
        words = list(run)
        if not is_word:
            count = sum(len(word.phones) for word in words)
            yield None, range(place, place + count)
            place += count
            continue
        for mora in (mora for word in words for mora in word.morae):
            yield mora, range(place, place + len(mora.phones))
            place += len(mora.phones)


# Callers may have no type checker, and a number may be one of JSON or NumPy.
def _is_between(value: Any, low: float, high: float) -> bool:
    try:
        return bool(low <= value <= high)
    except (TypeError, ValueError):
        return False


def _is_natural(value: Any) -> bool:
    try:
        return index(value) >= 0
    except TypeError:
        return False
