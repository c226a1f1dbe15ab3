"""Speak a sentence on PyTorch, on the CPU: ``spoken_by_pytorch.py OUT.npz REPOSITORY DATA TEXT SEED COMPILES``.

A program for our own Python with the peer's PyTorch behind it.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch

from wyoming_hayakoe import TTS
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Delivery


def main() -> None:
    out, repository, data, text, seed, compiles = sys.argv[1:]
    # What is traced is what counts here; making machine code of it takes minutes.
    torch.compile = partial(torch.compile, backend="eager")
    tts = TTS("pytorch", data).load("rand-jp", repository).prepare(compile=bool(int(compiles)))
    speaker = tts.speakers["rand-jp"]
    speech = speaker.voice.speak(tts.front_end.read(text), SynthesisParams(seed=int(seed)), Delivery(raw=True))
    windows = list(speech.windows)
    durations = [timing.duration for timing in speech.timings or ()]
    np.savez(Path(out), sound=np.concatenate(windows), durations=durations, sizes=[len(each) for each in windows])


if __name__ == "__main__":
    main()
