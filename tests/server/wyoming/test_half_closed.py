"""Clients that shut their sending side behind a request, as ``nc`` does, and clients that leave altogether."""

import asyncio
import io
import shutil
import socket
import struct
from contextlib import asynccontextmanager

import pytest
from wyoming.event import read_event
from wyoming.tts import Synthesize

from tests.support import ARTICLE, DEADLINE, connected, eventually, local, receive, running, speak

TEXT = "こんにちは。今日は晴れです。"
PLAIN = b'{"type":"synthesize","data":{"text":"%s"}}\n' % TEXT.encode()
STREAM = (
    b'{"type":"synthesize-start"}\n{"type":"synthesize-chunk","data":{"text":"%s"}}\n{"type":"synthesize-stop"}\n'
    % TEXT.encode()
)
REQUESTS = {
    "plain": PLAIN,
    "stream": STREAM,
    "two": PLAIN + PLAIN,
    "stream without its stop": STREAM.rpartition(b"{")[0],
}
ONE = ["audio-start", "audio-chunk", "audio-stop"]
ANSWERS = {
    "plain": ONE,
    "stream": [*ONE, "synthesize-stopped"],
    "two": [*ONE, *ONE],
    "stream without its stop": [*ONE, "synthesize-stopped"],
}
# nc -q stays that long behind its input. Without -t, socat leaves where half a second from the end of its input
# passes without more of the answer, and a busy machine may need longer.
TOOLS = {
    "busybox nc": (("busybox", "nc", "{host}", "{port}"), None),
    "ncat": (("ncat", "{host}", "{port}"), ("ncat", "-U", "{path}")),
    "socat": (("socat", "-t60", "-", "TCP:{host}:{port}"), ("socat", "-t60", "-", "UNIX-CONNECT:{path}")),
    "nc -N": (("nc", "-N", "{host}", "{port}"), ("nc", "-N", "-U", "{path}")),
    "nc -q": (("nc", "-q", "3", "{host}", "{port}"), ("nc", "-q", "3", "-U", "{path}")),
}
COMMANDS = {
    f"{tool} over {family}": command
    for tool, commands in TOOLS.items()
    for family, command in zip(("tcp", "unix"), commands, strict=True)
    if command is not None
}


def kinds_and_sound(output):
    """Return the kinds of the events in ``output``, runs of audio chunks as one, and the PCM of its chunks."""
    stream = io.BytesIO(output)
    kinds, sound = [], b""
    while event := read_event(stream):
        if event.type != "audio-chunk" or kinds[-1] != "audio-chunk":
            kinds.append(event.type)
        sound += event.payload or b""
    assert not stream.read()
    return kinds, sound


@asynccontextmanager
async def at_both(voice, tmp_path):
    """Run a server on a tcp and a unix socket, and yield it with the path of the latter."""
    path = tmp_path / "socket"
    async with running(local(uris=("tcp://127.0.0.1:0", f"unix://{path}")), voice) as server:
        yield server, path


def connect(server, path):
    if path is None:
        return socket.create_connection(server.endpoints[0])
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(path))
    return client


def ask(client, request):
    """Return the whole answer to a request behind which the client shuts its sending side."""
    client.sendall(request)
    client.shutdown(socket.SHUT_WR)
    client.settimeout(DEADLINE)
    return b"".join(iter(lambda: client.recv(1 << 16), b""))


@pytest.mark.parametrize("family", ["tcp", "unix"])
@pytest.mark.parametrize("request_name", REQUESTS)
async def test_a_request_with_nothing_behind_it_is_answered_whole(voice, tmp_path, family, request_name):
    async with at_both(voice, tmp_path) as (server, path):
        expected = (await speak(server, TEXT)).pcm
        with connect(server, path if family == "unix" else None) as client:
            output = await asyncio.to_thread(ask, client, REQUESTS[request_name])
    kinds, sound = kinds_and_sound(output)
    assert kinds == ANSWERS[request_name]
    assert sound == expected * (2 if request_name == "two" else 1)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
async def test_the_usual_tools_get_the_whole_answer(voice, tmp_path, command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    async with at_both(voice, tmp_path) as (server, path):
        host, port = server.endpoints[0]
        expected = (await speak(server, TEXT)).pcm
        for name in ("plain", "stream"):
            tool = await asyncio.create_subprocess_exec(
                *(part.format(host=host, port=port, path=path) for part in command),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            output, errors = await asyncio.wait_for(tool.communicate(REQUESTS[name]), DEADLINE)
            if b"invalid option" in errors:
                pytest.skip(f"this {command[0]} has no {command[1]}")
            assert kinds_and_sound(output) == (ANSWERS[name], expected), errors


def close(client):
    client.close()


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def shut_then_close(client):
    client.shutdown(socket.SHUT_WR)
    client.close()


@pytest.mark.parametrize("leave", [close, reset, shut_then_close])
@pytest.mark.parametrize("family", ["tcp", "unix"])
async def test_nothing_is_computed_for_a_client_that_leaves_before_its_turn(gated, tmp_path, family, leave):
    async with at_both(gated, tmp_path) as (server, path), connected(server) as speaking:
        await speaking.write_event(Synthesize(ARTICLE).event())
        await eventually(gated.waiting.is_set, "the lane is taken")
        computed = gated.windows
        with connect(server, path if family == "unix" else None) as client:
            client.sendall(PLAIN)
            # All of what was sent is read: closing then sends no reset by itself.
            await asyncio.to_thread(read_line, client)
            await eventually(lambda: server.lane.demand().callers == 2, "it waits for its turn")
            leave(client)
            await eventually(lambda: server.lane.demand().callers == 1, "it waits no longer")
        assert gated.windows == computed
        gated.gate.set()
        assert (await receive(speaking, until="audio-stop")).seconds > 0


def read_line(client):
    client.settimeout(DEADLINE)
    while client.recv(1, socket.MSG_PEEK):
        if client.recv(1 << 16).endswith(b"}"):
            return


@pytest.mark.parametrize("family", ["tcp", "unix"])
async def test_a_client_that_shuts_its_sending_side_and_leaves_later_stops_its_work(gated, tmp_path, family):
    async with at_both(gated, tmp_path) as (server, path), connected(server) as speaking:
        await speaking.write_event(Synthesize("はい。").event())
        await eventually(gated.waiting.is_set, "the lane is taken")
        computed = gated.windows
        with connect(server, path if family == "unix" else None) as client:
            client.sendall(PLAIN * 3)
            client.shutdown(socket.SHUT_WR)
            await eventually(lambda: server.lane.demand().callers == 2, "it waits for its turn")
            reset(client) if family == "tcp" else close(client)
            await eventually(lambda: server.lane.demand().callers == 1, "it waits no longer")
        assert gated.windows == computed


@pytest.mark.parametrize("is_read", [False, True], ids=["at once", "behind audio-start"])
async def test_clients_that_ask_and_vanish_take_no_place_from_the_next(gated, is_read):
    async with running(local(max_queue=2), gated) as server, connected(server) as speaking:
        await speaking.write_event(Synthesize("はい。").event())
        await eventually(gated.waiting.is_set, "the lane is taken")
        for _ in range(30):
            with socket.create_connection(server.endpoints[0]) as client:
                client.sendall(PLAIN)
                if is_read:
                    await asyncio.to_thread(read_line, client)
        async with connected(server) as honest:
            await honest.write_event(Synthesize("はい。").event())
            assert (await honest.read_event()).type == "audio-start"
            gated.gate.set()
            assert (await receive(honest, until="audio-stop")).seconds > 0
