"""One sentence, spoken on an emulated board or on this machine."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from script.arm64.boards import Board
from script.arm64.count import counted
from script.arm64.root import PYTHON, Root
from tests.awake import wake

_HERE = Path(__file__).parent
_CHECKOUT = _HERE.parents[1]


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice and its precision."""

    name: str
    repository: Path | None = None
    """None for the built-in voice."""

    precision: str = "fp32"

    @property
    def label(self) -> str:
        """Return a label that is different for each voice."""
        return f"{self.repository.name}-{self.precision}" if self.repository else self.name

    @property
    def in_fp32(self) -> "Voice":
        """Return the same voice in fp32."""
        return replace(self, precision="fp32")


@dataclass(frozen=True, slots=True)
class Sound:
    """The result of one run."""

    sound: npt.NDArray[np.float32]
    facts: dict[str, Any]
    """The facts that guest.py writes."""

    instructions: int | None
    """Instructions for the sentence; None on this machine."""


class SentenceRunner:
    """Speaks each sentence once and keeps the result."""

    def __init__(self, root: Root) -> None:
        """Speak in ``root``, whose work folder keeps the results."""
        self.root = root
        self._sounds: dict[tuple[Voice, Board | None], Sound] = {}

    def say(self, voice: Voice, board: Board | None) -> Sound:
        """Compile ``voice`` with the command line, as users do, and speak the sentence; None is this machine."""
        if not self._sounds:
            # Forms that an earlier version of the program has compiled prove nothing.
            for name in ("voices", "data", "said"):
                shutil.rmtree(self.root.work / name, ignore_errors=True)
        if (voice, board) not in self._sounds:
            self._sounds[voice, board] = self._say(voice, board)
        return self._sounds[voice, board]

    def _say(self, voice: Voice, board: Board | None) -> Sound:
        machine = board.cpu if board else "here"
        work = self.root.work if board is None else Path("/work")
        # fp32 and int8 share a data folder, and with it the measured level.
        data = work / "data" / f"{machine}-{voice.repository.name if voice.repository else voice.name}"
        out = work / "said" / f"{machine}-{voice.label}"
        guest = [str(work / "guest.py"), "--data-dir", str(data), voice.name, str(out)]
        shutil.copy(_HERE / "guest.py", self.root.work)
        if voice.repository:
            name = voice.repository.name
            if not (awake := self.root.work / "voices" / name).exists():
                wake(voice.repository, awake)
            source = (work / "voices" / name).as_uri()
            how = ["--precision", voice.precision, "--data-dir", str(data)]
            self._run(["-m", "wyoming_hayakoe", "compile", f"{voice.name}={source}", *how, "--offline"], board)
            guest += ["--source", source, "--precision", voice.precision]
        instructions: int | None = None
        if board:
            [instructions] = counted(self.root, board, [PYTHON, *guest])
        else:
            self._run(guest, None)
        folder = self.root.work / "said" / out.name
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        return Sound(np.load(folder / "sound.npy", allow_pickle=False), facts, instructions)

    def _run(self, arguments: list[str], board: Board | None) -> None:
        if board:
            self.root.run([PYTHON, *arguments], board)
        else:
            # The program of the checkout, not an installed one.
            subprocess.run([sys.executable, *arguments], env=os.environ | {"PYTHONPATH": str(_CHECKOUT)}, check=True)
