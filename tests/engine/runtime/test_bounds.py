"""What a process may take of this machine's memory."""

import subprocess
import sys

import pytest

from wyoming_hayakoe.engine.runtime import bounds
from wyoming_hayakoe.engine.runtime.cpu import container_memory, machine_memory, swap_memory

GIB = 1 << 30


@pytest.mark.parametrize(
    ("machine", "container", "swap", "most"),
    [
        (4 * GIB, None, GIB, 5 * GIB),
        (4 * GIB, 2 * GIB, GIB, 1.5 * GIB),
        (4 * GIB, 8 * GIB, 0, 4 * GIB),
    ],
    ids=["a machine with swap", "a container", "a container without a limit of its own"],
)
def test_a_process_may_take_what_is_there(monkeypatch, machine, container, swap, most):
    monkeypatch.setattr(bounds, "machine_memory", lambda: machine)
    monkeypatch.setattr(bounds, "container_memory", lambda: container)
    monkeypatch.setattr(bounds, "swap_memory", lambda: swap)
    assert bounds.most_memory() == most


def test_this_machine_says_what_it_has(tmp_path):
    assert machine_memory() > GIB // 4
    assert container_memory() is None or container_memory() > 0
    info = tmp_path / "meminfo"
    info.write_text("MemTotal:  100 kB\nSwapCached:  5 kB\nSwapTotal:  2097152 kB\n", encoding="ascii")
    assert swap_memory(info) == 2 * GIB
    assert swap_memory(tmp_path / "nowhere") == 0


def test_a_bounded_process_gets_no_more_and_says_so():
    script = "from wyoming_hayakoe.engine.runtime.bounds import bound; bound(1 << 28); bytearray(1 << 29)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == "MemoryError"
