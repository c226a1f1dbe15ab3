"""Measures a voice of Kokoro's on a sentence, stage by stage and window by window, in fp32 and in int8.

The graphs are made on this machine with the integers of an ARM processor, as a board would prepare them, and are given
what the stages take here in that sentence. What they make there is compared with what the same graph makes here.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from script.arm64.boards import BOARDS, Board
from script.arm64.count import counted
from script.arm64.guest import TEXT
from script.arm64.markdown import table
from script.arm64.root import PYTHON, Root
from script.arm64.stages import likeness
from wyoming_hayakoe.engine.kokoro import fitted
from wyoming_hayakoe.engine.kokoro.division import divided
from wyoming_hayakoe.engine.kokoro.int8 import quantized
from wyoming_hayakoe.engine.kokoro.networks import GRAPHS, KokoroNetworks, loadable, read_published
from wyoming_hayakoe.engine.kokoro.phonemes import line
from wyoming_hayakoe.engine.kokoro.statistics import Predictor
from wyoming_hayakoe.engine.kokoro.synthesizer import SAMPLE_RATE, KokoroSynthesizer
from wyoming_hayakoe.engine.kokoro.voice_files import BUILT_IN, KokoroFiles, installed
from wyoming_hayakoe.engine.prepare.grids import Integers
from wyoming_hayakoe.engine.runtime.session import Feeds, Session
from wyoming_hayakoe.text.frontend import japanese
from wyoming_hayakoe.utterance import SynthesisParams

if TYPE_CHECKING:
    from onnx import ModelProto

FP32, INT8 = "fp32", "int8"

MOST = 4.5e9
"""Instructions for a second of sound that are wanted on a Cortex-A76: a Pi 5 then has half of a core left."""

_HERE = Path(__file__).parent
_FOLDER = "kokoro"


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a stage."""

    stage: str

    feeds: Feeds

    @property
    def width(self) -> int:
        """Points of time that the stage is given, 12.5 ms each; tokens for the prosody."""
        value = self.feeds.get("latent", self.feeds.get("f0", self.feeds.get("tokens")))
        return 0 if value is None else int(value.shape[-1])


class Recorder:
    """A stage that records its calls."""

    def __init__(self, stage: str, session: Session, calls: list[Call]) -> None:
        """Record the calls of ``session`` in ``calls``."""
        self._stage, self._session, self._calls = stage, session, calls

    def run(self, outputs: Sequence[str], feeds: Feeds) -> list[npt.NDArray[Any]]:
        """Compute ``outputs`` as the session does."""
        self._calls.append(Call(self._stage, {name: feeds[name] for name in self._session.inputs}))
        return self._session.run(outputs, feeds)


@dataclass(frozen=True, slots=True)
class Count:
    """One run on a board."""

    instructions: int

    to_here: float
    """Signal to noise in dB of what it made beside what the same graph makes on this machine."""


def show(root: Root, voice: str) -> bool:
    """Print the millions of instructions for a second of sound on each board, and return whether they are few enough.

    Args:
        root: the root file system.
        voice: the voice's name, such as kokoro-alpha.
    """
    folder = root.work / _FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    files = installed(BUILT_IN[voice])
    calls, seconds = record(files)
    _write(files, calls, folder)
    shutil.copy(_HERE / "guest_stage.py", root.work)
    good = True
    for board in BOARDS:
        counts = _measure(root, board, len(calls))
        print(f"{board.name} ({board.cpu}), millions of instructions for a second of sound, {seconds:.2f} s in all:")
        print(table(rows(calls, counts, seconds)), flush=True)
        # What has no dot product of integers is not what the figure is wanted on.
        wanted = "asimddp" in board.features
        good = good and (not wanted or total(counts, calls, seconds) <= MOST)
    return good


def record(files: KokoroFiles) -> tuple[list[Call], float]:
    """Return the calls of all stages in the sentence, and the seconds of its sound."""
    calls: list[Call] = []
    stages = KokoroNetworks.open(files, None, None)
    recorders: dict[str, Any] = {name: Recorder(name, getattr(stages, name), calls) for name in GRAPHS}
    voice = KokoroSynthesizer(
        replace(stages, **recorders), files.styles(), files.vocabulary, Predictor.of_voice(files.fitted_voice)
    )
    spoken = voice.speak(line(japanese().read(TEXT), files.words()), SynthesisParams())
    return calls, sum(len(window) for window in spoken.windows) / SAMPLE_RATE


def rows(calls: Sequence[Call], counts: Sequence[Mapping[str, Count]], seconds: float) -> list[list[str]]:
    """Return a table of each call in each form, then of each stage and of all in the form that is fewest there."""
    found = [["stage", "points", FP32, INT8, "to here in dB"]]
    for call, forms in zip(calls, counts, strict=True):
        cells = [f"{forms[form].instructions / seconds / 1e6:,.0f}" if form in forms else "" for form in (FP32, INT8)]
        likeness = " / ".join(f"{forms[form].to_here:.0f}" for form in (FP32, INT8) if form in forms)
        found.append([call.stage, str(call.width), *cells, likeness])
    for form in (FP32, INT8):
        whole = sum(forms.get(form, forms[FP32]).instructions for forms in counts)
        found.append([f"all in {form}", "", *_in_column(form, f"{whole / seconds / 1e6:,.0f}"), ""])
    best = total(counts, calls, seconds)
    return [*found, ["all, each stage in its best form", "", "", f"{best / 1e6:,.0f}", ""]]


def total(counts: Sequence[Mapping[str, Count]], calls: Sequence[Call], seconds: float) -> float:
    """Return the instructions for a second of sound, each stage in the form that takes fewest in all of its calls."""
    whole = 0
    for stage in dict.fromkeys(call.stage for call in calls):
        mine = [forms for call, forms in zip(calls, counts, strict=True) if call.stage == stage]
        whole += min(sum(forms[form].instructions for forms in mine) for form in mine[0])
    return whole / seconds


def _in_column(form: str, cell: str) -> tuple[str, str]:
    return (cell, "") if form == FP32 else ("", cell)


def _write(files: KokoroFiles, calls: Sequence[Call], folder: Path) -> None:
    """Write each call as a folder: its stage in each form, what it takes, and what it makes here."""
    places: dict[str, list[Path]] = {}
    for number, call in enumerate(calls):
        place = folder / f"{number:02d} {call.stage}"
        place.mkdir(parents=True)
        np.savez(place / "feeds.npz", **call.feeds)
        places.setdefault(call.stage, []).append(place)
    ranges = fitted.arrays(files.voice) or {}
    for stage, graph in divided(read_published(files)):
        in_int8 = quantized(stage, graph, ranges, Integers.of("aarch64", ()))
        if in_int8 is not None:
            _write_form(INT8, loadable(stage, in_int8), places[stage])
        _write_form(FP32, loadable(stage, graph), places[stage])


def _write_form(form: str, model: "ModelProto", places: Sequence[Path]) -> None:
    """Write a graph into the first of ``places``, links to it into the others, and what it makes here into all."""
    path = places[0] / f"{form}.onnx"
    path.write_bytes(model.SerializeToString())
    session = Session(path, path)
    for place in places:
        if place != places[0]:
            (place / path.name).symlink_to(Path("..") / path.parent.name / path.name)
        with np.load(place / "feeds.npz", allow_pickle=False) as feeds:
            np.save(place / f"{form}.npy", session.run(session.outputs, dict(feeds))[0])


def _measure(root: Root, board: Board, calls: int) -> list[dict[str, Count]]:
    out = f"{_FOLDER}-{board.cpu}"
    shutil.rmtree(root.work / out, ignore_errors=True)
    instructions = iter(counted(root, board, [PYTHON, "/work/guest_stage.py", f"/work/{_FOLDER}", f"/work/{out}"]))
    found: list[dict[str, Count]] = [{} for _ in range(calls)]
    for piece, form, failure in json.loads((root.work / out / "graphs.json").read_text(encoding="utf-8")):
        count = next(instructions)
        if failure:
            print(f"{board.name}: {piece}, {form}: {failure}")
            continue
        made, here = (
            np.load(path, allow_pickle=False)
            for path in (root.work / out / f"{piece}.{form}.npy", root.work / _FOLDER / piece / f"{form}.npy")
        )
        found[int(piece[:2])][form] = Count(count, likeness(made, here))
    return found
