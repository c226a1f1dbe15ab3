"""Rhythm and melody of a line: the network's own with the accent on it, what they are told as, and what is wanted.

A line is made longer or shorter in frames of 25 ms, between the network's prosody and its sound: what is spoken in a
frame is repeated or left out, and the curves of pitch and energy are stretched. A wanted pitch is a factor on the
curve, which passes from mora to mora.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.kokoro.melody import HIGHEST, LOWEST, VOICED, melody
from wyoming_hayakoe.engine.kokoro.phonemes import Line
from wyoming_hayakoe.engine.wanted_prosody import Factors, Wanted, WantedLength
from wyoming_hayakoe.symbols import PUNCTUATION
from wyoming_hayakoe.utterance import SynthesisParams

Array = npt.NDArray[np.float32]
_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]

SECONDS = 0.0125
"""Those of a point."""

_FRAMES = 2
"""Points in one frame of the durations."""

# The energy's level, in the network's own measure, over which there is speech: the room of a recording has -4 and less,
# silence -9. Consonants and devoiced vowels at either end reach a point or two over it.
_AUDIBLE = -2.5

# What is left of the silence at either end: 0.1 s.
_REST = 8


class Score(NamedTuple):
    """A line of T tokens, in F frames of 25 ms and P points of 12.5 ms."""

    durations: _Integers
    """Frames of each token [T], the two at the ends included."""

    text: Array
    """What is spoken in each frame [1, 512, F]."""

    f0: Array
    """In Hz [1, P]; under 55 nothing vibrates."""

    energy: Array
    """[1, P]."""


def bounds(energy: Array) -> tuple[int, int]:
    """Return the points between which a sentence sounds, with a tenth of a second before and behind.

    Args:
        energy: the curve that the network has predicted [P].
    """
    audible = np.flatnonzero(energy > _AUDIBLE)
    if not len(audible):
        return 0, len(energy)
    return max(0, int(audible[0]) - _REST), min(len(energy), int(audible[-1]) + 1 + _REST)


def spoken(score: Score, line: Line, params: SynthesisParams, factors: Factors | None = None) -> Score:
    """Return what the network has given with the pitch with which it is spoken.

    Args:
        score: the network's own.
        line: what is spoken.
        params: whether the accent is put on it, and how high and lively it is.
        factors: on the pitch, before the latter.
    """
    f0, scales = score.f0[0], {"pitch_scale": params.pitch_scale, "intonation_scale": params.intonation_scale}
    if factors is None:
        return score._replace(f0=_row(melody(f0, score.durations, line, accent=params.accent, **scales)))
    sung = melody(f0, score.durations, line, accent=params.accent)
    voiced = sung > VOICED
    changed = np.clip(sung * factors((np.arange(len(sung), dtype=np.float64) + 0.5) * SECONDS), LOWEST, HIGHEST).astype(
        np.float32
    )
    sung = np.where(voiced, changed, sung)
    return score._replace(f0=_row(melody(sung, score.durations, line, accent=False, **scales)))


def lengths(score: Score, line: Line) -> list[float]:
    """Return the seconds of a line's phones, with the rests at both ends."""
    found: list[float] = (np.diff(_places(score, line)) * SECONDS).tolist()
    return found


def pitches(sung: Score, line: Line) -> list[float]:
    """Return the pitch of each phone of a line in Hz, with the rests at its ends; 0 where nothing vibrates.

    All phones of a mora have the same.
    """
    ends = _FRAMES * np.cumsum(sung.durations)
    return [0.0, *_by_phone(line, [_mean(sung.f0[0, ends[mora.start] : ends[mora.stop]]) for mora in line.morae]), 0.0]


def followed(score: Score, line: Line, params: SynthesisParams, wanted: Wanted) -> Score:
    """Return what is spoken with the lengths and pitches that are wanted."""
    changed = _retimed(score, _places(score, line), wanted.lengths, SECONDS / params.speed)
    factors = None
    if any(wanted.pitches):
        own = spoken(score, line, replace(params, pitch_scale=1.0, intonation_scale=1.0))
        factors = wanted.factors(pitches(own, line), (_places(changed, line) * SECONDS).tolist())
    return spoken(changed, line, params, factors)


def _places(score: Score, line: Line) -> _Integers:
    """Return the points before the rest at the start, before each phone, before the rest at the end, and behind it.

    A line ends with its last sound, before the marks behind it.
    """
    start, stop = bounds(score.energy[0])
    ends = _FRAMES * np.cumsum(score.durations)
    inner = np.array([ends[0], *(ends[phone.stop] for phone in line.phones)])
    inner = np.clip(np.minimum(inner, max(stop - _REST, int(ends[0]))), start, stop)
    places: _Integers = np.concatenate([[start], inner, [stop]]).astype(np.int64)
    return places


def _by_phone(line: Line, by_mora: Sequence[float]) -> Iterator[float]:
    """Yield the pitch of each phone: that of its mora."""
    morae = iter(zip(line.morae, by_mora, strict=True))
    mora = next(morae, None)
    for phone in line.phones:
        if mora is None or phone.phone in PUNCTUATION:
            yield 0.0
            continue
        yield mora[1]
        if phone.stop >= mora[0].stop:
            mora = next(morae, None)


def _mean(curve: Array) -> float:
    """Return the mean of the voiced points on a scale of semitones."""
    voiced = curve[curve > VOICED]
    return float(np.exp(np.log(voiced).mean())) if len(voiced) else 0.0


def _retimed(score: Score, places: _Integers, wanted: Sequence[WantedLength], point: float) -> Score:
    """Return a line in which units have other lengths; one frame of each is left.

    The rests at both ends, which depend on what is audible, are the network's own.

    Args:
        score: the network's own.
        places: as :func:`_places` returns them.
        wanted: the lengths.
        point: seconds of a point at a length scale of 1.
    """
    stretches: list[tuple[int, int, int]] = []
    for length in wanted:
        start, stop = (int(places[each]) for each in (length.places.start, length.places.stop))
        first, last = start // _FRAMES, -(-stop // _FRAMES)
        more = round((length.seconds / point - (stop - start)) / _FRAMES)
        is_rest = length.places.start == 0 or length.places.stop == len(places) - 1
        if more and not is_rest and last > first >= (stretches[-1][1] if stretches else 0):
            stretches.append((first, last, max(1, last - first + more)))
    return _played(score, *_course(stretches, int(score.durations.sum()))) if stretches else score


def _course(stretches: Sequence[tuple[int, int, int]], total: int) -> tuple[_Floats, _Floats]:
    """Return the places that a longer or shorter line goes through, and its pace there, in frames of the line itself.

    Args:
        stretches: first frame, the one behind the last, and how many they become.
        total: frames of the line itself.
    """
    frames: list[_Floats] = []
    paces: list[_Floats] = []
    end = 0
    for first, last, count in (*stretches, (total, total, 0)):
        pace = (last - first) / max(1, count)
        frames += [np.arange(end, first, dtype=np.float64), np.linspace(first, last, count, endpoint=False)]
        frames[-1] += pace / 2 - 0.5
        paces += [np.ones(first - end), np.full(count, pace)]
        end = last
    return np.concatenate(frames), np.concatenate(paces)


def _played(score: Score, frames: _Floats, paces: _Floats) -> Score:
    """Return a line that goes through the places ``frames`` of another one, in its frames, with ``paces``."""
    nearest = np.clip(np.rint(frames), 0, score.text.shape[2] - 1).astype(np.int64)
    tokens = np.repeat(np.arange(len(score.durations)), score.durations)[nearest]
    # A frame has a point on either side of its middle.
    points = (np.stack([frames - paces / 4, frames + paces / 4], axis=1).reshape(-1) + 0.25) * _FRAMES
    return Score(
        np.bincount(tokens, minlength=len(score.durations)).astype(np.int64),
        np.ascontiguousarray(score.text[:, :, nearest]),
        _at(score.f0[0], points),
        _at(score.energy[0], points),
    )


def _at(curve: Array, points: _Floats) -> Array:
    """Return a curve at other points [1, P]: on lines, but in steps between a voiced and an unvoiced point of pitch."""
    points = np.clip(points, 0, len(curve) - 1)
    before = np.floor(points).astype(np.int64)
    after = np.minimum(before + 1, len(curve) - 1)
    share = points - before
    lines = curve[before] * (1 - share) + curve[after] * share
    is_edge = (curve[before] > VOICED) != (curve[after] > VOICED)
    return _row(np.where(is_edge, curve[np.rint(points).astype(np.int64)], lines).astype(np.float32))


def _row(curve: Array) -> Array:
    row: Array = curve.reshape(1, -1)
    return row
