"""The tiny voices of every published layout, with random weights."""

from pathlib import Path

from tests.support import FRONT_END
from wyoming_hayakoe.engine.piper.inputs import PiperInputs, inputs_of
from wyoming_hayakoe.engine.piper.phonemes import encode
from wyoming_hayakoe.engine.piper.voice_files import PiperFiles, read_piper

VOICES = Path(__file__).parents[2] / "data" / "piper"
LAYOUTS = sorted(folder.name for folder in VOICES.iterdir() if folder.is_dir())
MULTI_BAND = ("piper-plus", "piper-plus-embedding", "piper-plus-plain")


def files_of(layout: str) -> PiperFiles:
    """Return the files of a layout's voice."""
    return read_piper(VOICES / layout)


def sentence(layout: str, text: str = "今日は、いい天気ですね。", speaker: int = 0) -> PiperInputs:
    """Return what a layout's network takes for a text."""
    config = files_of(layout).config
    (line,) = encode(FRONT_END.read(text), config)
    return inputs_of(line, config, speaker)
