"""Kokoro's network from symbols to sound: windows that are the whole, ends without silence, and speed."""

from dataclasses import replace

import numpy as np
import pytest

from tests.engine.slow_machine import SlowMachine
from tests.kokoro import prepared
from tests.support import FRONT_END
from wyoming_hayakoe.engine.kokoro import voice_files
from wyoming_hayakoe.engine.kokoro.networks import GRAPHS, KokoroNetworks
from wyoming_hayakoe.engine.kokoro.norms import STATISTICS
from wyoming_hayakoe.engine.kokoro.phonemes import Line, line
from wyoming_hayakoe.engine.kokoro.synthesizer import HOP, SECONDS, KokoroSynthesizer, NormValues, bounds, try_tokens
from wyoming_hayakoe.engine.runtime.session import Execution
from wyoming_hayakoe.engine.windows import SAFETY, Pace
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.utterance import SynthesisParams

LONG = "明日は全国的に晴れて気温が上がりますが、夕方からは風が強くなるところがあります。"
TEXT = "今日は、いい天気ですね。"
PARAMS = SynthesisParams()
MORE_THAN_A_DAY = SynthesisParams(speed=5.0)


class Known:
    """A predictor that gives the same statistics for each sentence."""

    def __init__(self, statistics):
        self.statistics = statistics

    def predict(self, latent, f0, energy, style):
        return self.statistics


@pytest.fixture(scope="module")
def stages():
    compiled = next(prepared().glob("compiled/kokoro-*/"))
    paths = {name: compiled / f"{name}.onnx" for name in GRAPHS}
    return KokoroNetworks.of_paths(paths, compiled / "generator.onnx", Execution(threads=1))


@pytest.fixture(scope="module")
def found():
    return voice_files.installed("jf_alpha")


@pytest.fixture(scope="module")
def make(stages, found):
    """Return a synthesizer with another predictor than the voice's, and other stages."""
    styles = found.styles()

    def make(predictor, **changed):
        return KokoroSynthesizer(replace(stages, **changed), styles, found.vocabulary, predictor)

    return make


def read(text):
    return line(FRONT_END.read(text))


def sound(synthesizer, text=TEXT, params=PARAMS, **how):
    return np.concatenate(list(synthesizer.speak(read(text), params, **how).windows))


def decibels(reference, other):
    return 10 * np.log10(np.square(reference).sum() / np.square(reference - other).sum())


@pytest.fixture(scope="module")
def own(make):
    """Return a sentence with its own statistics, and these."""
    synthesizer = make(None)
    kept = []
    generate = synthesizer.generate

    def spying(*args):
        kept.append(generate(*args))
        return kept[-1]

    synthesizer.generate = spying
    whole = sound(synthesizer)
    assert len(kept) == 1
    return whole, NormValues(*kept[0][1:])


def test_windows_with_the_statistics_of_the_whole_are_the_whole(make, own):
    whole, statistics = own
    synthesizer = make(Known(statistics))
    windows = list(synthesizer.speak(read(TEXT), PARAMS).windows)
    assert len(windows) > 2
    assert len(windows[0]) <= 0.25 * 24_000
    # In fp32 that is over 60 dB; integers round other values otherwise.
    assert decibels(whole, np.concatenate(windows)) > 30
    assert np.array_equal(np.concatenate(windows), sound(synthesizer, undivided=True))


@pytest.mark.parametrize("text", ["はい。", LONG])
def test_playback_starves_on_no_machine_however_slow(make, text):
    """The generator gives silence, and takes as long as by each pace and by what is added for safety."""
    sentence = make(Known(tuple(np.zeros((2, 1, STATISTICS, 1), dtype=np.float32)))).compose(read(text), PARAMS)

    def silence(outputs, feeds):
        return [np.zeros((1, 1, HOP * feeds["latent"].shape[2]), dtype=np.float32)]

    began = []
    for realtime in (0.2, 0.6, 1.2, 4.0):
        pace = Pace(0.005, realtime * SECONDS)
        machine = SlowMachine(pace, SAFETY)
        synthesizer = make(None, generator=machine.decoder("latent", silence), pace=pace)
        synthesizer.compose = lambda *_: sentence
        spoken = synthesizer.speak(read(text), PARAMS)
        first, gap, seconds = machine.playback(spoken.windows, 24_000)
        assert gap <= 1e-6
        assert seconds == pytest.approx((spoken.stop - spoken.start) * SECONDS)
        assert sum(machine.windows) <= 2 * (spoken.stop - spoken.start)
        began.append(first)
    assert began == sorted(began)
    assert began[0] < 0.2


def test_undivided_is_one_window(make, own):
    assert len(list(make(Known(own[1])).speak(read(TEXT), PARAMS, undivided=True).windows)) == 1


def test_a_long_sentence_takes_the_statistics_of_its_first_seconds(make):
    synthesizer = make(None)
    long = "今日は全国的に高気圧に覆われて、おおむね晴れるでしょう。"
    spoken = synthesizer.speak(read(long), PARAMS)
    assert sum(len(window) for window in spoken.windows) == HOP * (spoken.stop - spoken.start)


def test_the_ends_have_a_tenth_of_a_second_of_silence(own):
    level = np.abs(own[0])
    audible = np.flatnonzero(level > 0.02 * level.max())
    for silence in (audible[0], len(level) - audible[-1]):
        assert 0.05 * 24_000 < silence < 0.2 * 24_000
    assert not level[0]
    assert not level[-1]


def test_bounds_are_around_what_sounds():
    energy = np.full(100, -9.0, dtype=np.float32)
    energy[30:60] = 3.0
    assert bounds(energy) == (22, 68)
    assert bounds(energy[28:62]) == (0, 34)
    assert bounds(np.full(5, -9.0, dtype=np.float32)) == (0, 5)


def test_the_same_is_spoken_again(make, own):
    synthesizer = make(Known(own[1]))
    assert np.array_equal(sound(synthesizer), sound(synthesizer))


def test_a_greater_length_scale_takes_longer(make, own):
    synthesizer = make(Known(own[1]))
    lengths = [
        (spoken := synthesizer.speak(read(TEXT), SynthesisParams(speed=speed))).stop - spoken.start
        for speed in (0.5, 1.0, 2.0)
    ]
    assert 0.4 < lengths[0] / lengths[1] < 0.65
    assert 1.7 < lengths[2] / lengths[1] < 2.3


def test_accent_pitch_and_intonation_change_the_sound_and_not_its_length(make, own):
    synthesizer = make(Known(own[1]))
    plain = sound(synthesizer)
    for changed in ({"accent": False}, {"pitch_scale": 1.2}, {"intonation_scale": 0.5}):
        other = sound(synthesizer, params=SynthesisParams(**changed))
        assert len(other) == len(plain)
        assert decibels(plain, other) < 20


def test_an_endless_sentence_is_an_error(make):
    with pytest.raises(HayakoeError, match="wants a sentence of"):
        make(None).speak(Line("a" * 500, (), ()), MORE_THAN_A_DAY)


@pytest.mark.parametrize(("is_whole", "least", "most"), [(True, 3, 100), (False, 2, 2)])
def test_a_graph_is_tried_by_random_tokens_to_their_end_or_at_their_beginning(stages, is_whole, least, most):
    """Of more than 3 s, the beginning is what measures the statistics, and the first window."""
    runs = []

    class Counted:
        def run(self, outputs, feeds):
            runs.append(feeds["latent"].shape[2])
            return stages.generator.run(outputs, feeds)

    try_tokens(replace(stages, generator=Counted()), 80, is_whole=is_whole)
    assert least <= len(runs) <= most
    assert all(runs)
