"""The pitch curve between the model's prosody and its sound: Tokyo accent, pitch and intonation.

Kokoro's alphabet holds no accent, and its pitch does not follow it: whether a mora falls after an accent nucleus is
chance (AUC 0.52). The front end knows where the pitch falls. A curve of the model is taken apart into its declination,
its slow movement from mora to mora and its fast movement (what consonants do to the pitch); the slow movement is
replaced by the tones of the morae, and the rest stays. So do the level and the range.

The model speaks a question as it speaks a statement: its last syllable rises by as much with a full stop, and mostly
falls. In Japanese the rise alone tells them apart (そうですか), so the last syllable of a question is raised where the
model does not do it.

Times are frames of the curve: 12.5 ms, two for each frame of the durations.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.kokoro.phonemes import Line, SpokenMora
from wyoming_hayakoe.engine.kokoro.tones import heights

Curve = npt.NDArray[np.float32]
_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]

VOICED = 55.0
"""Least Hz of a voiced frame; the model writes 2 to 20 Hz where nothing vibrates."""

LOWEST, HIGHEST = 60.0, 700.0
"""Hz of what is changed."""

_FRAMES = 2
"""Frames of the curve for one of the durations."""

_STEADY = 6.0
"""Semitones to a neighbour from which a frame is the edge of a voiced stretch, not a part of the melody."""

_JUMP = 3.7
"""Semitones from one frame to the next that are heard as a jump (3 in 10 ms); no step is made one."""

_SLOW = 7
"""Frames of the window that tells slow movement from fast (90 ms, less than a mora)."""

_SMOOTH = 7
"""Frames of the window that rounds what is changed (90 ms)."""

_ROUND = 13
"""Frames of the window that rounds the tones (160 ms)."""

_PAUSE = 8
"""Frames between two morae from which a new breath begins (100 ms)."""

_FEWEST = 4
"""Voiced frames of a breath that has a melody."""

_LAG = 0.85
"""Where in a mora its tone is reached, of its length: pitch follows its target late."""

_HEIGHTS = (4.5, 10.0)
"""Least and greatest semitones from low to high."""

_SPREAD = 1.25
"""Standard deviation of the tones for one of the model's own movement."""

_LEAST_SPREAD = 0.1
"""Standard deviation of tones, of their height, from which they are a movement."""

_STEEPEST = -8.0 / 80
"""Semitones a frame of the steepest declination, 8 a second; what is steeper is the movement of a short breath."""

_PEAK, _MOST_RAISED = 90, 1.0
"""Percentile of a curve that is its peaks, and the semitones by which a curve is raised lest they be lowered.

The model speaks them with more effort, and what has that effort without its pitch sounds worse to models of listeners:
a sentence that is 1.5 semitones lower loses more than one that is 1.5 higher.
"""

_RISE = 5.0
"""Semitones by which the last syllable of a question rises; VOICEVOX's rises by as much."""

_OWN_RISE = 3.0
"""Semitones from which the model's own rise is one, and stays."""

_FIRST = 0.75
"""Height where a breath begins, of the height of its first mora."""

_ALL_TREND, _HALF_TREND = 3, 8
"""Morae of a breath up to which the trend of its tones is kept, and from which half of it is.

The declination of the model has a part of the trend already; but in a short word the trend is the accent.
"""


@dataclass(frozen=True, slots=True)
class _Breath:
    """Morae between two marks or pauses, each with its first frame and the one behind its last."""

    morae: Sequence[SpokenMora]
    starts: Sequence[int]
    stops: Sequence[int]
    is_question: bool

    @property
    def frames(self) -> slice:
        return slice(self.starts[0], self.stops[-1])


def melody(
    f0: Curve,
    durations: npt.NDArray[np.int64],
    line: Line,
    *,
    accent: float = True,
    pitch_scale: float = 1.0,
    intonation_scale: float = 1.0,
) -> Curve:
    """Return the pitch with which a line is spoken.

    Args:
        f0: the model's pitch [frames], in Hz; under :data:`VOICED` nothing vibrates.
        durations: [symbols + 2], half as many frames for each symbol and the ends of the line.
        line: what is spoken.
        accent: share of the Tokyo accent in place of the model's movement: True is all of it, False the model's own.
        pitch_scale: factor on the mean.
        intonation_scale: factor on the deviation from the mean.

    Returns:
        [frames]; unvoiced frames are as they were, voiced ones are from 60 to 700 Hz where anything is changed.
    """
    result = np.where(np.isfinite(f0), f0, 0.0).astype(np.float64)
    voiced = result > VOICED
    is_changed = bool(accent) or (pitch_scale, intonation_scale) != (1.0, 1.0)
    if not voiced.any() or not is_changed:
        return result.astype(np.float32)
    if accent and line.morae:
        semitones = _semitones(result, voiced)
        shift = accent * _shift(semitones, voiced, line, durations)
        result[voiced] *= 2 ** (_without_jumps(shift, semitones, voiced)[voiced] / 12)
    mean = result[voiced].mean()
    result[voiced] = pitch_scale * mean + intonation_scale * (result[voiced] - mean)
    result[voiced] = result[voiced].clip(LOWEST, HIGHEST)
    return result.astype(np.float32)


def _semitones(hertz: _Floats, voiced: _Flags) -> _Floats:
    """Return the semitones over 100 Hz, with straight lines where nothing vibrates."""
    times = np.arange(len(hertz))
    semitones: _Floats = np.interp(times, times[voiced], 12 * np.log2(hertz[voiced] / 100))
    return semitones


def _shift(semitones: _Floats, voiced: _Flags, line: Line, durations: npt.NDArray[np.int64]) -> _Floats:
    """Return the semitones that each frame is to be moved by."""
    times = np.arange(len(semitones))
    steady = _is_steady(semitones, voiced)
    if steady.sum() < _FEWEST:
        return np.zeros(len(semitones))
    slow = _smooth(np.interp(times, times[steady], semitones[steady]), _SLOW)
    shift = np.full(len(semitones), np.nan)
    for breath in _breaths(line, durations):
        if steady[breath.frames].sum() >= _FEWEST:
            shift[breath.frames] = _breath_shift(slow[breath.frames], steady[breath.frames], breath)
    known = ~np.isnan(shift)
    if not known.any():
        return np.zeros(len(semitones))
    return _smooth(np.interp(times, times[known], shift[known]), _SMOOTH)


def _without_jumps(shift: _Floats, semitones: _Floats, voiced: _Flags) -> _Floats:
    """Delay ``shift`` where it would make a jump of a step that is none, or a jump larger."""
    steps = np.diff(semitones)
    room = np.where(voiced[1:] & voiced[:-1], np.maximum(np.abs(steps), _JUMP), np.inf)
    result = shift.tolist()
    for index, (least, most) in enumerate(zip((-room - steps).tolist(), (room - steps).tolist(), strict=True)):
        result[index + 1] = min(max(result[index + 1], result[index] + least), result[index] + most)
    return np.array(result)


def _is_steady(semitones: _Floats, voiced: _Flags) -> _Flags:
    """Tell the frames whose neighbours are voiced too, at nearly the same pitch."""
    near = np.abs(np.diff(semitones)) < _STEADY
    near &= voiced[1:] & voiced[:-1]
    steady: _Flags = voiced & np.append(near, True) & np.append(True, near)
    return steady


def _breaths(line: Line, durations: npt.NDArray[np.int64]) -> Iterator[_Breath]:
    """Cut a line at its marks, where the pitch begins anew, and where it pauses."""
    ends = _FRAMES * np.cumsum(durations)
    starts = [int(ends[mora.start]) for mora in line.morae]  # the start of the line comes before the first symbol
    stops = [int(ends[mora.stop]) for mora in line.morae]
    begin = 0
    for index, mora in enumerate(line.morae):
        following = line.morae[index + 1 : index + 2]
        marks = line.symbols[mora.stop : following[0].start if following else None]
        if not following or marks.strip() or starts[index + 1] - stops[index] > _PAUSE:
            here = slice(begin, index + 1)
            yield _Breath(line.morae[here], starts[here], stops[here], is_question="?" in marks)
            begin = index + 1


def _breath_shift(slow: _Floats, steady: _Flags, breath: _Breath) -> _Floats:
    """Return the semitones that a breath is moved by, frame by frame."""
    end = _last_syllable(breath) if breath.is_question else len(slow)
    shift = np.zeros(len(slow))
    if steady[:end].sum() >= _FEWEST and len(breath.morae) > 1:
        shift = _accent_shift(slow, steady, end, breath)
        shift[end:] = shift[max(end - 1, 0)]
    if breath.is_question:
        shift[end:] += _rise(slow[end:], steady[end:])
    return shift


def _accent_shift(slow: _Floats, steady: _Flags, end: int, breath: _Breath) -> _Floats:
    """Return what puts the tones of the morae in place of the model's movement; ``end`` is where they end."""
    times = np.arange(len(slow), dtype=np.float64)
    fitted = steady & (times < end)
    slope = float(np.clip(_slope(times, slow, fitted), _STEEPEST, 0.0))
    base = slope * times
    base += (slow - base)[fitted].mean()
    tones = _smooth(np.interp(times, *_targets(breath, last=np.flatnonzero(steady)[-1])), _ROUND)
    dropped = np.interp(len(breath.morae), (_ALL_TREND, _HALF_TREND), (0.0, 0.5))
    tones -= dropped * _slope(times, tones, fitted) * times
    tones -= tones[fitted].mean()
    height = np.clip(_SPREAD * (slow - base)[fitted].std() / max(tones[fitted].std(), _LEAST_SPREAD), *_HEIGHTS)
    shift: _Floats = base + height * tones - slow
    lowered = np.percentile(slow[fitted], _PEAK) - np.percentile((slow + shift)[fitted], _PEAK)
    return shift + float(np.clip(lowered, 0.0, _MOST_RAISED))


def _rise(slow: _Floats, steady: _Flags) -> _Floats:
    """Return what makes the last syllable of a question rise; nothing where the model's own does."""
    sounding = np.flatnonzero(steady)
    if len(sounding) < _FEWEST or slow[sounding].max() - slow[sounding[0]] >= _OWN_RISE:
        return np.zeros(len(slow))
    first, last = sounding[0], sounding[-1]
    passed = np.clip((np.arange(len(slow)) - first) / (last - first), 0.0, 1.0)
    risen: _Floats = slow[first] + _RISE * passed**2
    shift: _Floats = risen - slow
    return shift


def _slope(times: _Floats, values: _Floats, at: _Flags) -> float:
    """Return the slope of the line of least squares through some values."""
    centred = times[at] - times[at].mean()
    return float(centred @ values[at] / max(centred @ centred, 1.0))


def _last_syllable(breath: _Breath) -> int:
    """Return the frame where the last syllable begins."""
    last = len(breath.morae) - 1
    while last > 0 and breath.morae[last].kana in "ーンッ":
        last -= 1
    return breath.starts[last] - breath.starts[0]


def _targets(breath: _Breath, last: int) -> tuple[list[float], list[float]]:
    """Return times in a breath and the heights at them, 0 for low and 1 for high.

    ``last`` is the last frame with a pitch: the time of the last mora lasts into the pause.
    """
    begin = breath.starts[0]
    times = [0.0]
    for start, stop in zip(breath.starts, breath.stops, strict=True):
        end = max(min(stop - begin, last), start - begin)
        times.append(start - begin + _LAG * (end - (start - begin)))
    values = heights(breath.morae)
    return times, [_FIRST * values[0], *values]


def _smooth(values: _Floats, window: int) -> _Floats:
    """Return a running mean, with a Hann window of an odd number of frames."""
    weights = np.hanning(window + 2)[1:-1]
    return np.convolve(np.pad(values, window // 2, mode="edge"), weights / weights.sum(), mode="valid")
