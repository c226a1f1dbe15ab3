"""The plugin that counts instructions, on a program whose number is known."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from script.arm64 import count

# Two instructions a turn.
PROGRAM = r"""
#include <unistd.h>
#include <sys/syscall.h>
int main(void) {
  syscall(0x48594b);
  unsigned long turns = TURNS;
  __asm__ volatile("1: dec %0\n jnz 1b" : "+r"(turns) : : "cc");
  syscall(0x48594b);
  return 0;
}
"""


@pytest.fixture(scope="module")
def qemu():
    missing = [tool for tool in ("qemu-x86_64", "cc") if shutil.which(tool) is None]
    if missing and not os.environ.get("HAYAKOE_TEST_ALL"):
        pytest.skip(f"{', '.join(missing)}: not here: apt-get install qemu-user gcc libc6-dev")
    assert not missing, "apt-get install qemu-user gcc libc6-dev"
    return Path(shutil.which("qemu-x86_64")).resolve()


def counted(folder, qemu, turns):
    source, program, plugin, counts = (folder / name for name in ("turn.c", "turn", "count.so", "counts"))
    source.write_text(PROGRAM, encoding="ascii")
    subprocess.run(["cc", "-O1", f"-DTURNS={turns}", "-static-pie", "-o", program, source], check=True)
    count.build(plugin, qemu)
    subprocess.run([qemu, "-plugin", f"{plugin},to={counts}", program], check=True, timeout=60)
    before, after = map(int, counts.read_text(encoding="ascii").split())
    return after - before


def test_every_instruction_between_two_marks_is_counted(tmp_path, qemu):
    few, many = (counted(tmp_path, qemu, turns) for turns in (1000, 51_000))
    assert many - few == 2 * 50_000
    assert 2000 <= few < 2500


def test_it_says_where_it_cannot_write(tmp_path, qemu):
    plugin = tmp_path / "count.so"
    count.build(plugin, qemu)
    ran = subprocess.run(
        [qemu, "-plugin", f"{plugin},to={tmp_path}/nowhere/counts", "/bin/true"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert "to=FILE" in ran.stderr
