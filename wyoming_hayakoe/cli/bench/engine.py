"""Time and memory of a neural voice, in fp32 and in int8 or with several libraries of HayaKoe's shape.

Each library runs in a process of its own (``processes.py``), and they take turns.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from wyoming_hayakoe.cli.bench import profile
from wyoming_hayakoe.cli.bench.figures import GREETING, Comparison, Figure, megabytes
from wyoming_hayakoe.cli.bench.processes import Library, Worker, in_turn
from wyoming_hayakoe.cli.options import converters
from wyoming_hayakoe.engine.prepare.pace import SENTENCE, forecast, read_by
from wyoming_hayakoe.engine.prepare.precision import Precision
from wyoming_hayakoe.engine.prepare.reports import REPORT, Report, read_report
from wyoming_hayakoe.errors import UsageError

PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")

LONG = (
    "明日は全国的に晴れて気温が上がりますが、夕方からは風が強くなるところがありますので、"
    "洗濯物は早めに取り込んで、窓を閉めてからお出かけください。"
)
"""A sentence of 71 characters."""

_STARTS = 3


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

        def start(label: str) -> Worker:
            return Worker(label, libraries[label], name, uri, data)

        started = starts(libraries, start)
        workers = {label: stack.enter_context(start(label)) for label in libraries}
        another = {label: worker for label, worker in workers.items() if libraries[label].loads_another}
        forms = _forms(name, libraries, Path(data))
        return [*forms, started, *_times(workers), *memory(workers), _second_voice(another)]


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
    """Return what was prepared of the voice in each precision: how much of it is in int8, its noise, and its pace."""
    reports = [read_report(path.parent) or {} for path in data.glob(f"compiled/*/{REPORT}")]
    voices = {report["options"]["precision"]: report for report in reports if "precision" in report["options"]}
    reader = next((report for report in reports if "bits" in report["options"]), {})
    found = {
        label: voices[precision]
        for label, library in libraries.items()
        if (precision := (library.options or {}).get("precision")) in voices
    }
    plans = {label: _plan(report["choice"]) for label, report in found.items() if "choice" in report}
    paces = {label: pace for label, report in found.items() if (pace := forecast(read_by(report, reader)))}
    noises = {label: plan["noise_to_mask"] for label, plan in plans.items() if "noise_to_mask" in plan}
    firsts = {label: 1000 * pace.first_audio for label, pace in paces.items()}
    wastes = {label: 100 * pace.waste for label, pace in paces.items()}
    return [
        Comparison(f"{name}: arithmetic in int8", "%", {label: 100 * plan["share"] for label, plan in plans.items()}),
        Comparison(f"{name}: noise to mask", "dB", noises),
        Comparison(f"{name}: first audio of {SENTENCE:g} s, by its pace", "ms", firsts),
        Comparison(f"{name}: frames computed for 100 spoken in {SENTENCE:g} s", "", wastes),
    ]


def _plan(choice: Report) -> Report:
    """Return the plan that was chosen; for fp32 one of no share."""
    return choice["plans"][-1] if choice["chosen"] == "int8" else {"share": 0.0}


def starts(labels: Iterable[str], start: Callable[[str], Worker]) -> Comparison:
    """Start each library a few times in turn, twice each time: the first start fills the caches of disk and program."""
    taken: dict[str, list[float]] = {label: [] for label in labels}
    for _ in range(_STARTS):
        for label, times in taken.items():
            for is_warm in (False, True):
                started = time.perf_counter()
                with start(label):
                    if is_warm:
                        times.append(1000 * (time.perf_counter() - started))
    return Comparison("start to first audio of a greeting", "ms", medians(taken))


def _times(workers: Mapping[str, Worker]) -> list[Comparison]:
    size = len(LONG)
    return [
        _compare("first audio of a greeting", "first", GREETING, workers),
        _compare(f"first audio of {size} characters", "first", LONG, workers),
        _compare("all of a greeting", "whole", GREETING, workers),
        _compare(f"all of {size} characters", "whole", LONG, workers),
        _compare(f"all of {3 * size} characters", "whole", LONG * 3, workers),
        *_streamed(f"{size} characters", LONG, workers),
        *_streamed(f"{3 * size} characters", LONG * 3, workers),
    ]


def _streamed(what: str, text: str, workers: Mapping[str, Worker]) -> list[Comparison]:
    """Have the workers speak the same in turn; return the medians of the time, and of its share of the sound."""
    spent = in_turn(workers, "streamed", text)
    times = {label: [1000 * each.wall for each in found] for label, found in spent.items()}
    shares = {label: [100 * each.wall / each.sound for each in found] for label, found in spent.items()}
    return [
        Comparison(f"all of {what}, streamed", "ms", medians(times)),
        Comparison(f"real-time factor of {what}", "%", medians(shares)),
    ]


def _compare(what: str, kind: str, text: str, workers: Mapping[str, Worker]) -> Comparison:
    """Have the workers do the same in turn; return the medians."""
    spent = in_turn(workers, kind, text)
    return Comparison(
        what, "ms", medians({label: [1000 * each.wall for each in found] for label, found in spent.items()})
    )


def memory(workers: Mapping[str, Worker]) -> list[Comparison]:
    """Return the memory that each worker has now."""
    sizes = {label: megabytes(worker.pid) for label, worker in workers.items()}
    return [
        Comparison(f"{what} memory", "MB", {label: each[key] for label, each in sizes.items()})
        for what, key in (("resident", "VmRSS"), ("anonymous", "RssAnon"))
    ]


def _second_voice(workers: Mapping[str, Worker]) -> Comparison:
    def held(worker: Worker) -> float:
        worker.ask("trim", "")
        return megabytes(worker.pid)["VmRSS"]

    taken = {}
    for label, worker in workers.items():
        before = held(worker)
        worker.ask("second", "")
        taken[label] = held(worker) - before
    return Comparison("a second voice takes", "MB", taken)


def medians(times: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the median of each."""
    return {label: statistics.median(each) for label, each in times.items()}
