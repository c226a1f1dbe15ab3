"""What this machine is, as far as graphs are made for it."""

import contextlib
import hashlib
import os
import platform
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
"""Where Linux describes the processor."""

_SMALL = 2 << 30


def instruction_set(cpu_info: Path = CPU_INFO) -> str:
    """Return a short text that differs between processors for which graphs are optimised differently."""
    features = " ".join(sorted(processor_features(cpu_info)))
    return f"{platform.machine()}-{hashlib.sha256(features.encode()).hexdigest()[:8]}"


def processor_features(cpu_info: Path = CPU_INFO) -> frozenset[str]:
    """Return what Linux calls the processor's features, such as ``avx512_vnni`` or ``asimddp``; elsewhere nothing."""
    for line in _lines(cpu_info):
        name, _, value = line.partition(":")
        # As x86 and as ARM call it; every core has such a line, and the first stands for all.
        if name.strip() in {"flags", "Features"}:
            return frozenset(value.split())
    return frozenset()


def has_little_memory() -> bool:
    """Say whether this machine, or the container around this process, has under 2 GiB."""
    limits = [_number(line) for line in _lines(Path("/sys/fs/cgroup/memory.max"))]
    with contextlib.suppress(ValueError, OSError):  # this system does not tell
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return any(0 < limit < _SMALL for limit in limits)


def _number(line: str) -> int:
    return int(line) if line.strip().isdecimal() else 0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
