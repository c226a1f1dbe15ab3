"""Built-in voice: the HTS voice Mei, which pyopenjtalk-plus includes."""

import os
from pathlib import Path

from wyoming_hayakoe.engine.hts.voice import SpokenByHTS, StyleVoice
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.voice import Credit


class OpenJTalkVoice(SpokenByHTS):
    """The HTS voice Mei. Safe to use from several threads."""

    name = "mei"
    description = "Mei (built in)"
    styles = ("normal",)
    sample_rate = 48_000
    credit = Credit(
        author="MMDAgent Project Team, Nagoya Institute of Technology (HTS Voice Mei)",
        url="https://www.mmdagent.jp/",
        licence="CC BY 3.0",
    )

    def __init__(self) -> None:
        super().__init__({"normal": StyleVoice(_path)})

    # The engine runs the voice's file unchanged on every machine: there is no form to prepare.
    is_compiled = True
    has_spoken = True

    def compile(self) -> None:
        """Do nothing."""

    def run_as_it_is(self) -> None:
        """Do nothing."""


def _path() -> Path:
    """Return the voice's file, which is as trustworthy as the engine: it comes in the same package."""
    try:
        import pyopenjtalk  # takes a quarter of a second

        path = Path(os.fsdecode(pyopenjtalk.DEFAULT_HTS_VOICE))
    except ImportError as error:
        raise HayakoeError(f"the built-in voice cannot be loaded ({error}): reinstall pyopenjtalk-plus") from error
    if not path.exists():
        raise HayakoeError(f"the built-in voice cannot be loaded ({path} is missing): reinstall pyopenjtalk-plus")
    return path
