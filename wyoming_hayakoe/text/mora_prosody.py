"""Lengths and pitches by mora, as people see and change them, from and to those by phone that voices know."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from wyoming_hayakoe.utterance import Prosody, Utterance, WantedProsody, Word

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
    for word, places in _placed(utterance):
        if word is None:
            if morae:
                rests.append(sum(prosody.seconds[place] for place in places))
            continue
        start = places.start
        for mora in word.morae:
            stop = start + len(mora.phones)
            consonant = sum(prosody.seconds[start : stop - 1]) if stop - start > 1 else None
            morae.append(MoraProsody(consonant, prosody.seconds[stop - 1], prosody.pitches[stop - 1]))
            start = stop
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
    for word, places in _placed(utterance):
        if word is None:
            if has_spoken and (seconds := next(next_rest, None)) is not None:
                for place in places:
                    wanted[place] = WantedProsody(seconds / len(places))
            continue
        has_spoken = True
        place = places.start
        for mora in word.morae:
            for each in _wanted(next(next_mora), len(mora.phones)):
                wanted[place] = each
                place += 1
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


def _placed(utterance: Utterance) -> Iterator[tuple[Word | None, range]]:
    """Yield each word with the places of its phones in the utterance, and each run of marks as one, without a word."""
    place = 1
    spoken = [word for word in utterance.words if word.phones]
    for is_word, run in groupby(spoken, key=lambda word: bool(word.morae)):
        words = list(run)
        if not is_word:
            count = sum(len(word.phones) for word in words)
            yield None, range(place, place + count)
            place += count
            continue
        for word in words:
            yield word, range(place, place + len(word.phones))
            place += len(word.phones)
