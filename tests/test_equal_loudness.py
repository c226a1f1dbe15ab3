"""All voices are equally loud, as an independent meter measures it."""

import os

import numpy as np
import pyloudnorm
import pytest

from tests.kokoro import NAME, loaded, make_voice, needs_kokoro
from tests.loud import lufs
from tests.support import FRONT_END
from wyoming_hayakoe.engine.kokoro.voice_files import BUILT_IN
from wyoming_hayakoe.engine.loudness import TARGET_LUFS, loudness
from wyoming_hayakoe.speaker import Speaker

# Each of the others takes 15 seconds of a processor, and its gain is a constant in a file of this repository.
_OTHERS = sorted(BUILT_IN.keys() - {NAME}) if os.environ.get("HAYAKOE_TEST_EVERY_VOICE") else []


def test_the_meters_agree():
    noise = np.random.default_rng(1).normal(0, 0.1, 48_000).astype(np.float32)
    assert loudness(noise, 24_000) == pytest.approx(pyloudnorm.Meter(24_000).integrated_loudness(noise), abs=0.1)


def test_mei_is_as_loud_as_all_voices(voice):
    assert lufs(Speaker(voice, FRONT_END)) == pytest.approx(TARGET_LUFS, abs=1.0)


@pytest.mark.parametrize("name", [NAME, *_OTHERS])
def test_kokoro_s_voices_are_as_loud_as_all_voices(name, tmp_path):
    needs_kokoro()
    voice = loaded() if name == NAME else make_voice(name, tmp_path, compiled=False)
    assert lufs(Speaker(voice, FRONT_END)) == pytest.approx(TARGET_LUFS, abs=1.0)
