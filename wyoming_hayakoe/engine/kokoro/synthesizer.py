"""Kokoro's network for one voice: from a line of symbols to sound, stage by stage.

T tokens, F frames of 25 ms, P = 2F points of 12.5 ms, N channels of the generator's instance norms.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.kokoro.harmonics import harmonics, phases
from wyoming_hayakoe.engine.kokoro.line_prosody import SECONDS, Array, Score, bounds, followed, lengths, pitches, spoken
from wyoming_hayakoe.engine.kokoro.networks import KokoroNetworks
from wyoming_hayakoe.engine.kokoro.norms import MEANS, OWN, OWN_MEANS, OWN_SQUARES, SQUARES, STATISTICS
from wyoming_hayakoe.engine.kokoro.phonemes import Line
from wyoming_hayakoe.engine.wanted_prosody import Wanted
from wyoming_hayakoe.engine.windows import Window, computed, plan
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Waveform

SAMPLE_RATE = 24_000

HOP = 300
"""Samples of a point of the latent: 12.5 ms. The prosody's frames have two of them."""

OVERLAP = 6
"""Points to either side that a window is computed with, and that are dropped: with 75 ms the error is below -85 dB."""

EDGE = 2
"""The same at the two ends of a sentence, where all around is silence: the error is 85 dB below the peak."""

# 100 s. No line is as long unless it is spoken five times as slowly.
_MOST_POINTS = 8000

# Of what is computed with statistics of its own in one go: 3 s, which take 350 MB. A longer sentence takes those of its
# first 3 s.
MOST_AT_ONCE = 240

# Samples over which sound is faded at its ends: 5 ms, since a recording's room may be heard there.
_FADE = 120


class NormValues(NamedTuple):
    """What the generator's instance norms subtract and divide by."""

    means: Array
    """Mean of each channel [1, N, 1]."""

    squares: Array
    """Mean of its square [1, N, 1]."""


class Predicting(Protocol):
    """Predicts the statistics of a whole sentence from what is cheap to compute."""

    def predict(self, latent: Array, f0: Array, energy: Array, style: Array) -> tuple[Array, Array] | None:
        """Return means and squares [1, N, 1]; None for a sentence unlike those that it was fitted on."""
        ...


_SPACE = " "

# Of what a graph is tried with: published ones know 178 tokens.
_MOST_TOKEN = 150
_STYLE = 256

_NONE = NormValues(*np.zeros((2, 1, STATISTICS, 1), dtype=np.float32))


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """A line whose sound is being computed."""

    durations: npt.NDArray[np.int64]
    """Frames of each token [T], the two at the ends included."""

    start: int
    """Points before the sound begins: those of the silence that is left out."""

    stop: int
    """Points before it ends."""

    windows: Iterator[Waveform]
    """Its sound at the network's own level; each window is computed when the iterator is advanced."""


class ComposedLine(NamedTuple):
    """A sentence as the generator takes it, and what of it is spoken."""

    latent: Array
    """[1, 512, P]."""

    f0: Array
    """In Hz [1, P]."""

    phase: Array
    """Of each harmonic [1, 9, P]."""

    style: Array
    """[1, 256]."""

    statistics: NormValues | None
    """Those predicted for it; None where its own are to be measured."""

    durations: npt.NDArray[np.int64]
    start: int
    stop: int
    """See :class:`SpokenLine`."""

    @property
    def points(self) -> int:
        """Points of all of it."""
        return int(self.latent.shape[2])


class KokoroSynthesizer:
    """The loaded stages, with what makes them speak as one voice. Safe to use from several threads."""

    def __init__(
        self,
        stages: KokoroNetworks,
        styles: Array,
        vocabulary: Mapping[str, int],
        predictor: Predicting | None,
    ) -> None:
        """Speak with ``stages``.

        Args:
            stages: the network.
            styles: the voice's style vectors [lengths, 256]; row 0 is for a line of one symbol.
            vocabulary: the tokens of the symbols.
            predictor: None where each sentence takes statistics of its own.
        """
        self._stages = stages
        self._styles = styles
        self._vocabulary = vocabulary
        self._predictor = predictor

    def speak(
        self, line: Line, params: SynthesisParams, wanted: Wanted | None = None, *, undivided: bool = False
    ) -> SpokenLine:
        """Compute everything up to the generator, and return the sound to come; ``undivided`` in one window.

        Raises:
            HayakoeError: the network fails; also from the windows.
        """
        sentence = self.compose(line, params, wanted)
        windows = _faded(self._windows(sentence), HOP * (sentence.stop - sentence.start))
        sound = _together(windows) if undivided else windows
        return SpokenLine(sentence.durations, sentence.start, sentence.stop, sound)

    def compose(self, line: Line, params: SynthesisParams, wanted: Wanted | None = None) -> ComposedLine:
        """Compute everything up to the generator.

        Raises:
            HayakoeError: the network fails.
            UsageError: the lengths that are wanted add up to too much.
        """
        score = self._score(line, params)
        durations, text, sung, energy = followed(score, line, params, wanted) if wanted else spoken(score, line, params)
        if sung.shape[1] > _MOST_POINTS:
            raise UsageError(f"the lengths of a sentence add up to {sung.shape[1] * SECONDS:.0f} s: shorten them")
        style = self._style(line)
        latent = self._stages.blocks.run(["latent"], {"text": text, "f0": sung, "energy": energy, "style": style})[0]
        statistics = self._predictor.predict(latent, sung, energy, style) if self._predictor else None
        start, stop = bounds(energy[0])
        given = NormValues(*statistics) if statistics else None
        return ComposedLine(latent, sung, phases(sung), style, given, durations, start, stop)

    def prosody(self, line: Line, params: SynthesisParams) -> tuple[list[float], list[float]]:
        """Return the seconds and the pitch in Hz of each phone of a line, with the rests at both ends.

        Raises:
            HayakoeError: the network fails.
        """
        score = self._score(line, params)
        return lengths(score, line), pitches(spoken(score, line, params), line)

    def _score(self, line: Line, params: SynthesisParams) -> Score:
        """Compute the network's own rhythm and melody of a line.

        Raises:
            HayakoeError: the network fails.
        """
        # Whatever the vocabulary, each symbol has one token: pitch and timings depend on their places.
        tokens = [self._vocabulary.get(symbol, self._vocabulary.get(_SPACE, 0)) for symbol in line.symbols]
        durations, text, f0, energy = self._stages.prosody.run(
            ["durations", "text", "f0", "energy"],
            {
                "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
                "style": self._style(line),
                # The network's speed is a rate.
                "speed": np.array([1.0 / params.speed], dtype=np.float32),
            },
        )
        durations = durations.reshape(-1)
        self._check(durations, f0)
        return Score(durations, text, f0, energy)

    def _style(self, line: Line) -> Array:
        style: Array = self._styles[min(max(len(line.symbols), 1), len(self._styles)) - 1].reshape(1, -1)
        return style

    def _check(self, durations: npt.NDArray[np.int64], f0: Array) -> None:
        points = f0.shape[1]
        if not 0 < points <= _MOST_POINTS or durations.min() < 0 or 2 * durations.sum() != points:
            raise HayakoeError(f"{self._stages.origin}: wants a sentence of {points / 80:.0f} s: choose another voice")

    def _windows(self, sentence: ComposedLine) -> Iterator[Waveform]:
        """Yield the sound that is spoken."""
        statistics, start, stop = sentence.statistics, sentence.start, sentence.stop
        points = sentence.points
        if statistics is None:
            first = 0 if points <= MOST_AT_ONCE else min(start, points - MOST_AT_ONCE)
            last = min(points, first + MOST_AT_ONCE)
            sound, *found = self.generate(sentence, first, last, None)
            if last - first == points:
                yield sound.reshape(-1)[HOP * start : HOP * stop]
                return
            statistics = NormValues(*found)
        known = statistics
        windows = plan(points, OVERLAP, seconds=SECONDS, pace=self._stages.pace, span=(start, stop), edge=EDGE)
        yield from computed(
            windows, lambda window: _inner(self.generate(sentence, window.first, window.last, known)[0], window)
        )

    def generate(self, sentence: ComposedLine, first: int, last: int, statistics: NormValues | None) -> Sequence[Array]:
        """Return the sound of some points with the statistics that are given, or their own, and these statistics.

        Raises:
            HayakoeError: the network fails.
        """
        given = statistics or _NONE
        feeds = {
            "latent": np.ascontiguousarray(sentence.latent[:, :, first:last]),
            "harmonics": harmonics(self._stages.source, sentence.f0, sentence.phase, first, last),
            "style": sentence.style,
            MEANS: given.means,
            SQUARES: given.squares,
            OWN: np.array(statistics is None),
        }
        # Measuring statistics takes as long as the sound of a small window.
        outputs = ["audio", OWN_MEANS, OWN_SQUARES] if statistics is None else ["audio"]
        return self._stages.generator.run(outputs, feeds)


def _inner(sound: Waveform, window: Window) -> Waveform:
    """Return the sound of a window without its overlap."""
    start = HOP * (window.start - window.first)
    return sound.reshape(-1)[start : start + HOP * (window.stop - window.start)]


def _faded(windows: Iterator[Waveform], total: int) -> Iterator[Waveform]:
    """Yield ``windows``, of ``total`` samples together, faded in and out."""
    position = 0
    for window in windows:
        places = np.arange(position, position + len(window))
        ramp = np.minimum(1.0, np.minimum(places, total - 1 - places) / _FADE)
        position += len(window)
        yield (window * ramp).astype(np.float32)


def _together(windows: Iterator[Waveform]) -> Iterator[Waveform]:
    """Yield ``windows`` as one."""
    yield np.concatenate(list(windows))


def try_tokens(stages: KokoroNetworks, count: int, *, is_whole: bool) -> None:
    """Speak ``count`` random tokens, for a proof; only the beginning unless ``is_whole``.

    Raises:
        HayakoeError: the network fails.
    """
    random = np.random.default_rng(count)
    tokens = random.integers(1, _MOST_TOKEN, size=count)
    symbols = "".join(map(chr, tokens))
    styles = random.standard_normal((1, _STYLE), dtype=np.float32) * np.float32(0.2)
    spoken = KokoroSynthesizer(stages, styles, {chr(each): int(each) for each in tokens}, None)
    windows = spoken.speak(Line(symbols, (), ()), SynthesisParams(accent=False)).windows
    for _ in windows:
        if not is_whole:
            break
