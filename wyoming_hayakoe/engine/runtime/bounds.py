"""Bounds on this process, for work with files that may come from anybody."""

import ctypes
import os
import resource
import signal
from contextlib import suppress
from pathlib import Path

from wyoming_hayakoe.engine.runtime.cpu import container_memory, machine_memory, swap_memory

# The number of PR_SET_PDEATHSIG in linux/prctl.h.
_PARENT_DEATH_SIGNAL = 1

# Some systems end all of a container where one of its processes passes the limit.
_SHARE_OF_CONTAINER = 0.75


def most_memory() -> int:
    """Return the bytes that one process may take: of the container around it, else of this machine, with its swap."""
    whole = machine_memory()
    container = container_memory()
    if container is not None and container < whole:
        return int(_SHARE_OF_CONTAINER * container)
    return whole + swap_memory()


def bound(memory: int) -> None:
    """Bound this process's own memory to ``memory`` bytes; files that it maps do not count.

    It yields to others, is the first to be killed where memory is short, and leaves no core file.
    """
    for kind, limit in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(kind)
        least = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (least, least))
    os.nice(10)
    with suppress(OSError):  # not Linux
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def end_with_parent() -> None:
    """Have the system kill this process when the thread that started it ends, also where that was killed."""
    if prctl := getattr(ctypes.CDLL(None), "prctl", None):
        prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
