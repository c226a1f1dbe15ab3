"""A person at a terminal of 80 columns: reads what a program asks, and types."""

import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support import DEADLINE

_ESCAPES = re.compile(rb"\x1b(\[[0-9;?]*[A-Za-z]|[=>]|\][^\x07]*\x07)")
DOWN = "\x1b[B"
ENTER = "\r"
BACK = "\x1b"
COLUMNS = 80
BREAK = "\x03"


def unspaced(text: str) -> str:
    """Return a text without its spaces and breaks of lines."""
    return "".join(text.split())


class Terminal:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        own, its = pty.openpty()
        termios.tcsetwinsize(its, (50, COLUMNS))
        self._own = own
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            # It would ask where the cursor is, and wait for the answer.
            env={**environment, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
            stdin=its,
            stdout=its,
            stderr=its,
            start_new_session=True,
        )
        os.close(its)
        self._raw = b""
        self._read_so_far = 0

    @property
    def shown(self) -> str:
        """All that it has written."""
        return _ESCAPES.sub(b"", self._raw).decode(errors="replace")

    def expect(self, words: str) -> None:
        """Wait until ``words`` are shown behind what was expected before, on one line or wrapped to several."""
        end = time.monotonic() + 3 * DEADLINE
        sought = unspaced(words)
        while (place := unspaced(self.shown).find(sought, self._read_so_far)) < 0:
            assert time.monotonic() < end, f"{words!r} is not shown: {self.shown}"
            assert self._read(end - time.monotonic()), f"it ended before {words!r}: {self.shown}"
        self._read_so_far = place + len(sought)

    def answer(self, words: str, keys: str = "") -> None:
        """Wait for a question, and answer it."""
        self.expect(words)
        self.press(keys + ENTER)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._own, keys.encode())

    def end(self) -> int:
        """Wait for the end, and return the exit code."""
        end = time.monotonic() + 3 * DEADLINE
        while self._read(end - time.monotonic()):
            assert time.monotonic() < end, self.shown
        os.close(self._own)
        return self._process.wait(DEADLINE)

    def kill(self) -> None:
        """End it, wherever it is."""
        self._process.kill()
        self._process.wait()

    def _read(self, seconds: float) -> bool:
        """Take what comes; return False when nothing more will."""
        ready, _, _ = select.select([self._own], [], [], max(0, seconds))
        if not ready:
            return True
        try:
            data = os.read(self._own, 1 << 16)
        except OSError:  # Linux says so when the last one on the other side has gone
            return False
        self._raw += data
        return bool(data)
