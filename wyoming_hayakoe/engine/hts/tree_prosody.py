"""Lengths and pitches of an utterance's phones, as the trees of an .htsvoice file give them to its labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.hts.breath_groups import TAIL, BreathGroup
from wyoming_hayakoe.engine.hts.distributions import DurationModel, Leaves, ModelPart, stream_part, variance_part
from wyoming_hayakoe.engine.hts.label_places import Alignment
from wyoming_hayakoe.engine.hts.phone_durations import phone_frames
from wyoming_hayakoe.utterance import Prosody, Utterance, placed_morae

VOICED = 0.5
"""Least probability of a fundamental frequency with which the engine gives a state one."""


@dataclass(frozen=True, slots=True)
class PitchModel:
    """What tells the fundamental frequency of the states of a phone."""

    part: ModelPart
    windows: int
    """Static, delta and delta-delta values."""

    variance: Leaves | None
    """Distributions of the variance over a sentence; None where the file has none."""

    @classmethod
    def parse(cls, data: bytes, model: DurationModel) -> Self:
        """Return that of a whole, checked file."""
        name = list(model.header.streams)[1]
        variance = variance_part(data, model.header, name)
        windows = model.header.streams[name].windows
        return cls(stream_part(data, model.header, name), windows, variance.leaves if variance else None)

    def leaves_of(self, label: str) -> npt.NDArray[np.float64]:
        """Return the leaf of each state of a label's phone [states, numbers of a leaf]."""
        trees, leaves = self.part.trees, self.part.leaves
        rows = [tree.leaf_of(label, trees.questions) - 1 for tree in trees.trees]
        return np.array([leaves.of(state)[row] for state, row in enumerate(rows)], dtype=np.float64)

    def means(self, label: str) -> npt.NDArray[np.float64]:
        """Return the mean logarithm of the frequency in Hz of each state; not a number where it has none."""
        chosen = self.leaves_of(label)
        return np.where(chosen[:, -1] > VOICED, chosen[:, 0], np.nan)


def prosody_of(
    utterance: Utterance,
    groups: Sequence[BreathGroup],
    alignment: Alignment,
    durations: DurationModel,
    pitches: PitchModel,
) -> Prosody:
    """Return lengths and pitches of an utterance that is spoken in ``groups`` at a length scale of 1."""
    period = durations.header.frame_period / durations.header.sample_rate
    seconds, hertz = [0.0] * len(utterance.phones), [0.0] * len(utterance.phones)
    for (rest, labels), places, marks in zip(groups, alignment.labels, alignment.rests, strict=True):
        _share(seconds, marks, rest)
        for label, frames, place in zip(labels, phone_frames(durations, labels), places, strict=True):
            _share(seconds, place, frames * period)
            means = pitches.means(label)
            if not np.isnan(means).all():
                _give(hertz, place, float(np.exp(np.nanmean(means))))
    seconds[0], seconds[-1] = groups[0][0], TAIL
    return Prosody(tuple(seconds), _by_mora(utterance, hertz))


def _share(seconds: list[float], places: range, length: float) -> None:
    for place in places:
        seconds[place] = length / len(places)


def _give(hertz: list[float], places: range, pitch: float) -> None:
    for place in places:
        hertz[place] = pitch


def _by_mora(utterance: Utterance, hertz: Sequence[float]) -> tuple[float, ...]:
    """Return for all phones of a mora the pitch of its last one, for marks none."""
    found = [0.0] * len(hertz)
    for mora, places in placed_morae(utterance):
        if mora is not None:
            _give(found, places, hertz[places[-1]])
    return tuple(found)
