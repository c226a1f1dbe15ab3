"""Time and memory of a neural voice, in fp32 and in int8 or with several libraries of HayaKoe's shape.

Each library runs in a process of its own (``worker.py``), and they take turns, so that whatever else the machine does
slows all of them down.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from wyoming_hayakoe.cli.bench import profile
from wyoming_hayakoe.cli.bench.figures import GREETING, Comparison, Figure, megabytes
from wyoming_hayakoe.cli.options import converters
from wyoming_hayakoe.engine.prepare.precision import Precision
from wyoming_hayakoe.engine.prepare.reports import REPORT, Report, read_report
from wyoming_hayakoe.errors import HayakoeError, UsageError

PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")

LONG = (
    "明日は全国的に晴れて気温が上がりますが、夕方からは風が強くなるところがありますので、"
    "洗濯物は早めに取り込んで、窓を閉めてからお出かけください。"
)
"""A sentence of 71 characters."""

_TIMES = 5
_STARTS = 3
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


def in_precisions(precisions: Sequence[Precision]) -> dict[str, Library]:
    """Return this library in each of these precisions, by precision."""
    return {precision: Library(options={"precision": precision}) for precision in precisions}


def measure(voice: str | None, libraries: Mapping[str, Library]) -> list[Comparison]:
    """Measure the voice NAME=SOURCE with each library.

    Raises:
        UsageError: there is no such voice.
        HayakoeError: a library cannot load or speak it.
    """
    name, source = named(voice)
    with ExitStack() as stack:
        data = stack.enter_context(tempfile.TemporaryDirectory())
        uri = Path(source.removeprefix("file://")).resolve().as_uri()

        def start(label: str) -> _Worker:
            return _Worker(label, libraries[label], name, uri, data)

        starts = _starts(libraries, start)
        workers = {label: stack.enter_context(start(label)) for label in libraries}
        another = {label: worker for label, worker in workers.items() if libraries[label].loads_another}
        forms = _forms(name, libraries, Path(data))
        return [*forms, starts, *_times(workers), *_memory(workers), _second_voice(another)]


def profile_all(voice: str | None, precisions: Sequence[Precision]) -> list[Figure]:
    """Return the time of each stage of the voice NAME=SOURCE in a long sentence, in each of these precisions.

    Raises:
        UsageError: there is no such voice.
    """
    name, source = named(voice)
    return [
        Figure(f"{precision}: {figure.what}", figure.value, figure.unit, figure.goal)
        for precision in precisions
        for figure in profile.measure(name, source, precision, LONG)
    ]


def named(voice: str | None) -> tuple[str, str]:
    """Return name and source of NAME=SOURCE.

    Raises:
        UsageError: one is missing.
    """
    try:
        name, source = converters.voice(voice)
    except ValueError:
        name, source = "", None
    if source is None:
        raise UsageError("--voice: is missing: give NAME=SOURCE, such as what script/make_test_repo --size full makes")
    return name, source


def _forms(name: str, libraries: Mapping[str, Library], data: Path) -> list[Comparison]:
    """Return what was prepared of the voice in each precision: how much of it is in int8, and how noisy that is."""
    reports = [read_report(path.parent) or {} for path in data.glob(f"compiled/*/{REPORT}")]
    plans = {report["options"]["precision"]: _plan(report["choice"]) for report in reports if "choice" in report}
    found = {
        label: plan
        for label, library in libraries.items()
        if (plan := plans.get((library.options or {}).get("precision"))) is not None
    }
    noises = {label: plan["noise_to_mask"] for label, plan in found.items() if "noise_to_mask" in plan}
    return [
        Comparison(f"{name}: arithmetic in int8", "%", {label: 100 * plan["share"] for label, plan in found.items()}),
        Comparison(f"{name}: noise to mask", "dB", noises),
    ]


def _plan(choice: Report) -> Report:
    """Return the plan that was chosen; for fp32 one of no share."""
    return choice["plans"][-1] if choice["chosen"] == "int8" else {"share": 0.0}


def _starts(labels: Iterable[str], start: "Callable[[str], _Worker]") -> Comparison:
    """Start each library a few times in turn, twice each time: the first start fills the caches of disk and program."""
    taken: dict[str, list[float]] = {label: [] for label in labels}
    for _ in range(_STARTS):
        for label, times in taken.items():
            for is_warm in (False, True):
                started = time.perf_counter()
                with start(label):
                    if is_warm:
                        times.append(1000 * (time.perf_counter() - started))
    return Comparison("start to first audio of a greeting", "ms", _medians(taken))


def _times(workers: "Mapping[str, _Worker]") -> list[Comparison]:
    size = len(LONG)
    return [
        _compare("first audio of a greeting", "first", GREETING, workers),
        _compare(f"first audio of {size} characters", "first", LONG, workers),
        _compare("all of a greeting", "whole", GREETING, workers),
        _compare(f"all of {size} characters", "whole", LONG, workers),
        _compare(f"all of {3 * size} characters", "whole", LONG * 3, workers),
        _compare(f"all of {size} characters, streamed", "streamed", LONG, workers),
        _compare(f"all of {3 * size} characters, streamed", "streamed", LONG * 3, workers),
    ]


def _compare(what: str, kind: str, text: str, workers: "Mapping[str, _Worker]") -> Comparison:
    """Have the workers do the same in turn; return the medians."""
    times: dict[str, list[float]] = {label: [] for label in workers}
    for turn in range(_TIMES + 1):
        for label, worker in workers.items():
            seconds = worker.ask(kind, text)
            if turn:  # the first is not warm
                times[label].append(1000 * seconds)
    return Comparison(what, "ms", _medians(times))


def _memory(workers: "Mapping[str, _Worker]") -> list[Comparison]:
    sizes = {label: megabytes(worker.pid) for label, worker in workers.items()}
    return [
        Comparison(f"{what} memory", "MB", {label: each[key] for label, each in sizes.items()})
        for what, key in (("resident", "VmRSS"), ("anonymous", "RssAnon"))
    ]


def _second_voice(workers: "Mapping[str, _Worker]") -> Comparison:
    def held(worker: _Worker) -> float:
        worker.ask("trim", "")
        return megabytes(worker.pid)["VmRSS"]

    taken = {}
    for label, worker in workers.items():
        before = held(worker)
        worker.ask("second", "")
        taken[label] = held(worker) - before
    return Comparison("a second voice takes", "MB", taken)


def _medians(times: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {label: statistics.median(each) for label, each in times.items()}


class _Worker:
    """A process that speaks with a library, and reports the seconds that it took."""

    def __init__(self, label: str, library: Library, name: str, uri: str, data: str) -> None:
        """Start the process, and wait until it has spoken for the first time."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HAYAKOE_")}
        options = json.dumps(library.options or {})
        self._process = subprocess.Popen(
            # -P: this folder has a module that hides one of Python's own.
            [library.python, "-P", str(_WORKER), library.module, options, name, uri, data],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.pid = self._process.pid
        self._label = label
        self._seconds()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, kind: str, text: str) -> float:
        """Have the worker do something; return the seconds that it took."""
        assert self._process.stdin is not None  # noqa: S101
        print(json.dumps([kind, text]), file=self._process.stdin, flush=True)
        return self._seconds()

    def _seconds(self) -> float:
        assert self._process.stdout is not None  # noqa: S101
        for line in self._process.stdout:
            if line.startswith("seconds "):
                return float(line.split()[1])
        raise HayakoeError(f"{self._label} cannot be measured: it ended with exit code {self._process.wait()}")
