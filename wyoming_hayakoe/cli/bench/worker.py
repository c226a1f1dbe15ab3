"""Speaks with this program or with HayaKoe, as it is told on standard input, and says how long it took.

A script of its own that imports nothing of the other program, for an environment that has only one of them.
Arguments: ``ours`` or ``peer``, the voice's name, the repository's URI, a folder for data, the precision of ours.
Lines in: ``["first", TEXT]``, ``["whole", TEXT]``, ``["settle", ""]``, ``["second", ""]``.
"""

import ctypes
import gc
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

# Both programs draw durations by lot; so both say the same phones equally long.
_EVEN = {"noise_w": 0.0, "sdp_ratio": 0.0}


def main() -> None:
    """Load and say a word, then measure what each line asks for."""
    program, name, uri, folder, precision = sys.argv[1:]
    tts = _load(program, name, uri, Path(folder), precision)
    _tell(_measure(tts.speakers[name], "first", "こんにちは。"))
    for line in sys.stdin:
        kind, text = json.loads(line)
        if kind == "second":
            _tell(_load_second(tts, name, uri, Path(folder, precision)))
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


def _load(program: str, name: str, uri: str, folder: Path, precision: str) -> Any:
    if program == "ours":
        # The package of the checkout that this file belongs to.
        sys.path.insert(0, str(Path(__file__).parents[3]))
        package, options = "wyoming_hayakoe", {"precision": precision}
    else:
        package, options = "hayakoe", {}
    tts = importlib.import_module(package).TTS(device="cpu", cache_dir=folder, bert_source=uri, **options)
    return tts.load(name, source=uri).prepare()


def _load_second(tts: Any, name: str, uri: str, folder: Path) -> float:
    """Give the repository's voice another name, so that it is loaded once more."""
    speakers = folder / "second" / "onnx" / "speakers"
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
