"""How many instructions of the guest's lie between two marks of a program inside: see count.c."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from script.arm64.boards import Board
from script.arm64.root import Root

_SOURCE = Path(__file__).with_suffix(".c")


def counted(root: Root, board: Board, command: Sequence[str]) -> int:
    """Run a command, and return the count between the two marks that it makes.

    Raises:
        CalledProcessError: it failed.
    """
    root.run([*_counting(root, board), *command], board)
    before, after = map(int, (root.work / "counts").read_text(encoding="ascii").split())
    return after - before


def build(plugin: Path, qemu: Path) -> None:
    """Compile count.c for a qemu."""
    asked = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=True).stdout
    # qemu 9 takes no plugin written for 1, qemu 8 none written for more.
    interface = 2 if int(asked.split("version ")[1].split(".")[0]) >= 9 else 1
    flags = ["-O2", "-shared", "-fPIC", f"-DAPI={interface}", "-o", str(plugin)]
    subprocess.run(["cc", *flags, str(_SOURCE)], check=True)


def _counting(root: Root, board: Board) -> list[str]:
    """Return how qemu is started to count: the host's, with the libraries it is linked with; no static one counts."""
    qemu = Path(shutil.which("qemu-aarch64") or "").resolve()
    build(root.work / "count.so", qemu)
    # The host's links are absolute, and would lead astray inside.
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
