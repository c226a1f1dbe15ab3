"""A VITS voice on machines of any pace, by a clock: no gap, and the same sound."""

from dataclasses import replace

import numpy as np
import pytest

from tests.engine.sentences import sentence
from tests.engine.slow_machine import SlowMachine
from tests.support import TINY_REPO
from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.jp_extra.network import JP_EXTRA
from wyoming_hayakoe.engine.vits.stages import LoadedStages
from wyoming_hayakoe.engine.vits.synthesizer import Synthesizer
from wyoming_hayakoe.engine.windows import SAFETY, Pace
from wyoming_hayakoe.utterance import SynthesisParams

MODEL = TINY_REPO / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"
RATE = 44_100


@pytest.fixture(scope="module")
def stages():
    return LoadedStages.open(JP_EXTRA, MODEL, None, None)


@pytest.mark.parametrize(("slowly", "paces"), [(0.3, (0.4, 6.0)), (1.0, (0.05, 0.9, 3.0)), (3.0, (1.5,))])
def test_playback_starves_on_no_machine_however_slow_and_the_sound_is_the_same(stages, slowly, paces):
    params = SynthesisParams(speed=slowly, seed=1)
    whole = Synthesizer(JP_EXTRA, MODEL, stages=stages).speak(sentence(90), params, undivided=True)
    expected = np.concatenate(list(whole.windows))
    began = []
    for realtime in paces:
        pace = Pace(0.004, realtime * stages.hop / RATE)
        machine = SlowMachine(pace, SAFETY)
        decoder = machine.decoder(cutting.LATENT, stages.decoder.run)
        spoken = Synthesizer(JP_EXTRA, MODEL, stages=replace(stages, decoder=decoder, pace=pace)).speak(
            sentence(90), params
        )
        sound = []
        first, gap, seconds = machine.playback((sound.append(each) or each for each in spoken.windows), RATE)
        assert gap <= 1e-6
        assert np.abs(np.concatenate(sound) - expected).max() < 2**-15
        assert sum(machine.windows) <= 2 * round(seconds * RATE / stages.hop)
        began.append(first)
    assert began == sorted(began)
