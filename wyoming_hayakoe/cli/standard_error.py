"""Standard error that makes nobody wait: what is not read is dropped, and counted.

A full pipe blocks whoever writes to it: a log that nobody reads would stop the event loop, and with it the server. So
``sys.stderr`` hands each line to a thread, which may wait for the reader as long as it likes.
"""

import atexit
import io
import os
import select
import sys
import threading
import time
from collections import deque
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# Bytes that wait for the reader: some two thousand lines.
_LIMIT = 256 * 1024
# Seconds for which the end of the program waits for the reader.
_LAST_CALL = 1.0
# Seconds after which writing is tried again where it failed: the reader has left, or the disk is full.
_RETRY = 1.0


def never_block() -> None:
    """Let writing to ``sys.stderr`` never wait for its reader, as long as the program runs."""
    stream = sys.__stderr__
    if stream is None or stream is not sys.stderr:
        return  # the stream is somebody else's
    stream.flush()
    writer = BackgroundWriter(stream.fileno())
    atexit.register(writer.finish)
    sys.stderr = io.TextIOWrapper(
        cast("IO[bytes]", writer), encoding=stream.encoding, errors=stream.errors, line_buffering=True
    )
    setattr(sys, "__stderr__", sys.stderr)  # noqa: B010  child processes get it; to type checkers it is final


def exit_at_once(code: int) -> None:
    """End the process without waiting for its threads, behind the last line on standard error."""
    if isinstance(stream := sys.stderr, io.TextIOWrapper) and isinstance(writer := stream.buffer, BackgroundWriter):
        writer.finish()
    os._exit(code)


class BackgroundWriter(io.RawIOBase):
    """A file descriptor to which a thread of its own writes."""

    def __init__(self, descriptor: int) -> None:
        """Write to ``descriptor``, which stays open."""
        self._descriptor = descriptor
        # Re-entrant: a signal's handler may write while its thread writes.
        self._changed = threading.Condition(threading.RLock())
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._dropped = 0
        self._is_writing = False
        self._has_finished = False
        threading.Thread(target=self._work, name="stderr", daemon=True).start()

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return os.isatty(self._descriptor)

    def write(self, data: "ReadableBuffer", /) -> int:
        """Take the bytes of whole lines, or drop them where too many wait; from there on, until none waits any more."""
        chunk = bytes(data)
        if self._has_finished:
            self._write_if_read(chunk)
            return len(chunk)
        with self._changed:
            if self._dropped or self._size + len(chunk) > _LIMIT:
                self._dropped += chunk.count(b"\n")
            else:
                self._waiting.append(chunk)
                self._size += len(chunk)
            self._changed.notify_all()
        return len(chunk)

    def finish(self) -> None:
        """Wait until all is written, a second at most: Python's end stops the thread."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._waiting or self._dropped or self._is_writing), _LAST_CALL)
        self._has_finished = True

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._dropped)
                if self._waiting:
                    chunk = self._waiting.popleft()
                    self._size -= len(chunk)
                    lines = chunk.count(b"\n")
                else:
                    lines, self._dropped = self._dropped, 0
                    chunk = f"{lines} log lines were dropped: standard error was not read\n".encode()
                self._is_writing = True
            is_written = self._write_out(chunk)
            with self._changed:
                self._is_writing = False
                self._dropped += 0 if is_written else lines
                self._changed.notify_all()
            if not is_written:
                time.sleep(_RETRY)

    def _write_out(self, chunk: bytes) -> bool:
        """Write all of ``chunk``, however long that takes; return False if it cannot be written."""
        rest = memoryview(chunk)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:  # whoever shares the descriptor has made it so
                self._wait_for_reader(None)
            except OSError:
                return False
        return True

    def _write_if_read(self, chunk: bytes) -> None:
        if self._wait_for_reader(0):
            self._write_out(chunk[: select.PIPE_BUF])

    def _wait_for_reader(self, milliseconds: int | None) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(milliseconds))
