"""When the phones of a sentence sound: computed from its labels when somebody reads it, as most listeners do not."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import overload

from wyoming_hayakoe.engine.hts.breath_groups import TAIL, BreathGroup, phone_of
from wyoming_hayakoe.engine.hts.distributions import DurationModel
from wyoming_hayakoe.engine.hts.phone_durations import phone_frames
from wyoming_hayakoe.symbols import PAD
from wyoming_hayakoe.voice import PhoneTiming

# JP-Extra's names where Open JTalk's differ; capitals are devoiced vowels, and JP-Extra has no others for those.
_NAMES = {"pau": PAD, "cl": "q"} | {vowel: vowel.lower() for vowel in "AIUEO"}


class LateTimings(Sequence[PhoneTiming]):
    """Phones in order, computed at the first access."""

    def __init__(self, compute: Callable[[], Sequence[PhoneTiming]]) -> None:
        self._compute = compute

    @cached_property
    def _timings(self) -> Sequence[PhoneTiming]:
        return self._compute()

    def __len__(self) -> int:
        return len(self._timings)

    def __iter__(self) -> Iterator[PhoneTiming]:
        return iter(self._timings)

    @overload
    def __getitem__(self, at: int) -> PhoneTiming: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[PhoneTiming]: ...
    def __getitem__(self, at: int | slice) -> PhoneTiming | Sequence[PhoneTiming]:
        return self._timings[at]


def timings_of(
    groups: Sequence[BreathGroup], models: Sequence[DurationModel], speed: float, *, tail: float = TAIL
) -> list[PhoneTiming]:
    """Return the phones of a sentence's breath groups at a length scale of ``speed``, without gaps.

    Each group has a model of its own. The rests around the groups are a ``_`` each; all durations are whole samples, as
    in the sound.
    """
    if not groups:
        return []
    rate, period = models[0].header.sample_rate, models[0].header.frame_period
    lengths: list[tuple[str, int]] = []
    for (rest, labels), model in zip(groups, models, strict=True):
        lengths.append((PAD, round(rest * speed * rate)))
        frames = phone_frames(model, labels, 1 / speed)
        phones = (phone_of(label) for label in labels)
        lengths += [(_NAMES.get(phone, phone), count * period) for phone, count in zip(phones, frames, strict=True)]
    lengths.append((PAD, round(tail * speed * rate)))
    timings, start = [], 0
    for phone, samples in lengths:
        timings.append(PhoneTiming(phone, start / rate, samples / rate))
        start += samples
    return timings
