"""What monitors see: real requests over HTTP to a server that speaks."""

import asyncio
import signal
import time
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from ipaddress import ip_network

import pytest
from prometheus_client.parser import text_string_to_metric_families
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop

from tests.support import (
    ARTICLE,
    connected,
    eventually,
    free_port,
    local,
    program,
    receive,
    run_program,
    running,
    speak,
    writer_of,
)
from wyoming_hayakoe.server import metrics as metrics_module
from wyoming_hayakoe.server import probes as probes_module

MONITORED = {"metrics": "tcp://127.0.0.1:0"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(metrics_module, "_FRESH", 0.0)


async def ask(server, path, method="GET", version="HTTP/1.1"):
    return await send(server, f"{method} {path} {version}\r\nHost: here\r\n\r\n".encode())


async def send(server, request):
    reader, writer = await asyncio.open_connection(*server.probes.endpoints[0])
    writer.write(request)
    answer = await reader.read()
    writer.transport.abort()
    head, _, body = answer.partition(b"\r\n\r\n")
    return (int(head.split()[1]) if head else None), body


async def scrape(server):
    status, body = await ask(server, "/metrics")
    assert status == 200
    return samples(body.decode())


def samples(text):
    """Return the value of each series by name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(values, name, **labels):
    return sum(
        value for (found, *have), value in values.items() if found == name and labels.items() <= dict(have).items()
    )


async def test_what_is_spoken_is_counted(voice):
    async with running(local(**MONITORED), voice) as server:
        answers = [await speak(server, text) for text in ("こんにちは。", ARTICLE)]
        await eventually(lambda: not server.connections, "all is counted")
        values = await scrape(server)
    sound = sum(answer.seconds for answer in answers)
    assert total(values, "hayakoe_requests_total", voice="mei", outcome="answered") == 2
    assert total(values, "hayakoe_audio_seconds_total", voice="mei") == pytest.approx(sound)
    assert 0 < total(values, "hayakoe_computing_seconds_total", voice="mei") < sound
    for name in ("first_audio_seconds", "answer_seconds", "real_time_factor"):
        assert total(values, f"hayakoe_{name}_count", voice="mei") == 2
    assert 0 < total(values, "hayakoe_first_audio_seconds_sum") < total(values, "hayakoe_answer_seconds_sum")
    assert total(values, "process_resident_memory_bytes") > 1 << 20
    assert total(values, "hayakoe_errors_total") == 0


async def test_a_text_stream_counts_from_its_first_sentence(voice):
    async with running(local(**MONITORED), voice) as server, connected(server) as client:
        await client.write_event(SynthesizeStart().event())
        await receive(client, until="audio-start")
        waited = time.monotonic()
        await client.write_event(SynthesizeChunk("こんにちは").event())
        await asyncio.sleep(0.3)  # the client is thinking, and no server can answer for that
        await client.write_event(SynthesizeChunk("。").event())
        await client.write_event(SynthesizeStop().event())
        answer = await receive(client, until="synthesize-stopped")
        waited = time.monotonic() - waited
        assert answer.seconds > 0
        values = await scrape(server)
    assert total(values, "hayakoe_first_audio_seconds_sum") <= waited - 0.3


async def test_what_goes_wrong_is_counted_by_its_code(voice):
    async with running(local(**MONITORED), voice) as server:
        for _ in range(3):
            async with connected(server) as client:
                writer_of(client).write(b"bad\n")
                await receive(client, until="never")
        values = await scrape(server)
    assert total(values, "hayakoe_errors_total", code="bad-event") == 3
    assert total(values, "hayakoe_errors_total") == 3


async def test_gauges_show_this_moment(gated):
    async with running(local(**MONITORED), gated) as server, connected(server) as client, connected(server):
        await client.write_event(Synthesize("はい。").event())
        await eventually(gated.waiting.is_set, "it speaks")
        values = await scrape(server)
        assert total(values, "hayakoe_requests_in_flight") == 1
        assert total(values, "hayakoe_queue_depth") == 1
        assert total(values, "hayakoe_connections") == 2
        assert total(values, "hayakoe_queue_limit") == server._settings.max_queue
        gated.gate.set()
        await receive(client, until="audio-stop")
        await eventually(lambda: not any(one.is_answering for one in server.connections), "it is done")
        assert total(await scrape(server), "hayakoe_requests_in_flight") == 0


async def test_clients_cannot_make_series(voice):
    async with running(local(**MONITORED), voice) as server:
        await speak(server, "はい。")
        await eventually(lambda: not server.connections, "it is counted")
        before = (await scrape(server)).keys()
        for name in ("nobody", "x" * 500, 'a"b', "mei:angry"):
            async with connected(server) as client:
                await client.write_event(Event("synthesize", {"text": "あ", "voice": {"name": name}}))
                await receive(client, until="never")
        for path in ("/nobody", "/metrics?voice=nobody"):
            await ask(server, path)
        after = await scrape(server)
    assert after.keys() == before
    assert total(after, "hayakoe_errors_total", code="unknown-voice") == 4


async def test_servers_in_one_process_count_apart(voice):
    async with running(local(**MONITORED), voice) as one, running(local(**MONITORED), voice) as other:
        await speak(one, "はい。")
        await eventually(lambda: not one.connections, "it is counted")
        counts = [total(await scrape(server), "hayakoe_requests_total") for server in (one, other)]
    assert counts == [1, 0]


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /healthz HTTP/1.1", 200),
        (b"GET /readyz HTTP/1.0", 200),
        (b"HEAD /readyz HTTP/1.1", 200),
        (b"GET /healthz?verbose=1 HTTP/1.1", 200),
        (b"GET / HTTP/1.1", 404),
        (b"GET /../etc/passwd HTTP/1.1", 404),
        (b"GET /\xff\xfe HTTP/1.1", 404),
        (b"POST /metrics HTTP/1.1", 405),
        (b"GET /healthz", 400),
        (b"GET /healthz SPDY/9", 400),
        (b"", 400),
        (b"\x16\x03\x01\x02\x00", 400),
        (b"GET /healthz HTTP/1.1\r\nX: " + b"y" * 20_000, 431),
    ],
)
async def test_what_is_asked_over_http(voice, request_line, status):
    async with running(local(**MONITORED), voice) as server:
        got, body = await send(server, request_line + b"\r\n\r\n")
    assert got == status
    assert bool(body) is not request_line.startswith(b"HEAD")


def test_a_real_http_client_understands_it():
    port = free_port()
    with program("--metrics", f"tcp://127.0.0.1:{port}") as server:
        assert run_program("say", "はい。", "--uri", server.uri, "-o", "/dev/null").returncode == 0
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        for path in ("/healthz", "/readyz", "/metrics"):
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        connection.close()
    assert total(samples(body.decode()), "hayakoe_requests_total", voice="mei") == 1


async def test_without_the_option_there_is_nothing(voice):
    async with running(voice=voice) as server:
        assert server.probes is None
        assert server._context.metrics is None


@asynccontextmanager
async def idlers(server, count, data=b"GET /metr"):
    """Clients that begin to ask and never end."""
    writers = []
    try:
        for _ in range(count):
            _, writer = await asyncio.open_connection(*server.probes.endpoints[0])
            writer.write(data)
            writers.append(writer)
        yield
    finally:
        for writer in writers:
            writer.transport.abort()


async def test_a_crowd_that_never_ends_its_question_keeps_nobody_out(voice):
    async with running(local(**MONITORED), voice) as server, idlers(server, 200):
        assert (await ask(server, "/readyz"))[0] == 200
        assert len(server.probes._exchanges) <= probes_module._MAX_CONNECTIONS
        assert (await speak(server, "はい。")).seconds > 0


async def test_who_takes_too_long_is_hung_up_on(voice, monkeypatch):
    monkeypatch.setattr(probes_module, "_TIMEOUT", 0.2)
    async with running(local(**MONITORED), voice) as server:
        assert await send(server, b"GET /metr") == (None, b"")
        assert not server.probes._exchanges


async def test_who_asks_all_the_time_is_shown_one_page(voice, monkeypatch):
    monkeypatch.setattr(metrics_module, "_FRESH", 60.0)
    async with running(local(**MONITORED), voice) as server:
        pages = await asyncio.gather(*(ask(server, "/metrics") for _ in range(30)))
        await speak(server, "はい。")
        await eventually(lambda: not server.connections, "it is counted")
        assert {*pages, await ask(server, "/metrics")} == {pages[0]}


async def test_only_those_who_may_speak_to_the_server_may_ask(voice):
    async with running(local(allow=(ip_network("127.0.0.2/32"),), **MONITORED), voice) as server:
        for source, served in (("127.0.0.2", True), ("127.0.0.1", False)):
            host, port = server.probes.endpoints[0]
            reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
            writer.write(b"GET /healthz HTTP/1.1\r\n\r\n")
            try:
                answer = await reader.read()
            except ConnectionError:
                answer = b""
            assert bool(answer) is served
            writer.transport.abort()


def get(port, path):
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_it_is_ready_until_it_stops_and_healthy_to_the_end():
    async def scenario(server):
        async with AsyncClient.from_uri(server.uri, read_timeout=30) as client:
            await client.write_event(Synthesize(ARTICLE * 8).event())
            await receive(client, until="audio-chunk")
            assert get(port, "/readyz") == 200
            writer_of(client).transport.pause_reading()
            server.process.send_signal(signal.SIGTERM)
            await eventually(lambda: get(port, "/readyz") == 503, "it is stopping")
            assert get(port, "/healthz") == 200
            assert get(port, "/metrics") == 200
            writer_of(client).transport.resume_reading()
            return await receive(client, until="audio-stop")

    port = free_port()
    with program("--metrics", f"tcp://127.0.0.1:{port}") as server:
        assert asyncio.run(scenario(server)).kinds[-1] == "audio-stop"
        assert server.wait() == 0


def test_it_is_not_ready_before_the_voice_that_is_wanted_is_there(tmp_path):
    """The built-in voice speaks meanwhile, but whoever asks for another would be refused."""
    port = free_port()
    with program("--metrics", f"tcp://127.0.0.1:{port}", "--voice", f"late={tmp_path}/nowhere") as server:
        assert get(port, "/healthz") == 200
        assert get(port, "/readyz") == 503
        result = run_program("say", "はい。", "--uri", server.uri, "-o", "/dev/null")
        assert result.returncode == 0, result.stderr
        assert get(port, "/readyz") == 503


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        ("tcp://127.0.0.1", 2, "is not tcp://HOST:PORT"),
        ("unix:///tmp/x", 2, "is not tcp://HOST:PORT"),
        ("127.0.0.1:9", 2, "HOST:PORT"),
        ("tcp://192.0.2.77:9", 1, "--metrics tcp://HOST:PORT"),
    ],
)
def test_where_it_cannot_be_asked_it_says_so(value, code, words):
    result = run_program("--metrics", value, "--uri", f"tcp://127.0.0.1:{free_port()}", "--no-zeroconf")
    (line,) = result.stderr.decode().splitlines()
    assert result.returncode == code
    assert words in line
