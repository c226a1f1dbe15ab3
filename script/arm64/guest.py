"""Speaks a sentence twice with the library and writes the sound of the second time into a folder.

It needs the program alone, and stands alone: inside there is no checkout.
"""

import argparse
import ctypes
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from wyoming_hayakoe import TTS, Speaker

TEXT = "リビングの照明をつけました。"
SEED = 1
MARK = 0x48594B
"""The number of the system call that count.c looks for; a kernel has none of it."""


def main() -> None:
    """Speak as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", help="source of the voice (default: the built-in voice)")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--data-dir", required=True, type=Path)
    parser.add_argument("name")
    parser.add_argument("out", type=Path, help="folder for sound.npy and facts.json")
    flags = parser.parse_args()
    tts = TTS(cache_dir=flags.data_dir, precision=flags.precision, threads=1, offline=True)
    speaker = tts.load(flags.name, flags.source).prepare().speakers[flags.name]
    say(speaker)
    mark()
    sound = say(speaker)
    mark()
    report = getattr(speaker.voice, "report", None)
    facts = {
        "seconds": len(sound) / speaker.sample_rate,
        "sample_rate": speaker.sample_rate,
        "choice": report["choice"] if report else None,
        "integers": sorted(integers(flags.data_dir / "compiled")),
    }
    flags.out.mkdir(parents=True, exist_ok=True)
    np.save(flags.out / "sound.npy", sound)
    (flags.out / "facts.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")


def say(speaker: Speaker) -> np.ndarray:
    """Return the sound as floats; NumPy draws all noise from a fixed seed, the same on every machine."""
    return np.concatenate(list(speaker.narrate(seed=SEED).speak_text(TEXT)))


def mark() -> None:
    """Mark a position in the instruction stream for count.c."""
    ctypes.CDLL(None).syscall(MARK)


def integers(folder: Path) -> set[str]:
    """Return the data types between the int8 convolutions of a compiled voice."""
    found = set()
    for path in folder.glob("*/*.onnx"):
        graph = onnx.load(path, load_external_data=False).graph
        tensors = {tensor.name: tensor for tensor in graph.initializer}
        for node in graph.node:
            if node.op_type == "QLinearConv":
                # The inputs are x, x_scale, x_zero_point and so on (ONNX operator QLinearConv).
                found.add(numpy_helper.to_array(tensors[node.input[2]]).dtype.name)
    return found


if __name__ == "__main__":
    main()
