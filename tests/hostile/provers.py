"""What a process that tries a graph can meet; each stands for a proof. They import nothing large."""

import os
import signal
import sys
from pathlib import Path


def killed(model: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def segfault(model: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def for_ever(model: Path) -> None:
    model.with_suffix(".pid").write_text(str(os.getpid()), encoding="ascii")
    while True:
        pass


def deeply(model: Path) -> None:
    deeply(model)


def greedily(model: Path) -> None:
    bytearray(64 << 30)


def noisily(model: Path) -> None:
    sys.stdout.write("x" * 100_000)
