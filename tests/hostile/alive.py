"""Processes, as /proc shows them, and waiting for what they do."""

import time
from pathlib import Path

from tests.support import DEADLINE


def read(path):
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def wait_for(condition, what):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.002)


def is_alive(pid):
    return "State:\tZ" not in (status := read(Path("/proc", str(pid), "status"))) and bool(status)
