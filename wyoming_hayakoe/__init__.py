"""Japanese text to speech for the smart home: a Wyoming server and a library."""

import os
from typing import TYPE_CHECKING

from wyoming_hayakoe.version import __version__

if TYPE_CHECKING:
    from wyoming_hayakoe.audio import Audio
    from wyoming_hayakoe.speaker import Speaker
    from wyoming_hayakoe.tts import TTS

__all__ = ["TTS", "Audio", "Speaker", "__version__"]

# ONNX Runtime reads this once, when it is first imported, and pyopenjtalk-plus imports it too.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def __getattr__(name: str) -> object:
    # At first use, so that --version and --help need not wait for what speaking needs.
    if name == "TTS":
        from wyoming_hayakoe.tts import TTS

        return TTS
    if name == "Speaker":
        from wyoming_hayakoe.speaker import Speaker

        return Speaker
    if name == "Audio":
        from wyoming_hayakoe.audio import Audio

        return Audio
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
