"""What monitors see: real requests over HTTP to a server that speaks."""

import asyncio
import signal
import time
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop

from tests.server.http.exchanges import HTTP, client_of, exchanged
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
from wyoming_hayakoe.server.http import http_server

MONITORED = {"metrics": "tcp://127.0.0.1:0"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(metrics_module, "_FRESH", 0.0)


async def ask(server, path, method="GET"):
    request = f"{method} {path} HTTP/1.1\r\nHost: here.example\r\nConnection: close\r\n\r\n"
    return await exchanged(server.probes.endpoints[0], request.encode())


async def scrape(server):
    got = await ask(server, "/metrics")
    assert got.status == 200
    return samples(got.body.decode())


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
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("HEAD", "/readyz", 200),
        ("GET", "/healthz?verbose=1", 200),
        ("GET", "/", 404),
        ("GET", "/voices", 404),
        ("GET", "/../etc/passwd", 404),
        ("GET", "/%ff%fe", 404),
        ("POST", "/metrics", 405),
    ],
)
async def test_monitors_are_shown_three_pages(voice, method, path, status):
    async with running(local(**MONITORED), voice) as server:
        got = await ask(server, path, method)
    assert got.status == status
    assert bool(got.body) is (method != "HEAD")


async def test_clients_over_http_are_shown_them_as_well(voice):
    async with running(local(**HTTP), voice) as server, client_of(server) as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await client.get(path)).status_code == 200


async def test_monitors_speak_http_of_any_age(voice):
    async with running(local(**MONITORED), voice) as server:
        assert (await exchanged(server.probes.endpoints[0], b"GET /readyz HTTP/1.0\r\n\r\n")).body == b"ok\n"
        assert (await exchanged(server.probes.endpoints[0], b"GET /readyz\r\n\r\n")).status == 400


def test_a_real_http_client_finds_them_where_the_log_says():
    port = free_port()
    with program("--metrics", f"tcp://127.0.0.1:{port}", "--http", "tcp://127.0.0.1:0") as server:
        assert run_program("say", "はい。", "--uri", server.uri, "-o", "/dev/null").returncode == 0
        (page,) = (line.split()[-1] for line in server.log if "page: http://127.0.0.1:" in line)
        for address in (f"127.0.0.1:{port}", urlsplit(page).netloc):
            connection = HTTPConnection(address, timeout=30)
            for path in ("/healthz", "/readyz", "/metrics"):
                connection.request("GET", path)
                response = connection.getresponse()
                body = response.read()
                assert response.status == 200
            assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            connection.close()
            assert total(samples(body.decode()), "hayakoe_requests_total", voice="mei") == 1
        server.process.terminate()
        assert server.wait() == 0
        assert "Traceback" not in server.whole_log()


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
        assert (await ask(server, "/readyz")).status == 200
        assert server.probes.connections <= http_server.MONITORS
        assert (await speak(server, "はい。")).seconds > 0


async def test_who_asks_all_the_time_is_shown_one_page(voice, monkeypatch):
    monkeypatch.setattr(metrics_module, "_FRESH", 60.0)
    async with running(local(**MONITORED), voice) as server:
        pages = await asyncio.gather(*(ask(server, "/metrics") for _ in range(30)))
        await speak(server, "はい。")
        await eventually(lambda: not server.connections, "it is counted")
        pages.append(await ask(server, "/metrics"))
    assert {page.body for page in pages} == {pages[0].body}


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
            await client.write_event(Synthesize(ARTICLE * 3).event())
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


def test_where_it_cannot_be_asked_it_says_so():
    result = run_program("--metrics", "tcp://192.0.2.77:9", "--uri", f"tcp://127.0.0.1:{free_port()}", "--no-zeroconf")
    (line,) = result.stderr.decode().splitlines()
    assert result.returncode == 1
    assert "--metrics tcp://HOST:PORT" in line
