"""Speaks with a library of HayaKoe's shape, as standard input asks, and prints what it needed.

A script that imports no library but the one to measure, for an environment that has only that one.
Arguments: the library's module, keyword arguments of its TTS as JSON, the voice's name, the repository's URI or
nothing, a folder for data. Lines in: ``["first", TEXT]``, ``["whole", TEXT]``, ``["streamed", TEXT]``,
``["trim", ""]``, ``["second", ""]``. Lines out: ``spent``, the seconds that it took, those of computing, and those of
the sound.
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


Spent = tuple[float, float, float]
"""Seconds that something took, those of computing in all threads, and those of the sound that it made."""


def main() -> None:
    """Load and say a word, then measure what each line asks for."""
    module, options, name, uri, data = sys.argv[1:]
    checkout = Path(__file__).parents[3]
    if (checkout / module.partition(".")[0]).is_dir():
        # A package of the checkout that this file belongs to.
        sys.path.insert(0, str(checkout))
    library = importlib.import_module(module)
    tts = library.TTS(device="cpu", cache_dir=Path(data), bert_source=uri or None, **json.loads(options))
    tts.load(name, source=uri or None).prepare()
    _report(_measure(tts.speakers[name], "first", "こんにちは。"))
    for line in sys.stdin:
        kind, text = json.loads(line)
        if kind == "second":
            _report(_load_second(tts, name, uri, Path(data)))
        elif kind == "trim":
            _report(_trim())
        else:
            _report(_measure(tts.speakers[name], kind, text))


def _measure(speaker: Any, kind: str, text: str) -> Spent:
    """Return what is needed for the whole audio at once, for the first of a stream, or for all of it."""
    wall, computing, sound = time.perf_counter(), time.process_time(), 0.0
    if kind == "whole":
        sound = _length(speaker.generate(text, **_EVEN))
        return time.perf_counter() - wall, time.process_time() - computing, sound
    stream = speaker.stream(text, **_EVEN)
    for audio in stream:
        sound += _length(audio)
        if kind == "first":
            break
    spent = time.perf_counter() - wall, time.process_time() - computing, sound
    stream.close()
    return spent


def _length(audio: Any) -> float:
    return float(len(audio.data) / audio.sr)


def _load_second(tts: Any, name: str, uri: str, data: Path) -> Spent:
    """Load the repository's voice once more, under another name."""
    speakers = Path(tempfile.mkdtemp(dir=data), "onnx", "speakers")
    speakers.mkdir(parents=True)
    (speakers / "second").symlink_to(Path(uri.removeprefix("file://")) / "onnx" / "speakers" / name)
    tts.load("second", source=(speakers.parents[1]).as_uri()).prepare()
    return _measure(tts.speakers["second"], "whole", "こんにちは。")


def _trim() -> Spent:
    """Return free memory to the system, so that only what is in use counts."""
    wall, computing = time.perf_counter(), time.process_time()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return time.perf_counter() - wall, time.process_time() - computing, 0.0


def _report(spent: Spent) -> None:
    print("spent", *spent, flush=True)


if __name__ == "__main__":
    main()
