"""Connections over HTTP: how many, for how long, and to whom."""

import asyncio
import logging
import random
import socket
import sys
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network

import pytest

from tests.server.http.exchanges import HTTP, client_of, exchanged
from tests.support import ARTICLE, eventually, local, running
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.server.http import http_server, protocol

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@asynccontextmanager
async def connections(server, count, data=b""):
    writers = []
    try:
        for _ in range(count):
            _, writer = await asyncio.open_connection(*server.http.endpoints[0])
            writer.write(data)
            writers.append(writer)
        yield writers
    finally:
        for writer in writers:
            writer.transport.abort()


@pytest.mark.parametrize(
    "data", [b"", b"GET /he", GET, b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"]
)
async def test_a_crowd_that_asks_for_nothing_keeps_nobody_out(voice, data):
    async with running(local(**HTTP, max_clients=4), voice) as server, connections(server, 30, data):
        await eventually(lambda: server.http.connections <= 4, "the oldest have gone")
        async with client_of(server) as client:
            assert (await client.get("/healthz")).status_code == 200
        assert server.http.connections <= 4


@pytest.mark.usefixtures("saying")
async def test_where_all_are_being_answered_others_may_try_again(gated):
    async with running(local(**HTTP, max_clients=1), gated) as server:
        async with client_of(server) as client, client.stream("POST", "/say", json={"text": ARTICLE}):
            await eventually(gated.waiting.is_set, "it is being spoken")
            got = await exchanged(server.http.endpoints[0], GET)
            assert got.status == 503
            assert got.headers["Retry-After"] == "1"
            assert b"try again" in got.body
        gated.gate.set()


async def test_what_was_asked_before_the_stop_is_answered(voice):
    async with running(local(**HTTP), voice) as server:
        with socket.create_connection(server.http.endpoints[0]) as asker:
            asker.sendall(GET)
            await server.stop()
            assert asker.recv(100).startswith(b"HTTP/1.1 200")
        assert not server.http.connections


@pytest.mark.parametrize("data", [b"", b"GET /healthz HTTP/1.1\r\nHost: local"])
async def test_a_request_that_does_not_come_is_not_waited_for(voice, monkeypatch, data):
    monkeypatch.setattr(protocol, "_HEAD_TIME", 0.2)
    async with running(local(**HTTP), voice) as server:
        assert (await exchanged(server.http.endpoints[0], data)).status is None
        assert not server.http.connections


async def test_a_next_request_that_does_not_come_is_not_waited_for(voice, monkeypatch):
    monkeypatch.setattr(protocol, "_HEAD_TIME", 0.2)
    async with running(local(**HTTP), voice) as server:
        got = await exchanged(server.http.endpoints[0], GET + GET + b"GET /hea")
        assert got.body.count(b"HTTP/1.1 200") == 1  # the head of the second answer; that of the first is cut off
        assert not server.http.connections


async def test_who_asks_nothing_more_is_hung_up_on(voice, monkeypatch):
    monkeypatch.setattr(http_server, "KEEP_ALIVE", 0)
    async with running(local(**HTTP), voice) as server:
        assert (await exchanged(server.http.endpoints[0], GET)).status == 200


async def test_a_body_that_nobody_wants_is_not_read_for_long(voice, monkeypatch):
    monkeypatch.setattr(protocol, "_LINGER", 0.2)
    async with running(local(**HTTP), voice) as server:
        head = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n"
        reader, writer = await asyncio.open_connection(*server.http.endpoints[0])
        writer.write(head)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 404")
        while server.http.connections:
            writer.write(b"x")
            await asyncio.sleep(0.005)
        writer.transport.abort()


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"\x16\x03\x01\x02\x00", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b", 400),
        (b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2", 400),
        (b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: -1", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nX : b", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 300_000, 431),
        (b"GET /healthz?text=" + b"y" * 50_000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close", 200),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket", 200),
    ],
)
async def test_what_is_no_request_is_answered_so(voice, request_line, status):
    async with running(local(**HTTP), voice) as server:
        assert (await exchanged(server.http.endpoints[0], request_line + b"\r\n\r\n")).status == status
        await eventually(lambda: not server.http.connections, "it is closed")


async def test_only_those_who_may_speak_to_the_server_may_ask(voice):
    async with running(local(allow=(ip_network("127.0.0.2/32"),), **HTTP), voice) as server:
        for source, status in (("127.0.0.2", 200), ("127.0.0.1", None)):
            request = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
            assert (await exchanged(server.http.endpoints[0], request, source=source)).status == status


async def test_clients_are_counted(voice):
    async with running(local(**HTTP), voice) as server, connections(server, 3, GET), client_of(server) as client:
        await eventually(lambda: server.http.connections == 3, "all are there")
        assert "hayakoe_connections 4.0" in (await client.get("/metrics")).text


async def test_what_is_not_installed_is_named(voice, monkeypatch):
    for name in [each for each in sys.modules if each.startswith("wyoming_hayakoe.server.http")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn.config", None)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(HayakoeError, match=r"^--http needs uvicorn.*pip install '.*\[http\]'$"):
        async with running(local(**HTTP), voice):
            pass


async def test_without_the_option_there_is_nothing(voice):
    async with running(voice=voice) as server:
        assert server.http is None
        assert server.probes is None
        assert server._context.metrics is None


def test_the_page_of_every_address_is_shown_at_one():
    own = [("127.0.0.1", 80), ("::1", 81), ("fe80::1%2", 82)]
    assert http_server.page_addresses(own) == ["http://127.0.0.1:80/", "http://[::1]:81/", "http://[fe80::1%2]:82/"]
    (every,) = http_server.page_addresses([("0.0.0.0", 80)])
    host = every.removeprefix("http://").removesuffix(":80/")
    assert host == "localhost" or not ip_address(host).is_loopback


_PARTS = (
    *(b"GET /healthz HTTP/1.1\r\n", b"POST /echo HTTP/1.1\r\n", b"HEAD /healthz HTTP/1.0\r\n"),
    *(b"OPTIONS * HTTP/1.1\r\n", b"CONNECT a:1 HTTP/1.1\r\n", b"GET //evil/%2e%2e/%00 HTTP/1.1\r\n"),
    *(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"Host: localhost\r\n", b"Connection: close\r\n"),
    *(b"Expect: 100-continue\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n"),
    *(b"Content-Length: 12\r\n", b"Content-Length: " + b"9" * 5000 + b"\r\n", b"\r\n", b"\r\n\r\n"),
    *(b"5\r\n[1,2]\r\n", b"0\r\n\r\n", b"5\r\nhelloXX", b"f" * 30 + b"\r\n", b"[1]", b"\x00", b"\xff"),
)


async def send_anything(server, chosen):
    reader, writer = await asyncio.open_connection(*server.http.endpoints[0])
    try:
        for _ in range(chosen.randint(1, 6)):
            writer.write(b"".join(chosen.choices(_PARTS, k=chosen.randint(1, 6))))
            await asyncio.sleep(0)
        if chosen.random() < 0.7:
            writer.write_eof()
            await reader.read()
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()


@pytest.mark.usefixtures("saying")
async def test_no_bytes_break_a_connection_of_others(voice, caplog, monkeypatch):
    monkeypatch.setattr(protocol, "_LINGER", 0.05)
    broken = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: broken.append(context))
    chosen = random.Random(20)
    async with running(local(**HTTP), voice) as server:
        for _ in range(10):
            await asyncio.gather(*(send_anything(server, chosen) for _ in range(20)))
        await eventually(lambda: not server.http.connections, "all are closed")
        assert not server.http._state.tasks
        assert server._context.waiting_bodies.pooled == 0
    assert not broken
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
