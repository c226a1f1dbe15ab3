"""The tiny voice as others publish theirs: a Style-Bert-VITS2 folder, and an AivisSpeech file."""

import base64
import io
import json
import shutil
from pathlib import Path

import numpy as np
import onnx

from tests.support import TINY_REPO

SPEAKER = TINY_REPO / "onnx" / "speakers" / "rand-jp"

# Their exporters call some inputs otherwise than HayaKoe's.
_NAMES = {"x": "x_tst", "x_lengths": "x_tst_lengths", "tone": "tones", "noise_scale_w": "noise_scale_w"}

MANIFEST = {
    "manifest_version": "1.0",
    "name": "乱数の声",
    "description": "乱数で できた\n声",
    "creators": ["Somebody <some@example.com> (https://example.com/voice)", "Anna"],
    "license": "# Aivis Common Model License (ACML) 1.0\n\n…",
    "model_architecture": "Style-Bert-VITS2 (JP-Extra)",
    "model_format": "ONNX",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "version": "1.0.0",
    "speakers": [
        {
            "name": "乱数の声",
            "icon": "data:image/png;base64,AAAA",
            "supported_languages": ["ja"],
            "uuid": "00000000-0000-0000-0000-000000000000",
            "local_id": 0,
            "styles": [
                {"name": "ノーマル", "icon": None, "local_id": 0, "voice_samples": []},
                {"name": "うれしい", "icon": None, "local_id": 1, "voice_samples": []},
            ],
        }
    ],
}


def as_folder(folder: Path, licence: str = "cc-by-4.0") -> Path:
    """Write the voice as Style-Bert-VITS2's exporter does, beside what a trainer leaves there."""
    folder.mkdir(parents=True)
    for name in ("config.json", "style_vectors.npy"):
        shutil.copyfile(SPEAKER / name, folder / name)
    onnx.save(renamed(), folder / "rand_e100_s2000.onnx")
    (folder / "rand_e100_s2000.safetensors").write_bytes(b"weights")
    (folder / "README.md").write_text(f"---\nlicense: {licence}\n---\n# rand\n", encoding="utf-8")
    return folder


def as_aivmx(path: Path, **changes: object) -> Path:
    """Write the voice as one file; ``changes`` replace entries of its metadata, None removes one."""
    model = renamed()
    entries = {
        "aivm_manifest": json.dumps(MANIFEST, ensure_ascii=False),
        "aivm_hyper_parameters": (SPEAKER / "config.json").read_text(encoding="utf-8"),
        "aivm_style_vectors": base64.b64encode((SPEAKER / "style_vectors.npy").read_bytes()).decode(),
    } | changes
    for key, value in entries.items():
        if value is not None:
            model.metadata_props.add(key=key, value=str(value))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path


def renamed() -> onnx.ModelProto:
    """Return the graph with the inputs' names of Style-Bert-VITS2's own export."""
    model = onnx.load(SPEAKER / "synthesizer.onnx")
    for value in model.graph.input:
        value.name = _NAMES.get(value.name, value.name)
    for node in model.graph.node:
        node.input[:] = [_NAMES.get(name, name) for name in node.input]
    return model


def npy(array: np.ndarray) -> str:
    """Return an array as the metadata holds it."""
    file = io.BytesIO()
    np.save(file, array)
    return base64.b64encode(file.getvalue()).decode()
