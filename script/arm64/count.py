"""Counts the instructions of a guest program between two marks: see count.c."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from script.arm64.boards import Board
from script.arm64.root import Root

_SOURCE = Path(__file__).with_suffix(".c")


def counted(root: Root, board: Board, command: Sequence[str]) -> list[int]:
    """Run a command and return the number of instructions between its first and second mark, third and fourth, ….

    Raises:
        CalledProcessError: it failed.
    """
    root.run([*_counting(root, board), *command], board)
    marks = [int(line) for line in (root.work / "counts").read_text(encoding="ascii").split()]
    return [after - before for before, after in zip(marks[::2], marks[1::2], strict=True)]


def build(plugin: Path, qemu: Path) -> None:
    """Compile count.c for a qemu."""
    asked = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=True).stdout
    # qemu 9 refuses plugins of interface 1, qemu 8 refuses newer ones.
    interface = 2 if int(asked.split("version ")[1].split(".")[0]) >= 9 else 1
    flags = ["-O2", "-shared", "-fPIC", f"-DAPI={interface}", "-o", str(plugin)]
    subprocess.run(["cc", *flags, str(_SOURCE)], check=True)


def _counting(root: Root, board: Board) -> list[str]:
    """Return the command of the host's qemu with its libraries; a static qemu takes no plugin."""
    qemu = Path(shutil.which("qemu-aarch64") or "").resolve()
    build(root.work / "count.so", qemu)
    # The host's symbolic links are absolute, and point elsewhere inside the root.
    linker = Path("/lib64/ld-linux-x86-64.so.2").resolve()
    libraries = ["--library-path", f"/host{linker.parent}"]
    return [
        f"/host{linker}",
        *libraries,
        f"/host{qemu}",
        "-cpu",
        board.cpu,
        "-plugin",
        "/work/count.so,to=/work/counts",
    ]
