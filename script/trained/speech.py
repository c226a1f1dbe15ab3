"""Speech to learn from: the built-in voice says a text at one pitch, and its phones are found in the sound.

At one pitch, the harmonics are in the same bands of every frame, so that means of many frames still have them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyworld
import soxr

from script.trained.mel import SAMPLE_RATE, SILENCE, Mel, mel_spectrum
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.symbols import PAD, PUNCTUATION
from wyoming_hayakoe.utterance import SynthesisParams, Utterance

PITCH = 230.0
"""Fundamental frequency in hertz, near the built-in voice's mean."""

_VOWELS = frozenset("aiueoN")
_RESTS = frozenset({PAD, *PUNCTUATION})
_ROUNDS = 6

Frames = npt.NDArray[np.int64]
"""Counts of frames."""


@dataclass(frozen=True)
class Spoken:
    """An utterance in sound."""

    utterance: Utterance

    mel: Mel
    """Its mel spectrum."""


def speak(utterance: Utterance, voice: OpenJTalkVoice) -> Spoken:
    """Return an utterance spoken by the built-in voice at one pitch."""
    sound = np.concatenate(list(voice.speak(utterance, SynthesisParams()).windows))
    return Spoken(utterance, mel_spectrum(monotone(soxr.resample(sound, voice.sample_rate, SAMPLE_RATE))))


def monotone(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return speech at 22,050 Hz with the pitch :data:`PITCH` wherever it has one; silence stays silence."""
    wave = sound.astype(np.float64)
    rough, times = pyworld.dio(wave, SAMPLE_RATE, allowed_range=0.2)
    pitch = pyworld.stonemask(wave, rough, times, SAMPLE_RATE)
    envelope = pyworld.cheaptrick(wave, pitch, times, SAMPLE_RATE)
    aperiodicity = pyworld.d4c(wave, pitch, times, SAMPLE_RATE)
    flat = pyworld.synthesize(np.where(pitch > 0, PITCH, 0.0), envelope, aperiodicity, SAMPLE_RATE)[: len(sound)]
    return np.where(sound[: len(flat)] == 0, 0.0, flat).astype(np.float32)


def align(all_spoken: Sequence[Spoken]) -> list[Frames]:
    """Return for each utterance the frames of its phones and of the blanks before them, [2 · phones], each at least 1.

    A phone is a state of a hidden Markov model with a mean spectrum, and a frame's cost is the squared distance from
    it. The means come from rough classes of frames at first, then in turn with the best path (Viterbi training). The
    blank before a phone is the first half of its frames.
    """
    paths = [_path(spoken, _class_means(spoken)) for spoken in all_spoken]
    for _ in range(_ROUNDS):
        means = _phone_means(all_spoken, paths)
        paths = [_path(spoken, means) for spoken in all_spoken]
    return [np.stack([path // 2, path - path // 2], axis=1).reshape(-1) for path in paths]


def _path(spoken: Spoken, means: Mapping[str, Mel]) -> Frames:
    """Return the frames of each phone, at least 2."""
    costs = [np.square(spoken.mel - means[phone][:, None]).sum(axis=0) for phone in spoken.utterance.phones]
    return best_path(np.repeat(costs, 2, axis=0)).reshape(-1, 2).sum(axis=1)


def _phone_means(all_spoken: Iterable[Spoken], paths: Iterable[Frames]) -> dict[str, Mel]:
    found: dict[str, list[Mel]] = {}
    for spoken, path in zip(all_spoken, paths, strict=True):
        parts = np.split(spoken.mel, np.cumsum(path)[:-1], axis=1)
        for phone, part in zip(spoken.utterance.phones, parts, strict=True):
            found.setdefault(phone, []).append(part)
    return {phone: np.concatenate(parts, axis=1).mean(axis=1) for phone, parts in found.items()}


def _class_means(spoken: Spoken) -> dict[str, Mel]:
    """Return rough means: silence for rests, the softer half of the sound for consonants, the louder for vowels."""
    level = spoken.mel.mean(axis=0)
    is_sound = level > SILENCE + 1
    is_loud = level > np.median(level[is_sound])
    rest = np.full(len(spoken.mel), SILENCE, dtype=np.float32)
    soft, loud = spoken.mel[:, is_sound & ~is_loud].mean(axis=1), spoken.mel[:, is_loud].mean(axis=1)
    return {phone: rest if phone in _RESTS else loud if phone in _VOWELS else soft for phone in spoken.utterance.phones}


def best_path(costs: npt.NDArray[np.floating]) -> Frames:
    """Return the frames of each state on the cheapest path through all of them in order.

    Args:
        costs: of each frame in each state, [states, frames], with at least as many frames as states.
    """
    states, frames = costs.shape
    total = np.full(states, np.inf)
    total[0] = costs[0, 0]
    arrives = np.zeros((frames, states), dtype=bool)
    for frame in range(1, frames):
        before = np.concatenate([[np.inf], total[:-1]])
        arrives[frame] = before < total
        total = np.minimum(before, total) + costs[:, frame]
    counts = np.zeros(states, dtype=np.int64)
    state = states - 1
    for frame in range(frames - 1, -1, -1):
        counts[state] += 1
        state -= int(arrives[frame, state])
    return counts
