"""A log that nobody reads, that cannot be written, or that somebody tries to fill."""

import asyncio
import fcntl
import logging
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

from wyoming.event import Event

from tests.support import DEADLINE, clean_environment, command, connected, free_port, receive
from wyoming_hayakoe.cli import standard_error
from wyoming_hayakoe.cli.standard_error import BackgroundWriter
from wyoming_hayakoe.server.log_limits import LineLimit, RareWarning, RepetitionFilter


@contextmanager
def pipe(size: int = 4096) -> Iterator[tuple[int, int]]:
    """A pipe that holds ``size`` bytes."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, size)
    try:
        yield reading, writing
    finally:
        for descriptor in (reading, writing):
            with suppress(OSError):
                os.close(descriptor)


def read_until(reading: int, ending: str) -> str:
    text = ""
    while not text.endswith(ending):
        text += os.read(reading, 1 << 16).decode()
    return text


def until(condition, what: str) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


class TestBackgroundWriter:
    def test_lines_arrive_at_once_and_in_order(self):
        with pipe() as (reading, writing):
            writer = BackgroundWriter(writing)
            writer.write(b"one\n")
            assert os.read(reading, 100) == b"one\n"
            lines = "".join(f"{number}\n" for number in range(3000))
            for line in lines.splitlines(keepends=True):
                writer.write(line.encode())
            assert read_until(reading, "2999\n") == lines

    def test_what_is_not_read_is_dropped_and_counted_where_it_is_missing(self):
        with pipe() as (reading, writing):
            writer = BackgroundWriter(writing)
            line = b"x" * 99 + b"\n"
            for _ in range(10_000):
                writer.write(line)
            assert writer._size <= standard_error._LIMIT
            text = read_until(reading, "not read\n")
            writer.write(b"again\n")
            assert read_until(reading, "again\n") == "again\n"
        *written, notice = text.splitlines()
        assert set(written) == {"x" * 99}
        assert re.match(r"(\d+) log lines were dropped", notice)[1] == str(10_000 - len(written))
        assert len(written) > standard_error._LIMIT // 100 - 1

    def test_the_end_waits_for_a_reader_but_not_for_ever(self, monkeypatch):
        monkeypatch.setattr(standard_error, "_LAST_CALL", 0.2)
        with pipe() as (reading, writing):
            writer = BackgroundWriter(writing)
            for _ in range(100):
                writer.write(b"x" * 99 + b"\n")
            started = time.monotonic()
            writer.finish()
            writer.write(b"never mind\n")
            assert 0.2 <= time.monotonic() - started < DEADLINE
            read = 0
            while read < 10_000:
                read += len(os.read(reading, 10_000))
            assert read == 10_000

    def test_where_nothing_can_be_written_it_goes_on_once_it_can(self, monkeypatch):
        retry = threading.Event()
        monkeypatch.setattr(standard_error, "time", SimpleNamespace(sleep=lambda _: retry.wait(DEADLINE)))
        with pipe() as (reading, writing), Path("/dev/full").open("wb") as full:
            writer = BackgroundWriter(full.fileno())
            writer.write(b"one\n")
            until(lambda: writer._dropped, "it has failed")
            writer.write(b"two\n")
            writer._descriptor = writing
            retry.set()
            assert read_until(reading, "not read\n").startswith("2 log lines were dropped")
            writer.write(b"three\n")
            assert read_until(reading, "three\n") == "three\n"

    def test_a_descriptor_that_does_not_block_is_waited_for(self):
        with pipe() as (reading, writing):
            os.set_blocking(writing, False)
            writer = BackgroundWriter(writing)
            writer.write((b"x" * 99 + b"\n") * 1000 + b"end\n")
            assert len(read_until(reading, "end\n")) == 100_004


class Serving:
    """The real server, with standard error as it comes."""

    def __init__(self, stderr: int) -> None:
        """Start it and wait until it listens."""
        self.endpoints = [("127.0.0.1", free_port())]
        uri = f"tcp://127.0.0.1:{self.endpoints[0][1]}"
        self.process = subprocess.Popen(command("--no-zeroconf", "--uri", uri), env=clean_environment(), stderr=stderr)
        until(self.listens, "it listens")

    def listens(self) -> bool:
        assert self.process.poll() is None
        try:
            socket.create_connection(self.endpoints[0]).close()
        except OSError:
            return False
        return True

    def send(self, count: int, data: bytes) -> None:
        """Have ``count`` clients send something and wait for the server to end the connection."""
        for _ in range(count):
            with socket.create_connection(self.endpoints[0], DEADLINE) as client:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                while client.recv(4096):
                    pass

    async def answers(self) -> bool:
        async with connected(self) as client:
            await client.write_event(Event("describe"))
            return (await receive(client, until="info")).kinds == ["info"]

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(DEADLINE)
        finally:
            self.process.kill()
            self.process.wait()


def test_a_log_that_nobody_reads_stops_nothing():
    with pipe() as (reading, writing):
        server = Serving(writing)
        os.close(writing)
        server.send(200, b"bad\n")
        assert asyncio.run(server.answers())
        assert server.end() == 0
        log = os.read(reading, 1 << 20)
    assert b"bad-event" in log
    assert b"dropped" not in log


def test_a_log_whose_reader_has_left_stops_nothing():
    with pipe() as (reading, writing):
        server = Serving(writing)
        os.close(writing)
        os.close(reading)
        server.send(20, b"bad\n")
        assert asyncio.run(server.answers())
        assert server.end() == 0


def test_a_log_on_a_full_disk_stops_nothing():
    with Path("/dev/full").open("wb") as full:
        server = Serving(full.fileno())
        server.send(20, b"bad\n")
        assert asyncio.run(server.answers())
        assert server.end() == 0


def test_strangers_cannot_fill_a_log(tmp_path):
    path = tmp_path / "log"
    with path.open("wb") as log:
        server = Serving(log.fileno())
        server.send(300, b"bad\n")
        server.send(300, b'{"type":"synthesize","data":{"text":" "}}\n')
        assert server.end() == 0
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [sum(part in line for line in lines) for part in ("bad-event", "characters")] == [120, 120]
    assert "stopping" in lines[-1]


def test_lines_beyond_a_limit_are_counted(monkeypatch, caplog):
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    limit = LineLimit(2)
    assert [limit.admit(f"line {number}") for number in range(5)] == ["line 0", "line 1", None, None, None]
    now += 61
    assert limit.admit("line 5") == "line 5 (and 3 more since the last such line)"
    assert limit.admit("line 6") == "line 6"
    warn = RareWarning(logging.getLogger("tests"))
    for _ in range(3):
        warn("100 % of it")
    assert caplog.messages == ["100 % of it"]


def test_each_statement_of_the_program_has_a_limit_of_its_own(monkeypatch):
    monkeypatch.setattr("wyoming_hayakoe.server.log_limits._LINES", 1)
    repetition = RepetitionFilter()

    def record(line: int) -> logging.LogRecord:
        return logging.LogRecord("a", logging.INFO, __file__, line, "line %d of %d", (line, 2), None)

    assert [repetition.filter(record(line)) for line in (1, 1, 2, 1)] == [True, False, True, False]
    assert repetition.filter(kept := record(3))
    assert kept.getMessage() == "line 3 of 2"


def test_no_line_comes_twice_in_a_row():
    repetition = RepetitionFilter()

    def is_written(text: str, error: BaseException | None = None) -> bool:
        info = (type(error), error, None) if error else None
        return repetition.filter(logging.LogRecord("a", logging.INFO, __file__, 1, text, (), info))

    assert [is_written(text) for text in ("a", "a", "b", "a", "a")] == [True, False, True, True, False]
    # Two failures may have one message.
    assert [is_written("a", ValueError()) for _ in range(2)] == [True, True]
