"""The processor and the memory of this machine, on which the prepared form of a graph depends."""

import contextlib
import hashlib
import os
import platform
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
"""The file in which Linux describes the processor."""

TASKS = Path("/proc/self/task")
"""The folder in which Linux describes the threads of this process."""

_SMALL = 2 << 30
_UNKNOWN = 1 << 50


def instruction_set(cpu_info: Path = CPU_INFO) -> str:
    """Return a short name of the processor; graphs optimised under one name run on every processor of that name."""
    features = " ".join(sorted(processor_features(cpu_info)))
    return f"{platform.machine()}-{hashlib.sha256(features.encode()).hexdigest()[:8]}"


def processor_features(cpu_info: Path = CPU_INFO) -> frozenset[str]:
    """Return the processor's features as Linux names them, such as ``avx512_vnni`` or ``asimddp``; elsewhere none."""
    for line in _lines(cpu_info):
        name, _, value = line.partition(":")
        # The names on x86 and on ARM. Every core has such a line, and the first stands for all.
        if name.strip() in {"flags", "Features"}:
            return frozenset(value.split())
    return frozenset()


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def seconds_waited(tasks: Path = TASKS) -> float:
    """Return how long the threads of this process, together, have waited for a processor; 0 where nothing says it."""
    waited = 0
    for path in tasks.glob("*/schedstat"):
        # Nanoseconds of running, nanoseconds of waiting, and how often it ran. A thread may end meanwhile.
        numbers = next(iter(_lines(path)), "").split()
        waited += _number(numbers[1]) if len(numbers) == 3 else 0
    return waited / 1e9


def has_little_memory() -> bool:
    """Return whether this machine, or the container around this process, has less than 2 GiB of memory."""
    return min(machine_memory(), container_memory() or _UNKNOWN) < _SMALL


def machine_memory() -> int:
    """Return the memory of this machine in bytes, without swap; where that is not known, more than any has."""
    with contextlib.suppress(ValueError, OSError):  # this system has no such figures
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return _UNKNOWN


def container_memory() -> int | None:
    """Return the memory in bytes to which the container around this process is limited; None without a limit."""
    limits = [_number(line) for line in _lines(Path("/sys/fs/cgroup/memory.max"))]
    return next((limit for limit in limits if limit > 0), None)


def swap_memory(mem_info: Path = Path("/proc/meminfo")) -> int:
    """Return the bytes of memory that this machine keeps on disk, or compressed."""
    sizes = [line.split()[1] for line in _lines(mem_info) if line.startswith("SwapTotal:")]
    return 1024 * sum(map(_number, sizes))


def _number(line: str) -> int:
    return int(line) if line.strip().isdecimal() else 0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
