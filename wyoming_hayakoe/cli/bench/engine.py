"""How a neural voice fares in fp32 and in int8, alone or beside HayaKoe on the same machine in the same minutes.

Each program runs in a process of its own (``worker.py``) and is asked in turn, so that whatever else the machine does
slows all of them down.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from wyoming_hayakoe.cli.bench import profile
from wyoming_hayakoe.cli.bench.figures import GREETING, Comparison, Figure, megabytes
from wyoming_hayakoe.cli.options import converters
from wyoming_hayakoe.engine.prepare.precision import Precision
from wyoming_hayakoe.errors import HayakoeError, UsageError

PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")

_TIMES = 5
_STARTS = 3
_LONG = (
    "明日は全国的に晴れて気温が上がりますが、夕方からは風が強くなるところがありますので、"
    "洗濯物は早めに取り込んで、窓を閉めてからお出かけください。"
)
_WORKER = Path(__file__).with_name("worker.py")
_PEER = Path(__file__).parents[3] / ".venv-peer" / "bin" / "python"

# What HayaKoe's figure is to be in ours.
_START = {"fp32": 10.0, "int8": 10.0}
_FIRST_SHORT = {"int8": 4.0}
_FIRST_LONG = {"int8": 10.0}
_WHOLE = {"fp32": 1.0, "int8": 2.2}
_RESIDENT = {"fp32": 2.2, "int8": 2.8}
_ANONYMOUS = {"int8": 3.5}


def measure(voice: str | None, precisions: Sequence[str], *, beside_peer: bool) -> list[Comparison]:
    """Measure the voice NAME=SOURCE in these precisions, and the peer's way with it if asked for.

    Raises:
        UsageError: there is no such voice, or no peer.
    """
    name, source = _named(voice)
    if beside_peer and not _PEER.exists():
        raise UsageError("--against peer: it is not installed: run script/peer")
    with ExitStack() as stack:
        data = stack.enter_context(tempfile.TemporaryDirectory())
        who = {precision: (sys.executable, "ours", name, source, data, precision) for precision in precisions}
        if beside_peer:
            who["peer"] = (str(_PEER), "peer", name, source, data, "fp32")
        return [_starts(who), *_speaking(who, stack)]


def profile_all(voice: str | None, precisions: Sequence[Precision]) -> list[Figure]:
    """Return where the time of the voice NAME=SOURCE goes in a long sentence, in each of these precisions.

    Raises:
        UsageError: there is no such voice.
    """
    name, source = _named(voice)
    return [
        Figure(f"{precision}: {figure.what}", figure.value, figure.unit, figure.goal)
        for precision in precisions
        for figure in profile.measure(name, source, precision, _LONG)
    ]


def _named(voice: str | None) -> tuple[str, str]:
    """Return name and source of NAME=SOURCE."""
    try:
        name, source = converters.voice(voice)
    except ValueError:
        name, source = "", None
    if source is None:
        raise UsageError("--voice: say which: NAME=SOURCE, for example what script/make_test_repo --size full has made")
    return name, source


def _starts(who: Mapping[str, tuple[str, ...]]) -> Comparison:
    """Start each program a few times in turn, twice each time: the first start warms the caches of disk and program."""
    taken: dict[str, list[float]] = {name: [] for name in who}
    for _ in range(_STARTS):
        for name, arguments in who.items():
            for is_warm in (False, True):
                started = time.perf_counter()
                with _Worker(*arguments):
                    if is_warm:
                        taken[name].append(1000 * (time.perf_counter() - started))
    medians = {name: statistics.median(each) for name, each in taken.items()}
    return Comparison("start to first audio of a greeting", "ms", medians, _START)


def _speaking(who: Mapping[str, tuple[str, ...]], stack: ExitStack) -> list[Comparison]:
    workers = {name: stack.enter_context(_Worker(*arguments)) for name, arguments in who.items()}
    long = len(_LONG)
    compared = [
        _compare("first audio of a greeting", "first", GREETING, workers, _FIRST_SHORT),
        _compare(f"first audio of {long} characters", "first", _LONG, workers, _FIRST_LONG),
        _compare("all of a greeting", "whole", GREETING, workers, _WHOLE),
        _compare(f"all of {long} characters", "whole", _LONG, workers, _WHOLE),
        _compare(f"all of {3 * long} characters", "whole", _LONG * 3, workers, _WHOLE),
    ]
    memory = {name: megabytes(worker.pid) for name, worker in workers.items()}
    for what, key, goals in (("resident", "VmRSS", _RESIDENT), ("anonymous", "RssAnon", _ANONYMOUS)):
        compared.append(Comparison(f"{what} memory", "MB", {name: each[key] for name, each in memory.items()}, goals))
    second = {}
    for name, worker in workers.items():
        if name != "peer":
            worker.ask("settle", "")
            settled = megabytes(worker.pid)["VmRSS"]
            for kind in ("second", "settle"):
                worker.ask(kind, "")
            second[name] = megabytes(worker.pid)["VmRSS"] - settled
    return [*compared, Comparison("a second voice takes", "MB", second, {})]


def _compare(
    what: str, kind: str, text: str, workers: "Mapping[str, _Worker]", goals: Mapping[str, float]
) -> Comparison:
    """Have the workers do the same in turn; return the medians."""
    times: dict[str, list[float]] = {name: [] for name in workers}
    for turn in range(_TIMES + 1):
        for name, worker in workers.items():
            seconds = worker.ask(kind, text)
            if turn:  # the first is not warm
                times[name].append(1000 * seconds)
    return Comparison(what, "ms", {name: statistics.median(taken) for name, taken in times.items()}, goals)


class _Worker:
    """A process that speaks with one of the programs, and says how long it took."""

    def __init__(self, python: str, program: str, name: str, source: str, data: str, precision: str) -> None:
        """Start it, and wait until it has spoken for the first time."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HAYAKOE_")}
        path = Path(source.removeprefix("file://")).resolve()
        self._process = subprocess.Popen(
            # Not with this folder on the path: it has a module that hides one of Python's own.
            [python, "-P", str(_WORKER), program, name, path.as_uri(), data, precision],
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
