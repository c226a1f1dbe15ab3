"""Says a sentence twice by the library, inside as on this machine, and leaves the second one's sound in a folder.

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
"""The system call that count.c waits for; to a kernel it is none."""


def main() -> None:
    """Speak as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", help="of the voice; the built-in one without")
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
    """Return the sentence in floats; all its noise is drawn by NumPy from one seed, the same on every machine."""
    return np.concatenate(list(speaker.narrate(seed=SEED).speak_text(TEXT)))


def mark() -> None:
    """Have count.c note how many instructions there were."""
    ctypes.CDLL(None).syscall(MARK)


def integers(folder: Path) -> set[str]:
    """Return the types of values between the int8 convolutions of what is prepared."""
    found = set()
    for path in folder.glob("*/*.onnx"):
        graph = onnx.load(path, load_external_data=False).graph
        tensors = {tensor.name: tensor for tensor in graph.initializer}
        for node in graph.node:
            if node.op_type == "QLinearConv":
                # Inputs are x, x_scale, x_zero_point and on (ONNX operator QLinearConv).
                found.add(numpy_helper.to_array(tensors[node.input[2]]).dtype.name)
    return found


if __name__ == "__main__":
    main()
