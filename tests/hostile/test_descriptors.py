"""File descriptors: none is kept for a client that has gone, and the server lives on where none is left."""

import asyncio
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.tts import Synthesize

from tests.support import DEADLINE, Program, eventually, free_port, local, program, receive, running
from wyoming_hayakoe.server import systemd
from wyoming_hayakoe.server.http import http_server


def numbers_of(pid: int | str) -> set[int]:
    return {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}


def descriptors(pid: int | str = "self") -> int:
    return len(numbers_of(pid))


@contextmanager
def silent(address: tuple[str, int], count: int) -> Iterator[list[socket.socket]]:
    """Clients that connect, before the event loop of this thread takes a step, and send nothing."""
    clients = [socket.create_connection(address, DEADLINE) for _ in range(count)]
    try:
        yield clients
    finally:
        for client in clients:
            client.close()


async def test_silent_connections_to_the_metrics_port_keep_no_descriptor(voice):
    async with running(local(metrics="tcp://127.0.0.1:0"), voice) as server:
        assert server.probes is not None
        before = descriptors()
        for _ in range(4):
            with silent(server.probes.endpoints[0], 100) as clients:
                # The last is among those that are kept.
                clients[-1].sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                reader, writer = await asyncio.open_connection(sock=clients[-1])
                assert (await reader.read()).startswith(b"HTTP/1.1 200")
                writer.close()
                most = before + 100 + http_server.MONITORS
                await eventually(lambda most=most: descriptors() <= most, "those before are closed")
        await eventually(lambda: descriptors() <= before, "all are closed")


@pytest.mark.parametrize("allow", [True, False], ids=["served", "refused"])
async def test_a_stop_closes_the_clients_whose_tasks_have_not_begun(voice, allow):
    before = descriptors()
    async with running(local(grace=0.0, max_clients=20, **({} if allow else {"allow": ()})), voice) as server:
        with silent(server.endpoints[0], 60):
            await server.stop()
            assert not server.connections
    await eventually(lambda: descriptors() <= before, "all are closed")


async def answered(uri: str, request: Event) -> list[str]:
    async with AsyncClient.from_uri(uri, read_timeout=DEADLINE) as client:
        await client.write_event(request)
        return (await receive(client, until="info" if request.type == "describe" else "audio-stop")).kinds


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until(condition, what: str) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def scarcity(server: Program) -> list[str]:
    return [line for line in server.log if "no client can be accepted now" in line]


@contextmanager
def no_descriptor_left(pid: int) -> Iterator[None]:
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    numbers = numbers_of(pid)
    lowest = next(number for number in range(len(numbers) + 1) if number not in numbers)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def test_without_descriptors_it_waits_quietly_and_answers_once_there_are_some():
    metrics = free_port()
    with program("--metrics", f"tcp://127.0.0.1:{metrics}") as server:
        assert asyncio.run(answered(server.uri, Synthesize("はい。").event()))[-1] == "audio-stop"
        pid = server.process.pid
        with no_descriptor_left(pid), silent(("127.0.0.1", server.port), 20), silent(("127.0.0.1", metrics), 20):
            until(lambda: len(scarcity(server)) == 2, "both sockets say so")
            started, computed = time.monotonic(), processor_seconds(pid)
            until(lambda: time.monotonic() - started > 1.0, "many more tries")
            assert processor_seconds(pid) - computed < 0.2
        assert asyncio.run(answered(server.uri, Event("describe"))) == ["info"]
        server.process.terminate()
        assert server.wait() == 0
        log = server.whole_log()
    assert len(scarcity(server)) == 2, log
    assert "Traceback" not in log
    assert "ERROR" not in log


async def test_a_client_that_leaves_is_noticed_without_a_descriptor_for_that(gated, monkeypatch):
    def fail():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("select.epoll", fail)
    async with running(local(), gated) as server:
        with socket.create_connection(server.endpoints[0]) as client:
            client.sendall('{"type":"synthesize","data":{"text":"はい。"}}\n'.encode())
            await eventually(gated.waiting.is_set, "it is being spoken")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        await eventually(lambda: not server.connections, "it is gone")
        assert gated.waiting.is_set(), "it was still being spoken"


def test_as_many_files_may_be_open_as_the_system_allows():
    program = (
        "import resource\n"
        "from wyoming_hayakoe.server.acceptor import clients_with_descriptors\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 1000))\n"
        "print(clients_with_descriptors(64), resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
        "print(clients_with_descriptors(10_000))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["64", "1000", "290"]
    assert "at most 290 clients, not 10000" in done.stderr


async def test_systemd_hears_from_a_server_without_descriptors(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(DEADLINE)
        feeding = asyncio.create_task(systemd.feed_watchdog())
        try:
            assert await asyncio.to_thread(notify.recv, 100) == b"WATCHDOG=1"
            monkeypatch.setattr(systemd.socket, "socket", None)
            assert await asyncio.to_thread(notify.recv, 100) == b"WATCHDOG=1"
            assert await asyncio.to_thread(notify.recv, 100) == b"WATCHDOG=1"
        finally:
            feeding.cancel()
            await asyncio.wait({feeding})
