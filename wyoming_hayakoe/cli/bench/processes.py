"""Processes that speak with a library each (``worker.py``).

They take turns, so that whatever else the machine does slows all of them down.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from wyoming_hayakoe.errors import HayakoeError

TIMES = 5
"""How often each of them does a thing that is measured, after once to warm up."""

_WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True, slots=True)
class Library:
    """A library of HayaKoe's shape, and how it is used."""

    module: str = "wyoming_hayakoe"

    python: str = sys.executable
    """The interpreter that has it."""

    options: Mapping[str, object] | None = None
    """Keyword arguments of its TTS."""

    loads_another: bool = True
    """Whether the memory of a second voice is measured."""


class Spent(NamedTuple):
    """What a worker needed for something, in seconds."""

    wall: float

    computing: float
    """Of all threads."""

    sound: float
    """How long the sound is that it made."""


class Worker:
    """A process that speaks with a library, and reports what it needed."""

    def __init__(self, label: str, library: Library, name: str, uri: str | None, data: str) -> None:
        """Start the process, and wait until it has spoken for the first time.

        Args:
            label: what to call the library in messages.
            library: what it speaks with.
            name: the voice.
            uri: repository of the voice; None where the library has it.
            data: folder for the library's data.
        """
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HAYAKOE_")}
        options = json.dumps(library.options or {})
        self._process = subprocess.Popen(
            # -P: this folder has a module that hides one of Python's own.
            [library.python, "-P", str(_WORKER), library.module, options, name, uri or "", data],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.pid = self._process.pid
        self._label = label
        self._spent()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, kind: str, text: str) -> Spent:
        """Have the worker do something; return what it needed for it."""
        assert self._process.stdin is not None  # noqa: S101
        print(json.dumps([kind, text]), file=self._process.stdin, flush=True)
        return self._spent()

    def _spent(self) -> Spent:
        assert self._process.stdout is not None  # noqa: S101
        for line in self._process.stdout:
            if line.startswith("spent "):
                wall, computing, sound = map(float, line.split()[1:])
                return Spent(wall, computing, sound)
        raise HayakoeError(f"{self._label} cannot be measured: it ended with exit code {self._process.wait()}")


def in_turn(workers: Mapping[str, Worker], kind: str, text: str) -> dict[str, list[Spent]]:
    """Have the workers do the same in turn; return what each needed each time, without the first."""
    spent: dict[str, list[Spent]] = {label: [] for label in workers}
    for turn in range(TIMES + 1):
        for label, worker in workers.items():
            found = worker.ask(kind, text)
            if turn:  # the first is not warm
                spent[label].append(found)
    return spent
