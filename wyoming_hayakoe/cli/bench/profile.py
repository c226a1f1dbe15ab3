"""Profile of a neural voice: time by stage, and within a stage by kind of work, as ONNX Runtime measures it."""

import gc
import json
import tempfile
from collections import Counter
from pathlib import Path

from wyoming_hayakoe.cli.bench.figures import Figure
from wyoming_hayakoe.engine.prepare.precision import Precision
from wyoming_hayakoe.engine.runtime.session import profiled
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.tts import TTS

_GROUPS = {
    "convolution": ("Conv",),
    "matrix product": ("MatMul", "Gemm"),
    "quantising": ("Quantize", "Dequantize"),
    "moving and shaping": (
        *("Transpose", "Reshape", "Slice", "Split", "Concat", "Pad", "Expand", "Gather", "Tile", "Squeeze", "Reorder"),
        *("Unsqueeze", "Shape", "Where", "Identity", "Scatter", "Cast"),
    ),
    "normalising": ("Norm", "Softmax", "Reduce"),
}
_LEAST = 0.02


def measure(name: str, source: str, precision: Precision, text: str) -> list[Figure]:
    """Speak ``text``, and return the milliseconds of each stage and of each kind of work above 2 % of it.

    Profiling itself takes time, most where nodes are many and small: compare the shares, not the milliseconds.
    """
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as folder:

        def load() -> Speaker:
            return TTS(cache_dir=data, precision=precision).load(name, source=source).prepare().speakers[name]

        # Loaded once before: preparing the voice and measuring its level are no part of the profile.
        load()
        with profiled(Path(folder)):
            speaker = load()
        speaker.generate(text, seed=0)
        # ONNX Runtime writes a session's profile when the session is freed.
        del speaker
        gc.collect()
        stages = {path.name.partition("@")[0]: _read(path) for path in sorted(Path(folder).iterdir())}
    figures = []
    for stage, work in sorted(stages.items(), key=lambda item: -item[1].total()):
        figures.append(Figure(stage, work.total(), "ms", ""))
        figures += [
            Figure(f"  {stage}: {group}", spent, "ms", f"{100 * spent / work.total():.0f} %")
            for group, spent in work.most_common()
            if spent >= _LEAST * work.total()
        ]
    return figures


def group_of(operator: str) -> str:
    """Return the kind of work of an ONNX operator."""
    return next((group for group, parts in _GROUPS.items() if any(part in operator for part in parts)), "each value")


def _read(path: Path) -> "Counter[str]":
    """Return the milliseconds of each kind of work in a profile."""
    spent: Counter[str] = Counter()
    for event in json.loads(path.read_text(encoding="utf-8")):
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            spent[group_of(event["args"]["op_name"])] += event["dur"] / 1000
    return spent
