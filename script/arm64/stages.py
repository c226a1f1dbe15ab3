"""Measures the stages of a full-size voice on a few phones and frames, piece by piece and form by form.

A whole sentence takes too long under emulation. The graphs are made on this machine with the integers of an ARM
processor: how much work they are depends on no value, so noise stands for speech. What an int8 form makes there is
compared with what the same graph makes here, and with fp32. The encoder is always in fp32.
"""

import json
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from script.arm64.boards import BOARDS, Board
from script.arm64.count import counted
from script.arm64.markdown import table
from script.arm64.root import PYTHON, Root
from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.jp_extra.network import JP_EXTRA
from wyoming_hayakoe.engine.piper.network import PIPER
from wyoming_hayakoe.engine.piper.voice_files import read_piper
from wyoming_hayakoe.engine.prepare import int8_trial
from wyoming_hayakoe.engine.prepare.calibrate import calibrate
from wyoming_hayakoe.engine.prepare.convolutions import convolutions
from wyoming_hayakoe.engine.prepare.grids import Grids, Integers
from wyoming_hayakoe.engine.prepare.int8_trial import Group
from wyoming_hayakoe.engine.prepare.pieces import Piece, pieces
from wyoming_hayakoe.engine.prepare.precision import savings
from wyoming_hayakoe.engine.prepare.quantize import Form, quantize
from wyoming_hayakoe.engine.prepare.two_dimensions import in_two_dimensions
from wyoming_hayakoe.engine.runtime.session import Feeds, Session
from wyoming_hayakoe.engine.vits.kind import NetworkKind
from wyoming_hayakoe.engine.vits.preparation import simplified
from wyoming_hayakoe.utterance import SynthesisParams

if TYPE_CHECKING:
    from onnx import ModelProto

_HERE = Path(__file__).parent
_FRAMES = 16
_PHONES = 61
_PHONES_PER_SECOND = 30
"""Japanese has 13 to 15 phones a second, and a network takes a blank with each."""

_CALIBRATION = 12
"""Sentences of that length, by which values are calibrated."""

FP32 = ("fp32", "fp32, two dimensions")
INT8 = {form.name.lower(): form for form in Form}

_MARGIN = 3.0
"""How many dB an int8 form's difference between two machines is at least below its noise. There is one: a value between
two steps is rounded up here and down there, and those behind it change with it."""

_SAME = 80.0
"""Signal to noise in dB of values that differ by the order of sums at most."""


@dataclass(frozen=True, slots=True)
class FullVoice:
    """A voice as large as a published one."""

    label: str
    kind: NetworkKind
    model: Path
    sample_rate: int

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Return the voice of a repository of script/make_test_repo, or of a folder of script/make_piper_voices."""
        for model in folder.glob("onnx/speakers/*/synthesizer.onnx"):
            config = json.loads((model.parent / "config.json").read_text(encoding="utf-8"))
            return cls("JP-Extra", JP_EXTRA, model, config["data"]["sampling_rate"])
        files = read_piper(folder)
        return cls(folder.name, PIPER, files.model, files.config.sample_rate)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a stage."""

    name: str
    work: float
    """Multiply-adds, for a second of audio, of the convolutions that are fit for int8."""

    seconds: float = 1.0
    """Of audio that it is measured on."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A piece in one form on a board."""

    instructions: float
    """For a second of audio."""

    to_fp32: float
    """Signal to noise in dB next to fp32 on this machine."""

    to_here: float
    """The same next to this form on this machine."""

    @property
    def is_as_here(self) -> bool:
        """Whether it makes what it makes on this machine."""
        return self.to_here >= min(self.to_fp32 + _MARGIN, _SAME)


Counts = Mapping[str, Mapping[str, Measured]]
"""By the names of pieces and forms; a form that fails is missing."""


def show(root: Root, voice: FullVoice) -> bool:
    """Print the millions of instructions for a second of audio, and return whether forms sound there as here."""
    folder = root.work / "stages"
    shutil.rmtree(folder, ignore_errors=True)
    parts = write_pieces(voice, folder)
    shutil.copy(_HERE / "guest_stage.py", root.work)
    good = True
    for board in BOARDS:
        counts = _measure(root, board, parts)
        print(f"{voice.label} on {board.name} ({board.cpu}), millions of instructions for a second of audio:")
        print(table(count_rows(parts, counts)))
        print("Signal to noise in dB, next to fp32 here / next to the same form here:")
        print(table(_likeness_rows(parts, counts)), flush=True)
        found = [each for forms in counts.values() for each in forms.values()]
        good = good and len(found) == len(list(folder.glob("*/*.onnx")))
        good = good and all(each.is_as_here for each in found)
    return good


def count_rows(parts: Sequence[Part], counts: Counts) -> list[list[str]]:
    """Return a table of each piece in each form, then of the decoder with each piece in its best form.

    Its last depths, which have the most noise, stay in fp32 there: none, one and two of them.
    """
    choices = {"least": least, "cleanest worth it": cleanest}
    rows = [["piece", "multiply-adds", *FP32, *INT8, *choices]]
    for part in parts:
        forms = counts[part.name]
        cells = [_millions(forms[form].instructions) if form in forms else "" for form in (*FP32, *INT8)]
        work = _millions(part.work) if part.work else ""
        rows.append([part.name, work, *cells, *(choose(forms) for choose in choices.values())])
    decoder = [counts[part.name] for part in parts if part.name.startswith("decoder")]
    others = [counts[part.name] for part in parts if not part.name.startswith("decoder")]
    for kept in range(3):
        name = f"decoder, last {kept} in fp32" if kept else "decoder"
        rows.append(_sum_row(name, decoder, kept, choices.values()))
    rows.append(_sum_row("all, last 1 in fp32", [*others, *decoder], 1, choices.values()))
    return rows


def _sum_row(
    name: str, pieces: Sequence[Mapping[str, Measured]], kept: int, choices: Iterable[Callable[..., str]]
) -> list[str]:
    """Return the row of pieces together, whose ``kept`` last ones stay in fp32."""
    fp32 = sum(forms["fp32"].instructions for forms in pieces)
    cells = []
    for choose in choices:
        chosen = [choose(forms) for forms in pieces[: len(pieces) - kept]] + ["fp32"] * kept
        whole = sum(forms[form].instructions for forms, form in zip(pieces, chosen, strict=True))
        cells.append(f"{_millions(whole)} ({whole / fp32:.2f})")
    return [name, "", _millions(fp32), *[""] * (len(FP32) + len(INT8) - 1), *cells]


def least(forms: Mapping[str, Measured]) -> str:
    """Return the name of the form with the fewest instructions."""
    return min(forms, key=lambda form: forms[form].instructions)


def cleanest(forms: Mapping[str, Measured]) -> str:
    """Return the name of the int8 form that the choice of a voice's plan tries first, were each instruction as long."""
    times = {form: forms[name].instructions for name, form in INT8.items() if name in forms}
    worth = savings({"": Group(0, work=1)}, [{int8_trial.FP32: forms["fp32"].instructions, **times}])[""]
    return next((form.name.lower() for form in worth), "fp32")


def _likeness_rows(parts: Sequence[Part], counts: Counts) -> list[list[str]]:
    rows = [["piece", *FP32, *INT8]]
    for part in parts:
        forms = counts[part.name]
        cells = [
            f"{forms[form].to_fp32:.1f} / {forms[form].to_here:.1f}" if form in forms else "" for form in rows[0][1:]
        ]
        rows.append([part.name, *cells])
    return rows


def _millions(value: float) -> str:
    return f"{value / 1e6:,.0f}"


def _measure(root: Root, board: Board, parts: Sequence[Part]) -> Counts:
    seconds = {part.name: part.seconds for part in parts}
    out = f"made-{board.cpu}"
    shutil.rmtree(root.work / out, ignore_errors=True)
    instructions = iter(counted(root, board, [PYTHON, "/work/guest_stage.py", "/work/stages", f"/work/{out}"]))
    measured: dict[str, dict[str, Measured]] = {}
    for piece, form, failure in json.loads((root.work / out / "graphs.json").read_text(encoding="utf-8")):
        count = next(instructions)
        if failure:
            print(f"{board.name}: {piece}, {form}: {failure}")
            continue
        made, here, fp32 = (
            np.load(path, allow_pickle=False)
            for path in (
                root.work / out / f"{piece}.{form}.npy",
                root.work / "stages" / piece / f"{form}.npy",
                root.work / "stages" / piece / f"{FP32[0]}.npy",
            )
        )
        measured.setdefault(piece, {})[form] = Measured(
            count / seconds[piece], likeness(made, fp32), likeness(made, here)
        )
    return measured


def likeness(made: npt.NDArray[np.float32], expected: npt.NDArray[np.float32]) -> float:
    """Return the signal to noise in dB of what was ``made`` beside what was ``expected``."""
    noise = float(np.square(made - expected).sum(dtype=np.float64))
    return float(10 * np.log10(np.square(expected).sum(dtype=np.float64) / max(noise, 1e-30)))


def write_pieces(voice: FullVoice, folder: Path) -> list[Part]:
    """Write each piece in each form, and what it takes and makes here; return the pieces."""
    stages = simplified(voice.kind, voice.kind.cut(voice.kind.read(voice.model)))
    rate = voice.sample_rate / stages.hop
    inputs = voice.kind.random_inputs(stages.encoder.graph, _PHONES)
    given = inputs.feeds(SynthesisParams())
    channels = _write_encoder(stages.encoder, given, folder / "encoder")
    parts = [Part("encoder", 0, _PHONES / _PHONES_PER_SECOND)]
    for name, stage in (("flow", stages.flow), ("decoder", stages.decoder)):
        fit = convolutions(stage)
        sentences = [_noise(stage, given, channels, 1 + number) for number in range(_CALIBRATION)]
        statistics = calibrate(stage, fit, sentences, voice.model)
        grids = Grids(stage, statistics, Integers.of("aarch64", ()))
        feeds = _noise(stage, given, channels, 0)
        for depth, piece in enumerate(pieces({name: stage})):
            label = name if name == "flow" else f"{name} {depth}"
            made = [node.output[0] for node in piece.model.graph.node if node.output[0] in fit]
            feeds = _write_piece(piece, made, grids, feeds, folder / label)
            parts.append(Part(label, sum(fit[output].work for output in made) * rate, _FRAMES / rate))
    return parts


def _write_encoder(encoder: "ModelProto", given: Feeds, folder: Path) -> int:
    """Write the encoder, which is a piece in one form, and return the channels of the latent."""
    noise = np.random.default_rng(0).standard_normal((1, 2, _PHONES), dtype=np.float32)
    # What is compared between machines is the first output: the mean, for durations are rounded.
    outputs = sorted(encoder.graph.output, key=lambda value: value.name != cutting.MEAN)
    del encoder.graph.output[:]
    encoder.graph.output.extend(outputs)
    whole = Piece("encoder", encoder, [outputs[0].name], is_last=True)
    made = _write_forms({FP32[0]: encoder}, whole, {**given, cutting.DURATION_NOISE: noise}, folder)
    return int(made.shape[1])


def _write_piece(piece: Piece, fit: Collection[str], grids: Grids, feeds: Feeds, folder: Path) -> Feeds:
    """Write a piece in each form, and return ``feeds`` with what it makes in fp32."""
    forms = dict(zip(FP32, (piece.model, in_two_dimensions(piece.model)), strict=True))
    if fit:
        forms |= {name: quantize(piece.model, dict.fromkeys(fit, form), grids) for name, form in INT8.items()}
    return {**feeds, piece.outputs[0]: _write_forms(forms, piece, feeds, folder)}


def _write_forms(
    forms: "Mapping[str, ModelProto]", piece: Piece, feeds: Feeds, folder: Path
) -> npt.NDArray[np.float32]:
    """Write a piece's forms with what they take and make here, and return what it makes in fp32."""
    folder.mkdir(parents=True)
    results = {}
    for name, model in forms.items():
        path = folder / f"{name}.onnx"
        path.write_bytes(model.SerializeToString())
        session = Session(path, path)
        [results[name]] = session.run(piece.outputs, feeds)
        np.save(folder / f"{name}.npy", results[name])
    inputs = {value.name for value in piece.model.graph.input}
    np.savez(folder / "feeds.npz", **{name: value for name, value in feeds.items() if name in inputs})
    return results[FP32[0]]


def _noise(stage: "ModelProto", given: Feeds, channels: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    feeds: dict[str, np.ndarray] = {}
    for value in stage.graph.input:
        if value.name in {cutting.LATENT, cutting.PRIOR}:
            feeds[value.name] = random.standard_normal((1, channels, _FRAMES), dtype=np.float32)
        elif value.name == cutting.DURATIONS:
            feeds[value.name] = np.full((1, 1, _FRAMES // 2), 2, dtype=np.float32)
        else:
            feeds[value.name] = given[value.name]
    return feeds
