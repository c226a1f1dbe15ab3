"""Measures flow and decoder of a full-size voice on a few frames: a whole sentence takes too long under emulation.

They are made on this machine with the integers of an ARM processor: how much work they are depends on no value, so
noise stands for speech.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from script.arm64.boards import BOARDS
from script.arm64.count import counted
from script.arm64.markdown import table
from script.arm64.root import PYTHON, Root
from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.jp_extra.preparation import simplified
from wyoming_hayakoe.engine.jp_extra.stages import read_synthesizer
from wyoming_hayakoe.engine.prepare.calibrate import calibrate
from wyoming_hayakoe.engine.prepare.convolutions import convolutions
from wyoming_hayakoe.engine.prepare.grids import Grids, Integers
from wyoming_hayakoe.engine.prepare.quantize import Form, quantize

if TYPE_CHECKING:
    from onnx import ModelProto

_HERE = Path(__file__).parent
_FRAMES = 16


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage that is written in both precisions."""

    name: str
    work: float
    """Multiply-adds of the convolutions for a second of audio."""

    seconds: float
    """Seconds of audio that the stage is given."""


def show(root: Root, repository: Path) -> None:
    """Print the millions of instructions for a second of audio."""
    folder = root.work / "stages"
    stages = _write(next(repository.glob("onnx/speakers/*/synthesizer.onnx")), folder)
    shutil.copy(_HERE / "guest_stage.py", folder)
    head = [repository.name, "multiply-adds", *(f"{board.name} ({board.cpu})" for board in BOARDS)]
    rows = [head]
    for stage in stages:
        for precision in ("fp32", "int8"):
            files = ("guest_stage.py", f"{stage.name}-{precision}.onnx", f"{stage.name}.npz")
            command = [PYTHON, *(f"/work/stages/{file}" for file in files)]
            counts = [counted(root, board, command) / stage.seconds for board in BOARDS]
            rows.append([f"{stage.name} {precision}", *(f"{value / 1e6:,.0f}" for value in (stage.work, *counts))])
    print(f"Millions for a second of audio:\n{table(rows)}", flush=True)


def _write(model: Path, folder: Path) -> list[Stage]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = json.loads((model.parent / "config.json").read_text(encoding="utf-8"))
    stages = simplified(cutting.cut(read_synthesizer(model)))
    written = []
    for name, stage in (("flow", stages.flow), ("decoder", stages.decoder)):
        feeds = _noise(stage, config["model"]["inter_channels"])
        fit = convolutions(stage)
        grids = Grids(stage, calibrate(stage, fit, [feeds], model), Integers.of("aarch64", ()))
        int8 = quantize(stage, dict.fromkeys(fit, Form.TENSOR), grids)
        for precision, each in (("fp32", stage), ("int8", int8)):
            (folder / f"{name}-{precision}.onnx").write_bytes(each.SerializeToString())
        np.savez(folder / f"{name}.npz", **feeds)
        rate = config["data"]["sampling_rate"] / stages.hop
        written.append(Stage(name, sum(each.work for each in fit.values()) * rate, _FRAMES / rate))
    return written


def _noise(stage: "ModelProto", channels: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    feeds: dict[str, np.ndarray] = {}
    for value in stage.graph.input:
        if value.name in {cutting.LATENT, cutting.PRIOR}:
            feeds[value.name] = random.standard_normal((1, channels, _FRAMES), dtype=np.float32)
        elif value.name == cutting.DURATIONS:
            feeds[value.name] = np.full((1, 1, _FRAMES // 2), 2, dtype=np.float32)
        else:
            feeds[value.name] = np.zeros(1, dtype=np.int64)
    return feeds
