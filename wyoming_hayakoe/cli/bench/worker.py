"""Speaks with a library of HayaKoe's shape, as standard input asks, and prints the seconds that it took.

A script that imports no library but the one to measure, for an environment that has only that one.
Arguments: the library's module, keyword arguments of its TTS as JSON, the voice's name, the repository's URI, a folder
for data. Lines in: ``["first", TEXT]``, ``["whole", TEXT]``, ``["streamed", TEXT]``, ``["trim", ""]``,
``["second", ""]``.
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

# Without sampled durations, all libraries say the same phones equally long.
_EVEN = {"noise_w": 0.0, "sdp_ratio": 0.0}


def main() -> None:
    """Load and say a word, then measure what each line asks for."""
    module, options, name, uri, data = sys.argv[1:]
    if module == "wyoming_hayakoe":
        # The package of the checkout that this file belongs to.
        sys.path.insert(0, str(Path(__file__).parents[3]))
    library = importlib.import_module(module)
    tts = library.TTS(device="cpu", cache_dir=Path(data), bert_source=uri, **json.loads(options))
    tts.load(name, source=uri).prepare()
    _report(_measure(tts.speakers[name], "first", "こんにちは。"))
    for line in sys.stdin:
        kind, text = json.loads(line)
        if kind == "second":
            _report(_load_second(tts, name, uri, Path(data)))
        elif kind == "trim":
            _report(_trim())
        else:
            _report(_measure(tts.speakers[name], kind, text))


def _measure(speaker: Any, kind: str, text: str) -> float:
    """Return the seconds to the whole audio at once, to the first of a stream, or to the last of it."""
    started = time.perf_counter()
    if kind == "whole":
        speaker.generate(text, **_EVEN)
        return time.perf_counter() - started
    stream = speaker.stream(text, **_EVEN)
    for _ in stream:
        if kind == "first":
            break
    taken = time.perf_counter() - started
    stream.close()
    return taken


def _load_second(tts: Any, name: str, uri: str, data: Path) -> float:
    """Load the repository's voice once more, under another name."""
    speakers = Path(tempfile.mkdtemp(dir=data), "onnx", "speakers")
    speakers.mkdir(parents=True)
    (speakers / "second").symlink_to(Path(uri.removeprefix("file://")) / "onnx" / "speakers" / name)
    tts.load("second", source=(speakers.parents[1]).as_uri()).prepare()
    return _measure(tts.speakers["second"], "whole", "こんにちは。")


def _trim() -> float:
    """Return free memory to the system, so that only what is in use counts."""
    started = time.perf_counter()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return time.perf_counter() - started


def _report(seconds: float) -> None:
    print(f"seconds {seconds}", flush=True)


if __name__ == "__main__":
    main()
