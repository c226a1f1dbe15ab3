"""Lengths and pitches by mora, as people see and change them, from and to those by phone that voices know."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wyoming_hayakoe.utterance import Prosody, Utterance, WantedProsody, placed_morae

_NOTHING = WantedProsody()


@dataclass(frozen=True, slots=True)
class MoraProsody:
    """Length and pitch of one mora."""

    consonant: float | None
    """Seconds before its vowel; None where it is a vowel, ン or ッ alone."""

    vowel: float
    """Seconds of its vowel, or of ン or ッ."""

    pitch: float
    """Fundamental frequency in Hz; 0 where it has none."""


def by_mora(utterance: Utterance, prosody: Prosody) -> tuple[tuple[MoraProsody, ...], tuple[float, ...]]:
    """Return lengths and pitches of the morae of a sentence, and the seconds of each run of marks behind the first."""
    morae: list[MoraProsody] = []
    rests: list[float] = []
    for mora, places in placed_morae(utterance):
        *consonants, vowel = places
        if mora is not None:
            consonant = sum(prosody.seconds[place] for place in consonants) if consonants else None
            morae.append(MoraProsody(consonant, prosody.seconds[vowel], prosody.pitches[vowel]))
        elif morae:
            rests.append(sum(prosody.seconds[place] for place in places))
    return tuple(morae), tuple(rests)


def wanted_of(
    utterance: Utterance, morae: Sequence[MoraProsody | None], rests: Sequence[float | None] = ()
) -> tuple[WantedProsody, ...]:
    """Return what is wanted of each phone of a sentence.

    Args:
        utterance: the sentence.
        morae: what is wanted of each of its morae; None, or a pitch of 0, leaves that to the voice.
        rests: seconds of each run of marks behind the first mora; None, or one that is missing, as well.

    Raises:
        ValueError: there are not as many as morae.
    """
    if len(morae) != sum(len(word.morae) for word in utterance.words):
        raise ValueError(f"{len(morae)} lengths and pitches are not as many as there are morae")
    wanted = [_NOTHING] * len(utterance.phones)
    next_mora, next_rest = iter(morae), iter(rests)
    has_spoken = False
    for mora, places in placed_morae(utterance):
        if mora is not None:
            has_spoken = True
            wanted[places.start : places.stop] = _wanted(next(next_mora), len(places))
        elif has_spoken and (seconds := next(next_rest, None)) is not None:
            wanted[places.start : places.stop] = [WantedProsody(seconds / len(places))] * len(places)
    return tuple(wanted)


def _wanted(mora: MoraProsody | None, phones: int) -> Iterator[WantedProsody]:
    """Yield what is wanted of the phones of a mora."""
    if mora is None:
        yield from [_NOTHING] * phones
        return
    pitch = mora.pitch or None
    for _ in range(phones - 1):
        yield WantedProsody(None if mora.consonant is None else mora.consonant / (phones - 1), pitch)
    yield WantedProsody(mora.vowel, pitch)
