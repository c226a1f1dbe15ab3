"""A Debian root file system for ARM64 with the program installed, and commands that run in it as on a board."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TextIO

from script.arm64.boards import Board, write_one_core
from script.arm64.wheels import download

_SUITE = "bookworm"
_PACKAGES = "python3,python3-venv,ca-certificates"
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_RULE = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
_TOOLS = {
    "mmdebstrap": "mmdebstrap",
    "arch-test": "arch-test",
    "qemu-aarch64-static": "qemu-user-static",
    "qemu-aarch64": "qemu-user",
    "cc": "gcc libc6-dev",
}
_TESTING = ("pytest>=8.3", "pytest-asyncio>=1.0", "hypothesis>=6.100")

PYTHON = "/opt/hayakoe/bin/python"
"""The Python inside the root that has the program."""

# Mounts belong to the namespace. The host's files are mounted for qemu with plugins, which is not linked statically.
_ENTER = """
set -eu
root=$1 work=$2 cpuinfo=$3
shift 3
mount -t proc proc "$root/proc"
mount --bind "$cpuinfo" "$root/proc/cpuinfo"
mount --rbind /dev "$root/dev"
mount --bind "$work" "$root/work"
mount --bind / "$root/host"
mount -t tmpfs tmpfs "$root/tmp"
exec chroot "$root" "$@"
"""


class Root:
    """The root file system, built at its first use."""

    def __init__(self, cache: Path) -> None:
        """Keep it in ``cache``."""
        self.cache = cache
        self.folder = cache / "root"
        self.work = cache / "work"
        """The folder that is /work inside the root."""
        self._lock: TextIO | None = None

    @property
    def packages(self) -> Path:
        """Return the folder of the packages that are installed inside the root."""
        return next((self.folder / PYTHON[1:]).parents[1].glob("lib/python3*/site-packages"))

    def _claim(self) -> None:
        """Lock the folder until this process ends; exit where another process has it."""
        self.cache.mkdir(parents=True, exist_ok=True)
        self._lock = self._lock or (self.cache / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"test_arm64: {self.cache} is in use: wait for the other run, or choose another --cache")

    def ensure(self, checkout: Path) -> None:
        """Build the root where it is missing, and install the present state of ``checkout`` in it."""
        check_tools()
        self._claim()
        register()
        if not (self.folder / "usr/bin/python3").exists():
            self._build()
        for name in ("work", "host", "sys/devices/system/cpu/cpu0"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        write_one_core(self.folder / "sys/devices/system/cpu")
        self._install(checkout)

    def _cpuinfo(self, board: Board | None) -> Path:
        """Return the board's own cpuinfo file, which is mounted: ONNX Runtime chooses kernels by it."""
        path = self.cache / f"cpuinfo-{board.cpu if board else 'none'}"
        text = board.cpuinfo if board else ""
        if not path.exists() or path.read_text(encoding="ascii") != text:
            path.write_text(text, encoding="ascii")
        return path

    def _build(self) -> None:
        unfinished = self.cache / "root.unfinished"
        for folder in (self.folder, unfinished):
            shutil.rmtree(folder, ignore_errors=True)
        options = ["--mode=root", "--variant=minbase", "--architectures=arm64", f"--include={_PACKAGES}"]
        subprocess.run(["mmdebstrap", "--quiet", *options, _SUITE, str(unfinished)], check=True)
        unfinished.rename(self.folder)

    def _install(self, checkout: Path) -> None:
        """Install from wheels, which are fetched outside the emulator, where that is fast; nothing is compiled."""
        wheels = self.work / "wheels"
        wheels.mkdir(parents=True, exist_ok=True)
        for old in wheels.glob("wyoming_hayakoe-*"):
            old.unlink()
        building = ["wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(checkout)]
        subprocess.run([sys.executable, "-m", "pip", *building], check=True)
        [wheel] = wheels.glob("wyoming_hayakoe-*")
        stamp = self.folder / "opt/hayakoe/installed"
        state = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if stamp.exists() and stamp.read_text(encoding="ascii") == state:
            return
        download(wheels, checkout / "pyproject.toml", _TESTING)
        if not (self.folder / PYTHON[1:]).is_symlink():
            self.run(["python3", "-m", "venv", str(Path(PYTHON).parents[1])])
        pip = [PYTHON, "-m", "pip", "install", "--quiet", "--no-index", "--find-links=/work/wheels"]
        self.run([*pip, "--only-binary=:all:", "wyoming-hayakoe", *_TESTING])
        # The version does not change during development.
        self.run([*pip, "--no-deps", "--force-reinstall", "wyoming-hayakoe"])
        stamp.write_text(state, encoding="ascii")

    def run(
        self, command: Sequence[str], board: Board | None = None, *, check: bool = True, output: IO[bytes] | None = None
    ) -> int:
        """Run a command inside the root on ``board`` (default: qemu's own choice) and return its exit code.

        What it writes goes to ``output``, if there is one.

        Raises:
            CalledProcessError: it failed, and that is to be checked.
        """
        cpuinfo = self._cpuinfo(board)
        inside = {"PATH": "/usr/sbin:/usr/bin", "LANG": "C.UTF-8", "HOME": "/root"}
        if board:
            inside["QEMU_CPU"] = board.cpu
        settings = [f"{name}={value}" for name, value in inside.items()]
        places = [str(self.folder), str(self.work), str(cpuinfo)]
        # The command inside ends with this process.
        namespace = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"]
        started = [*namespace, "sh", "-c", _ENTER, "enter", *places, "/usr/bin/env", "-i", *settings, *command]
        stderr = None if output is None else subprocess.STDOUT
        return subprocess.run(started, stdout=output, stderr=stderr, check=check).returncode


def check_tools() -> None:
    """Exit where a tool is missing on this machine."""
    if os.geteuid() != 0:
        sys.exit("test_arm64: it mounts and changes root: run it as root")
    if missing := [package for tool, package in _TOOLS.items() if shutil.which(tool) is None]:
        sys.exit(f"test_arm64: apt-get install {' '.join(missing)}, which are not here")


def register() -> None:
    """Register qemu with the kernel for ARM64 programs, until the next boot."""
    if not (_BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT)], check=True)
    if not (_BINFMT / "qemu-aarch64").exists():
        (_BINFMT / "register").write_text(_RULE.read_text(encoding="ascii"), encoding="ascii")
