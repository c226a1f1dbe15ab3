"""Speaks with this program or with HayaKoe, as it is told on standard input, and says how long it took.

A script of its own that imports nothing of the other program, for an environment that has only one of them.
Arguments: ``ours`` or ``peer``, the voice's name, the repository's URI.
Lines in: ``["first", TEXT]``, ``["whole", TEXT]``, ``["settle", ""]``, ``["second", ""]``.
"""

import ctypes
import gc
import importlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

# Both programs draw durations by lot; so both say the same phones equally long.
_EVEN = {"noise_w": 0.0, "sdp_ratio": 0.0}


def main() -> None:
    """Load, then measure what each line asks for."""
    program, name, uri = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        tts = _load(program, name, uri, Path(folder))
        _tell(time.perf_counter() - started)
        for line in sys.stdin:
            kind, text = json.loads(line)
            if kind == "second":
                _tell(_load_second(tts, name, uri, folder))
            elif kind == "settle":
                _tell(_settle())
            else:
                _tell(_measure(tts.speakers[name], kind, text))


def _measure(speaker: Any, kind: str, text: str) -> float:
    """Return the seconds to the first or to the last of the sound."""
    started = time.perf_counter()
    if kind == "whole":
        speaker.generate(text, **_EVEN)
        return time.perf_counter() - started
    stream = speaker.stream(text, **_EVEN)
    next(stream)
    taken = time.perf_counter() - started
    stream.close()
    return taken


def _load(program: str, name: str, uri: str, folder: Path) -> Any:
    if program == "ours":
        # The package of the checkout that this file belongs to.
        sys.path.insert(0, str(Path(__file__).parents[3]))
        package = "wyoming_hayakoe"
    else:
        package = "hayakoe"
    return (
        importlib.import_module(package)
        .TTS(device="cpu", cache_dir=folder, bert_source=uri)
        .load(name, source=uri)
        .prepare()
    )


def _load_second(tts: Any, name: str, uri: str, folder: str) -> float:
    """Give the repository's voice another name, so that it is loaded once more."""
    speakers = Path(folder) / "second" / "onnx" / "speakers"
    speakers.mkdir(parents=True)
    (speakers / "second").symlink_to(Path(uri.removeprefix("file://")) / "onnx" / "speakers" / name)
    tts.load("second", source=(speakers.parents[1]).as_uri()).prepare()
    return _measure(tts.speakers["second"], "whole", "こんにちは。")


def _settle() -> float:
    """Return to the system what is free, so that only what is held counts."""
    started = time.perf_counter()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return time.perf_counter() - started


def _tell(seconds: float) -> None:
    print(f"seconds {seconds}", flush=True)


if __name__ == "__main__":
    main()
