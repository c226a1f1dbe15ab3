"""Compiling a voice for this machine in a child process: it takes 1.4 GB and minutes, and clients are served here."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from contextlib import suppress

from wyoming_hayakoe.errors import HayakoeError

_LONGEST = 3600.0
"""Seconds that it may take: a Raspberry Pi 4 takes a quarter of an hour."""

_LAST_WORD = "wyoming-hayakoe: "
"""The beginning of the line with which the command line says why it fails."""


async def compile_in_child(command: Sequence[str]) -> str:
    """Run the command that compiles a voice, and return why it did not succeed; "" where it did.

    Log lines of the child appear among those of this process. A cancelled call ends the child.

    Raises:
        HayakoeError: the process cannot be started.
    """
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE)
    except OSError as error:
        raise HayakoeError(f"the process that prepares it cannot be started ({error.strerror})") from error
    reason = ""
    try:
        async with asyncio.timeout(_LONGEST):
            reason = await _relay(process.stderr) if process.stderr else ""
            await process.wait()
    except TimeoutError:
        return f"preparing it took more than {_LONGEST:.0f} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    code = process.returncode or 0
    return reason or (f"preparing it {_end(code)}" if code else "")


def _end(code: int) -> str:
    """Return how a process ended that gave no reason; what runs out of memory is killed."""
    if code > 0:
        return f"ended with code {code}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


async def _relay(lines: asyncio.StreamReader) -> str:
    """Write the child's lines to standard error, but for the one that says why it fails, which is returned."""
    reason = ""
    while True:
        try:
            line = (await lines.readline()).decode(errors="replace")
        except ValueError:  # a line of more than 64 KiB
            continue
        if not line:
            return reason
        if line.startswith(_LAST_WORD):
            reason = line.removeprefix(_LAST_WORD).strip()
        else:
            sys.stderr.write(line)
            sys.stderr.flush()
