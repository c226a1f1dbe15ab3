"""Lengths and pitches that a speaker of Tokyo Japanese gives an utterance, for what a voice cannot tell of itself.

The values are round means of read speech at some eight morae a second. Only their ratios to what is wanted act.
"""

from math import exp

from wyoming_hayakoe.symbols import PAD, PUNCTUATION
from wyoming_hayakoe.utterance import Mora, Prosody, Utterance, placed_morae

_MEAN = 220.0
"""Hz in the middle of a voice; most open voices are women's."""

# In natural logarithms of the frequency: high over low is 4 semitones, a phrase falls by 2 in ten morae, a question's
# last mora rises by 5.
_STEP = 0.23
_DECLINATION = 0.012
_LEAST_DECLINED = -0.25
_RISE = 0.29

_SECONDS = {"N": 0.09, "q": 0.1, ",": 0.3, ".": 0.4, "!": 0.4, "?": 0.4, "…": 0.4, "-": 0.3, "'": 0.0, PAD: 0.1}
_VOWEL, _CONSONANT = 0.085, 0.055
_VOWELS = frozenset("aiueo")


def has_pitch(mora: Mora) -> bool:
    """Return whether anything vibrates in a mora."""
    return not mora.devoiced and mora.phones != ("q",)


def nominal_prosody(utterance: Utterance) -> Prosody:
    """Return usual lengths and pitches of an utterance."""
    return Prosody(tuple(map(_seconds, utterance.phones)), nominal_pitches(utterance))


def nominal_pitches(utterance: Utterance) -> tuple[float, ...]:
    """Return the usual pitch of each phone in Hz, the same for all phones of a mora; 0 where there is none."""
    pitches = [0.0] * len(utterance.phones)
    passed = 0
    last: range | None = None
    for mora, places in placed_morae(utterance):
        if mora is None:
            if last is not None and any(utterance.phones[place] == "?" for place in places):
                _raise(pitches, last)
            passed = 0
            continue
        if has_pitch(mora):
            declined = max(_LEAST_DECLINED, -_DECLINATION * passed)
            _give(pitches, places, _MEAN * exp(_STEP * (mora.high - 0.5) + declined))
        passed += 1
        last = places
    return tuple(pitches)


def _seconds(phone: str) -> float:
    return _SECONDS.get(phone, _VOWEL if phone in _VOWELS else _CONSONANT if phone not in PUNCTUATION else 0.0)


def _give(pitches: list[float], places: range, pitch: float) -> None:
    for place in places:
        pitches[place] = pitch


def _raise(pitches: list[float], places: range) -> None:
    _give(pitches, places, pitches[places.start] * exp(_RISE))
