"""What clients send and do not read: what waits is bounded, the others are served, and nothing stays behind."""

import asyncio
import gc
import json
import logging
import re
import socket
import struct
from collections import Counter
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest
from wyoming.tts import Synthesize

from tests.hostile.events import utf8_event as event
from tests.support import (
    DEADLINE,
    connected,
    eventually,
    in_threads,
    local,
    program,
    receive,
    running,
    speak,
    writer_of,
)
from tests.voices import BeepVoice
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.server.waiting_text import CONNECTION_LIMIT
from wyoming_hayakoe.server.wyoming.request import REQUEST_SIZE
from wyoming_hayakoe.voice import WINDOWS, Speech

KINDS = {"Connection", "RequestReader", "Inbox", "Outbox", "Room", "Request", "TextStream", "Response", "Narration"}
LINES = "あ\n" * 25_000


def alive():
    """Return how many objects of the request path there are; none is deleted to count them."""
    return Counter(type(each).__name__ for each in gc.get_objects() if type(each).__name__ in KINDS)


@contextmanager
def without_collector():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


START = event("synthesize-start")
HELLO = event("synthesize", text="こんにちは。今日は晴れです。")
LONG = event("synthesize", text=LINES) * 34
SENT = {
    "nothing": b"",
    "describe and ping": event("describe") + event("ping", text="a") + event("nosuch", b"x" * 100),
    "one text": HELLO,
    "many texts": event("synthesize", text="はい。") * 40,
    "a text stream": START + event("synthesize-chunk", text="はい。それで") + event("synthesize-stop"),
    "an open text stream": START + event("synthesize-chunk", text="はい。それで"),
    "not JSON": b"hello\n",
    "not JSON behind texts": HELLO * 3 + b"hello\n" + HELLO,
    "data that is not JSON": event("synthesize")[:-2] + b"[[",
    "an unknown voice behind texts": HELLO * 2 + event("synthesize", text="あ", voice={"name": "x"}),
    "a stream that fails": START + event("synthesize-chunk", text=LINES + "a"),
    "SSML that fails": event("synthesize", text="<a " + "b" * 9000, text_format="ssml"),
    "an event that is not whole": event("synthesize", text=LINES)[:100_000],
}


def shut(client):
    client.shutdown(socket.SHUT_WR)
    while client.recv(1 << 16):
        pass


def close(client):
    pass


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("leave", [shut, close, reset])
async def test_nothing_of_a_request_outlives_its_connection(leave):
    async with running(local(), BeepVoice()) as server:

        def visit(data):
            with socket.create_connection(server.endpoints[0]) as client:
                client.settimeout(DEADLINE)
                client.sendall(data)
                if leave is not shut:
                    # The texts have arrived before it leaves.
                    client.settimeout(0.05)
                    with suppress(TimeoutError):
                        client.recv(100)
                leave(client)

        left = {}
        with without_collector():
            before = alive()
            for name, data in SENT.items():
                with suppress(ConnectionError):
                    await asyncio.to_thread(visit, data)
                await eventually(lambda: not server.connections, "it is gone")
                await server.lane.run(lambda: None)
                await asyncio.sleep(0)
                after = alive()
                if rest := after - before:
                    left[name] = rest
                before = after
        assert not left
        assert not server._context.waiting_text.pooled


class BrokenVoice(BeepVoice):
    """Fails behind its first window."""

    def __init__(self, error):
        super().__init__(window=10)
        self.error = error

    def speak(self, utterance, params, delivery=WINDOWS) -> Speech:
        return Speech(self.breaking(super().speak(utterance, params, delivery).windows))

    def breaking(self, windows):
        yield next(windows)
        raise self.error("it fails")


@pytest.mark.parametrize("error", [FloatingPointError, HayakoeError])
async def test_nothing_outlives_an_answer_that_fails(error, caplog):
    # pytest keeps what is logged, with its traceback.
    caplog.set_level(logging.CRITICAL + 1, "wyoming_hayakoe")
    async with running(local(), BrokenVoice(error)) as server:
        with without_collector():
            before = alive()
            assert (await speak(server, "はい。")).kinds[-1] == "error"
            await eventually(lambda: not server.connections, "it is gone")
            await server.lane.run(lambda: None)
            await asyncio.sleep(0)
            assert not alive() - before


@asynccontextmanager
async def unread(server, data, count):
    """Have ``count`` clients send as much of ``data`` as the server takes within half a second, and read nothing."""

    async def send():
        client = stack.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, server.endpoints[0])
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await loop.sock_sendall(client, data)

    with ExitStack() as stack:
        await asyncio.gather(*(send() for _ in range(count)))
        yield


def held(server):
    return [connection._room.held for connection in server.connections]


async def test_what_waits_on_a_connection_is_bounded_by_bytes(voice):
    article = event("synthesize", text="今日は晴れです。" * 100)
    async with running(voice=voice) as server, unread(server, article * 400, 1):
        await eventually(lambda: held(server)[0] > CONNECTION_LIMIT - 8192, "no further text has room")
        for _ in range(20):
            await asyncio.sleep(0)
            assert held(server)[0] <= CONNECTION_LIMIT + REQUEST_SIZE


async def test_many_that_read_nothing_hold_no_more_than_all_may_and_keep_nobody_out():
    size = 1 << 20
    settings = local(max_waiting_text=size, max_clients=100, max_queue=200)
    async with running(settings, BeepVoice()) as server:
        shared = server._context.waiting_text
        async with unread(server, LONG, 30), unread(server, HELLO * 1000, 30):
            assert sum(held(server)) <= size + 60 * REQUEST_SIZE
            assert shared.pooled > 0.8 * size / 2
            async with connected(server) as client:
                for text in ("はい。", "今日は晴れです。" * 100):
                    await client.write_event(Synthesize(text).event())
                    assert (await receive(client, until="audio-stop")).seconds > 0
        await eventually(lambda: not server.connections, "all have left")
        assert not shared.pooled


async def test_a_text_larger_than_the_rest_of_the_room_waits_until_the_stalled_have_gone(voice):
    text = " " * 40_000 + "はい。"
    async with running(local(max_waiting_text=128 << 10, stall_timeout=1), voice) as server:
        async with unread(server, LONG, 2):
            assert server._context.waiting_text.pooled
            codes = []
            while (answer := await speak(server, text)).kinds[-1] == "error":
                codes.append(answer.events[-1].data["code"])
        assert set(codes) <= {"busy"}
        assert len(codes) < 5


async def test_the_longest_text_is_accepted_when_nothing_else_waits():
    text = "😀" * 49_990 + "はい。"
    async with running(local(max_waiting_text=1), BeepVoice()) as server:
        for escaped in (False, True):
            body = json.dumps({"text": text}, ensure_ascii=escaped).encode()
            async with connected(server) as client:
                writer_of(client).write(b'{"type":"synthesize","data_length":%d}\n' % len(body) + body)
                assert (await receive(client, until="audio-stop")).seconds > 0


def honest(port):
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(DEADLINE)
        client.sendall(HELLO)
        client.shutdown(socket.SHUT_WR)
        while client.recv(1 << 16):
            pass


def anonymous(pid):
    """Return the anonymous memory of a process in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux only")
def test_memory_is_back_when_they_have_left():
    with program() as server:

        def attack(seconds):
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.settimeout(seconds)
                with suppress(TimeoutError):
                    client.sendall(LONG)

        honest(server.port)
        in_threads(lambda: attack(0.2), 12)
        before = anonymous(server.process.pid)
        for _ in range(2):
            in_threads(lambda: attack(0.2), 12)
            honest(server.port)
        assert anonymous(server.process.pid) - before < 8
    assert "Traceback" not in server.whole_log()
