"""Japanese text to speech for the smart home: a Wyoming server and a library."""

import os
from importlib import import_module
from typing import TYPE_CHECKING

from wyoming_hayakoe.errors import FileError, HayakoeError, UnknownVoiceError, UsageError
from wyoming_hayakoe.version import __version__

if TYPE_CHECKING:
    from wyoming_hayakoe.audio import Audio
    from wyoming_hayakoe.sources.source import Progress, SourceError, Transfer
    from wyoming_hayakoe.speaker import Speaker
    from wyoming_hayakoe.tts import TTS

__all__ = [
    "TTS",
    "Audio",
    "FileError",
    "HayakoeError",
    "Progress",
    "SourceError",
    "Speaker",
    "Transfer",
    "UnknownVoiceError",
    "UsageError",
    "__version__",
]

# ONNX Runtime reads this once, when it is first imported, and pyopenjtalk-plus imports it too.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# Imported at first use, so that --version and --help need not wait for what speaking needs.
_LAZY = {
    "TTS": "tts",
    "Speaker": "speaker",
    "Audio": "audio",
    "Progress": "sources.source",
    "SourceError": "sources.source",
    "Transfer": "sources.source",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
