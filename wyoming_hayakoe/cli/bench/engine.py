"""How a neural voice fares, alone or beside HayaKoe on the same machine in the same minutes.

Each program runs in a process of its own (``worker.py``) and is asked in turn, so that whatever else the machine does
slows both down.
"""

import json
import os
import statistics
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from wyoming_hayakoe.cli import values
from wyoming_hayakoe.cli.bench.figures import GREETING, Figure, megabytes
from wyoming_hayakoe.errors import HayakoeError, UsageError

_TIMES = 5
_LONG = (
    "明日は全国的に晴れて気温が上がりますが、夕方からは風が強くなるところがありますので、"
    "洗濯物は早めに取り込んで、窓を閉めてからお出かけください。"
)
_WORKER = Path(__file__).with_name("worker.py")
_PEER = Path(__file__).parents[3] / ".venv-peer" / "bin" / "python"


def measure(voice: str | None, *, beside_peer: bool) -> list[Figure]:
    """Measure the voice NAME=SOURCE, and the peer's way with it if asked for.

    Raises:
        UsageError: there is no such voice, or no peer.
    """
    try:
        name, source = values.voice(voice)
    except ValueError:
        name, source = "", None
    if source is None:
        raise UsageError("--voice: say which: NAME=SOURCE, for example what script/make_test_repo --size full has made")
    if beside_peer and not _PEER.exists():
        raise UsageError("--against peer: it is not installed: run script/peer")
    with ExitStack() as stack:
        ours = stack.enter_context(_Worker(sys.executable, "ours", name, source))
        peer = stack.enter_context(_Worker(str(_PEER), "peer", name, source)) if beside_peer else None
        figures = [
            *_compare(f"first audio of {GREETING}", "first", GREETING, (ours, peer), "at least 2.5"),
            *_compare(f"first audio of {len(_LONG)} characters", "first", _LONG, (ours, peer), "at least 4.5"),
            *_compare(f"all of {GREETING}", "whole", GREETING, (ours, peer), "at least 0.95"),
            *_compare(f"all of {len(_LONG)} characters", "whole", _LONG, (ours, peer), "at least 0.95"),
            *_compare(f"all of {len(_LONG) * 3} characters", "whole", _LONG * 3, (ours, peer), "at least 0.95"),
        ]
        resident = megabytes(ours.pid)["VmRSS"]
        figures.append(Figure("resident memory", resident, "MB", ""))
        if peer:
            figures.append(Figure("peer: resident memory", megabytes(peer.pid)["VmRSS"], "MB", ""))
        ours.ask("settle", "")
        settled = megabytes(ours.pid)["VmRSS"]
        for kind in ("second", "settle"):
            ours.ask(kind, "")
        figures.append(Figure("a second voice takes", megabytes(ours.pid)["VmRSS"] - settled, "MB", "under 300"))
    return figures


def _compare(what: str, kind: str, text: str, workers: "tuple[_Worker, _Worker | None]", goal: str) -> list[Figure]:
    """Have the workers do the same in turn; return the medians, and the peer's over ours."""
    ours, peer = workers
    times: dict[_Worker, list[float]] = {worker: [] for worker in workers if worker}
    for turn in range(_TIMES + 1):
        for worker, taken in times.items():
            seconds = worker.ask(kind, text)
            if turn:  # the first is not warm
                taken.append(seconds)
    median = {worker: statistics.median(taken) for worker, taken in times.items()}
    figures = [Figure(what, 1000 * median[ours], "ms", "")]
    if peer:
        figures.append(Figure(f"peer: {what}", 1000 * median[peer], "ms", ""))
        figures.append(Figure("  peer / ours", median[peer] / median[ours], "", goal))
    return figures


class _Worker:
    """A process that speaks with one of the programs, and says how long it took."""

    def __init__(self, python: str, program: str, name: str, source: str) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HAYAKOE_")}
        path = Path(source.removeprefix("file://")).resolve()
        self._process = subprocess.Popen(
            [python, str(_WORKER), program, name, path.as_uri()],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.pid = self._process.pid
        self._program = program
        self._hear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, kind: str, text: str) -> float:
        """Return the seconds that it took."""
        assert self._process.stdin is not None  # noqa: S101
        print(json.dumps([kind, text]), file=self._process.stdin, flush=True)
        return self._hear()

    def _hear(self) -> float:
        assert self._process.stdout is not None  # noqa: S101
        for line in self._process.stdout:
            if line.startswith("seconds "):
                return float(line.split()[1])
        raise HayakoeError(f"{self._program} cannot be measured: it ended with exit code {self._process.wait()}")
