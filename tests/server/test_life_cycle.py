"""The real program, from start to exit."""

import asyncio
import contextlib
import io
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time

import pytest
from wyoming.client import AsyncClient
from wyoming.event import read_event
from wyoming.ping import Ping
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart

from tests.support import (
    ARTICLE,
    DEADLINE,
    CountingVoice,
    Program,
    clean_environment,
    command,
    eventually,
    local,
    program,
    receive,
    run_program,
    running,
    speak,
)


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_an_idle_server_at_once(kind):
    with program() as server, socket.create_connection(("127.0.0.1", server.port)):
        started = time.monotonic()
        server.process.send_signal(kind)
        assert server.wait() == 0
        assert time.monotonic() - started < 5
        assert "Traceback" not in "".join(server.log)


STOPS = ([signal.SIGTERM], [signal.SIGTERM, signal.SIGTERM], [signal.SIGINT])
STAGES = {
    # Ctrl-C before the server has its own handlers is that of any command.
    "wyoming_hayakoe.cli.serve.configure": STOPS[:2],
    "wyoming_hayakoe.tts.TTS.__init__": STOPS[:2],
    "wyoming_hayakoe.server.server.open_tcp": STOPS,
    "wyoming_hayakoe.engine.openjtalk.OpenJTalkVoice.prepare": STOPS,
}


@pytest.mark.parametrize(("place", "kinds"), [(place, kinds) for place, each in STAGES.items() for kinds in each])
def test_a_signal_stops_a_server_that_is_still_starting(place, kinds):
    endless = (
        "import sys, threading; from unittest.mock import patch; from wyoming_hayakoe.cli import main; "
        "wait = lambda *_, **__: (print('waiting', flush=True), threading.Event().wait()); "
        f"patch({place!r}, wait).start(); "
        "sys.exit(main(['--uri', 'tcp://127.0.0.1:0', '--no-zeroconf']))"
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", endless], env=clean_environment(), **pipes) as server:
        assert server.stdout.readline() == "waiting\n"
        for kind in kinds:
            server.send_signal(kind)
        _, log = server.communicate(timeout=DEADLINE)
    assert server.returncode == 0
    assert "Traceback" not in log


def test_a_stop_lets_running_responses_finish_and_takes_no_new_ones():
    async def scenario(server):
        async with AsyncClient.from_uri(server.uri, read_timeout=DEADLINE) as client:
            await client.write_event(Synthesize(ARTICLE * 4).event())
            first = await receive(client, until="audio-chunk")
            server.process.terminate()
            rest = await receive(client, until="never")
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", server.port)
        return sum(event.type == "audio-chunk" for event in first.events + rest.events), rest.kinds[-1]

    with program() as server:
        chunks, last = asyncio.run(scenario(server))
        assert last == "audio-stop"
        assert chunks > 1000
        assert server.wait() == 0


async def test_a_stop_answers_whoever_got_in_before_it(voice):
    async with running(local(), voice) as server:
        # The system has let them in, and the server does not know it yet.
        clients = [socket.create_connection(server.endpoints[0]) for _ in range(8)]
        stop = asyncio.create_task(server.stop())
        for client in clients:
            client.sendall(json.dumps({"type": "synthesize", "data": {"text": "はい。"}}).encode() + b"\n")
        answers = []
        for client in clients:
            reader, writer = await asyncio.open_connection(sock=client)
            answers.append(await reader.read())
            writer.close()
        await stop
    assert all(b'"audio-stop"' in answer for answer in answers)


def test_a_stop_waits_for_what_is_on_its_way():
    async def scenario(server):
        async with AsyncClient.from_uri(server.uri, read_timeout=DEADLINE) as client:
            await client.write_event(Ping().event())
            await receive(client, until="pong")
            server.process.terminate()
            await eventually(lambda: any("stopping" in line for line in server.log), "the signal is taken")
            await client.write_event(Synthesize("はい。").event())
            return await receive(client, until="never")

    with program() as server:
        assert asyncio.run(scenario(server)).kinds == ["audio-start", "audio-chunk", "audio-stop"]
        assert server.wait() == 0


def test_the_grace_period_ends():
    async def scenario(server):
        async with AsyncClient.from_uri(server.uri, read_timeout=DEADLINE) as client:
            await client.write_event(SynthesizeStart().event())
            await client.write_event(SynthesizeChunk("こんにちは。").event())
            await receive(client, until="audio-chunk")
            started = time.monotonic()
            server.process.terminate()
            with contextlib.suppress(ConnectionError):
                await receive(client, until="never")
            return time.monotonic() - started

    with program("--grace", "0.5") as server:
        assert 0.4 < asyncio.run(scenario(server)) < 5
        assert server.wait() == 0
        assert "Traceback" not in server.whole_log()


def test_a_second_signal_stops_at_once():
    async def scenario(server):
        async with AsyncClient.from_uri(server.uri, read_timeout=DEADLINE) as client:
            await client.write_event(Synthesize(ARTICLE * 400).event())
            await receive(client, until="audio-chunk")
            server.process.terminate()
            await eventually(lambda: any("stopping" in line for line in server.log), "the first signal is taken")
            started = time.monotonic()
            server.process.terminate()
            code = await asyncio.to_thread(server.wait)
            return code, time.monotonic() - started

    with program("--grace", "60") as server:
        code, seconds = asyncio.run(scenario(server))
        assert code == 0
        assert seconds < 3
        assert "Traceback" not in server.whole_log()


async def test_a_stop_under_load_leaves_no_task_behind():
    before = asyncio.all_tasks()
    counting = CountingVoice()
    async with running(local(grace=0.2), counting) as server:
        talkers = [asyncio.create_task(speak(server, ARTICLE * 50)) for _ in range(8)]
        await eventually(lambda: counting.windows > 10, "they are being answered")
    assert not server.connections
    await asyncio.gather(*talkers, return_exceptions=True)
    assert asyncio.all_tasks() == before


def test_a_taken_port_is_one_line_that_names_port_and_flag():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_program("--uri", f"tcp://127.0.0.1:{port}")
    lines = [line for line in result.stderr.decode().splitlines() if "INFO" not in line]
    assert result.returncode == 1
    assert len(lines) == 1
    assert str(port) in lines[0]
    assert "--uri" in lines[0]


@pytest.mark.parametrize(
    ("uri", "code", "words"),
    [
        ("tcp://no.such.host.invalid:10200", 1, "no.such.host.invalid"),
        ("tcp://192.0.2.77:0", 1, "192.0.2.77"),
        ("unix:///no/such/folder/socket", 1, "/no/such/folder/socket"),
        ("http://127.0.0.1:80", 2, "tcp://HOST:PORT"),
        ("tcp://127.0.0.1:99999", 2, "tcp://HOST:PORT"),
        ("tcp://", 2, "tcp://HOST:PORT"),
        ("unix://", 2, "unix:///PATH"),
    ],
)
def test_where_it_cannot_listen_it_says_so_in_one_line(uri, code, words):
    result = run_program("--uri", uri, "--no-zeroconf")
    assert result.returncode == code
    (line,) = result.stderr.decode().splitlines()
    assert words in line


def test_several_uris_are_served_at_once_and_the_socket_file_is_cleared_away(tmp_path):
    path = tmp_path / "hayakoe.sock"
    with program("--uri", f"unix://{path}") as server:
        for uri in (server.uri, f"unix://{path}"):
            result = run_program("say", "はい。", "--uri", uri, "-o", str(tmp_path / "out.wav"))
            assert result.returncode == 0, result.stderr
        again = run_program("--uri", f"unix://{path}")
        assert (again.returncode, b"another server listens there" in again.stderr) == (1, True)
        server.process.terminate()
        assert server.wait() == 0
    assert not path.exists()


def test_the_socket_of_a_dead_server_is_replaced_and_other_files_are_not(tmp_path):
    path = tmp_path / "hayakoe.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with program("--uri", f"unix://{path}"):
        assert run_program("say", "はい。", "--uri", f"unix://{path}", "-o", str(tmp_path / "x.wav")).returncode == 0
    path.unlink(missing_ok=True)
    path.write_text("precious")
    result = run_program("--uri", f"unix://{path}")
    assert result.returncode == 1
    assert path.read_text() == "precious"


def test_both_address_families_are_served():
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with Program.listening("--uri", "tcp://[::]:{port}") as server:
        for host in ("127.0.0.1", "::1"):
            with socket.create_connection((host, server.port)) as client:
                client.sendall(b'{"type":"ping"}\n')
                assert b"pong" in client.recv(4096)


class TestStdio:
    EVENTS = b'{"type":"describe"}\n{"type":"synthesize","data":{"text":"\\u306f\\u3044"}}\n'

    def serving(self):
        return subprocess.Popen(
            command("--uri", "stdio://"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=clean_environment(),
        )

    def kinds(self, output):
        stream = io.BytesIO(output)
        kinds = []
        while event := read_event(stream):
            if event.type != "audio-chunk" or kinds[-1] != "audio-chunk":
                kinds.append(event.type)
        assert not stream.read()
        return kinds

    def test_it_answers_through_pipes_and_ends_with_its_input(self):
        result = run_program("--uri", "stdio://", stdin=self.EVENTS)
        assert result.returncode == 0
        assert self.kinds(result.stdout) == ["info", "audio-start", "audio-chunk", "audio-stop"]

    def test_it_answers_from_a_file_into_a_file(self, tmp_path):
        (tmp_path / "in").write_bytes(self.EVENTS)
        with (tmp_path / "in").open("rb") as source, (tmp_path / "out").open("wb") as target:
            subprocess.run(
                command("--uri", "stdio://"),
                stdin=source,
                stdout=target,
                stderr=subprocess.DEVNULL,
                env=clean_environment(),
                timeout=DEADLINE,
                check=True,
            )
        assert self.kinds((tmp_path / "out").read_bytes())[-1] == "audio-stop"

    def test_a_stream_that_is_cut_off_is_still_spoken(self):
        events = b'{"type":"synthesize-start"}\n{"type":"synthesize-chunk","data":{"text":"\\u306f\\u3044"}}\n'
        result = run_program("--uri", "stdio://", stdin=events)
        assert self.kinds(result.stdout) == ["audio-start", "audio-chunk", "audio-stop", "synthesize-stopped"]

    def test_a_bad_event_is_an_error_and_the_end(self):
        result = run_program("--uri", "stdio://", stdin=b"bad\n" + self.EVENTS)
        assert self.kinds(result.stdout) == ["error"]
        assert result.returncode == 0

    @pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
    def test_closed_streams_end_it(self, closed):
        line = f"exec {shlex.join(command('--uri', 'stdio://'))} {closed}"
        result = subprocess.run(
            ["sh", "-c", line],
            input=self.EVENTS,
            env=clean_environment(),
            timeout=DEADLINE,
            capture_output=True,
            check=True,
        )
        if closed == "2>&-":
            assert self.kinds(result.stdout)[-1] == "audio-stop"

    def test_a_signal_lets_it_finish_what_it_says(self):
        with self.serving() as process:
            text = json.dumps({"type": "synthesize", "data": {"text": ARTICLE * 4}})
            process.stdin.write(text.encode() + b"\n")
            process.stdin.flush()
            start = process.stdout.readline()
            process.terminate()
            output = start + process.stdout.read()
            assert process.wait(DEADLINE) == 0
        assert self.kinds(output) == ["audio-start", "audio-chunk", "audio-stop"]

    def test_a_signal_ends_it_while_it_waits_for_input(self):
        with self.serving() as process:
            process.stdin.write(b'{"type":"ping"}\n')
            process.stdin.flush()
            assert b"pong" in process.stdout.readline()
            process.terminate()
            assert process.wait(DEADLINE) == 0


def test_systemd_is_told_when_it_is_ready_alive_and_stopping(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(DEADLINE)
        with program(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="200000") as server:
            assert [notify.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
            server.process.terminate()
            while (message := notify.recv(100)) == b"WATCHDOG=1":
                pass
            assert message == b"STOPPING=1"
            assert server.wait() == 0


def test_the_log_says_what_was_done_but_not_what_was_said():
    with program() as server:
        assert run_program("say", "秘密の言葉。", "--uri", server.uri, "-o", os.devnull).returncode == 0
        server.process.terminate()
        log = server.whole_log()
    assert "first audio" in log
    assert "秘密" not in log
    assert json.dumps("秘密")[1:-1] not in log
