"""The processor and the memory of this machine, on which the prepared form of a graph depends."""

import contextlib
import hashlib
import os
import platform
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
"""The file in which Linux describes the processor."""

_SMALL = 2 << 30


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


def has_little_memory() -> bool:
    """Return whether this machine, or the container around this process, has less than 2 GiB of memory."""
    return any(limit < _SMALL for limit in memory_limits())


def memory_limits() -> list[int]:
    """Return the memory of the container around this process, if it is limited, and of this machine, in bytes."""
    limits = [_number(line) for line in _lines(Path("/sys/fs/cgroup/memory.max"))]
    with contextlib.suppress(ValueError, OSError):  # this system has no such figures
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return [limit for limit in limits if limit > 0]


def _number(line: str) -> int:
    return int(line) if line.strip().isdecimal() else 0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
