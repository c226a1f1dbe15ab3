"""Rhythm and melody of a line as the network gives them: lengths and pitches of its phones."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.kokoro.melody import VOICED, Curve
from wyoming_hayakoe.engine.kokoro.phonemes import Line
from wyoming_hayakoe.symbols import PUNCTUATION

_FRAMES = 2
"""Frames of the curve of pitch for one of the durations."""


def edges(line: Line, durations: npt.NDArray[np.int64], sounding: int) -> npt.NDArray[np.int64]:
    """Return the points between the phones of a line: before the first, and behind each.

    Args:
        line: what is spoken.
        durations: frames of each token, the two at the ends included.
        sounding: points before its last sound ends, behind which all is the rest at its end.
    """
    ends = _FRAMES * np.cumsum(durations)
    found: npt.NDArray[np.int64] = np.array([ends[0], *(ends[phone.stop] for phone in line.phones)])
    np.minimum(found, max(sounding, int(ends[0])), out=found)
    return found


def pitches(line: Line, durations: npt.NDArray[np.int64], sung: Curve) -> list[float]:
    """Return the pitch of each phone of a line in Hz, the same for all of a mora, 0 where nothing vibrates.

    Args:
        line: what is spoken.
        durations: frames of each token, the two at the ends included.
        sung: the pitch with which it is spoken [P].
    """
    ends = _FRAMES * np.cumsum(durations)
    by_place = {mora.start: _mean(sung[ends[mora.start] : ends[mora.stop]]) for mora in line.morae}
    return list(_by_phone(line, by_place))


def _by_phone(line: Line, by_place: dict[int, float]) -> Iterator[float]:
    """Yield the pitch of each phone: that of the mora in which it begins."""
    morae = iter(line.morae)
    mora = next(morae, None)
    for phone in line.phones:
        if mora is None or phone.phone in PUNCTUATION:
            yield 0.0
            continue
        yield by_place[mora.start]
        if phone.stop >= mora.stop:
            mora = next(morae, None)


def _mean(curve: Curve) -> float:
    """Return the mean of the voiced frames on a scale of semitones."""
    voiced = curve[curve > VOICED]
    return float(np.exp(np.log(voiced).mean())) if len(voiced) else 0.0
