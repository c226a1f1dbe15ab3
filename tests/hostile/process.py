"""What a process on Linux takes of the machine."""

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Self

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Sample:
    """What a process has at one time."""

    time: float
    """On the monotonic clock, in seconds."""
    anonymous: int
    """Resident memory that is no file's, in bytes."""
    descriptors: int
    threads: int


def sample(pid: int) -> Sample:
    """Return what the process has now."""
    process = Path("/proc") / str(pid)
    status = dict(re.findall(r"^(RssAnon|Threads):\s+(\d+)", (process / "status").read_text(), re.MULTILINE))
    descriptors = sum(1 for _ in (process / "fd").iterdir())
    return Sample(time.monotonic(), int(status["RssAnon"]) << 10, descriptors, int(status["Threads"]))


class Sampler:
    """Samples a process once a second, in a thread of its own."""

    def __init__(self, pid: int) -> None:
        self.samples: list[Sample] = []
        self._pid = pid
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(1):
            self.samples.append(sample(self._pid))


def windows(samples: Sequence[Sample], count: int) -> list[float]:
    """Return the median of the anonymous memory, in bytes, in each of ``count`` equal stretches of time."""
    start, length = samples[0].time, (samples[-1].time - samples[0].time) / count
    found: list[list[int]] = [[] for _ in range(count)]
    for each in samples:
        found[min(count - 1, int((each.time - start) / length))].append(each.anonymous)
    return [median(stretch) for stretch in found if stretch]


def growth(samples: Sequence[Sample]) -> float:
    """Return by how many bytes the anonymous memory grows from the first sample to the last, by least squares."""
    times, sizes = [each.time for each in samples], [each.anonymous for each in samples]
    middle, mean = sum(times) / len(times), sum(sizes) / len(sizes)
    covariance = sum((at - middle) * (size - mean) for at, size in zip(times, sizes, strict=True))
    slope = covariance / sum((at - middle) ** 2 for at in times)
    return slope * (times[-1] - times[0])
