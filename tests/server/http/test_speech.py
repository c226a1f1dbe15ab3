"""Speech over HTTP: the same sound, limits and promises as over Wyoming."""

import asyncio
import logging
import threading

import httpx
import pytest

from tests.server.http.exchanges import HTTP, client_of
from tests.support import ARTICLE, DEADLINE, eventually, local, running, speak
from tests.voices import BeepVoice
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.server.http import protocol
from wyoming_hayakoe.voice import WINDOWS, Speech

pytestmark = pytest.mark.usefixtures("saying")


@pytest.fixture
async def server(voice):
    async with running(local(**HTTP), voice) as server:
        yield server


@pytest.mark.parametrize("text", ["はい。", ARTICLE, "", "。"])
async def test_it_is_the_sound_that_wyoming_gives(server, text):
    async with client_of(server) as client:
        got = await client.post("/say", json={"text": text})
    assert got.status_code == 200
    answer = await speak(server, text)
    assert got.content == answer.pcm
    assert int(got.headers["X-Rate"]) == server.catalogue.speakers[0].voice.sample_rate


@pytest.mark.parametrize("rate", [8000, 24000])
async def test_a_client_may_choose_the_rate(server, rate):
    async with client_of(server) as client:
        own = await client.post("/say", json={"text": "はい、そうです。"})
        got = await client.post("/say", json={"text": "はい、そうです。", "rate": rate})
    assert int(got.headers["X-Rate"]) == rate
    assert len(got.content) / rate == pytest.approx(len(own.content) / int(own.headers["X-Rate"]), abs=0.01)


async def test_the_first_window_leaves_before_the_next_is_computed(gated):
    async with (
        running(local(**HTTP), gated) as server,
        client_of(server) as client,
        client.stream("POST", "/say", json={"text": ARTICLE}) as got,
    ):
        parts = got.aiter_raw()
        assert len(await anext(parts)) > 1000
        assert not gated.gate.is_set()
        gated.gate.set()
        assert sum([len(part) async for part in parts]) > 100_000


async def leaves(server, gated):
    async with client_of(server) as client, client.stream("POST", "/say", json={"text": ARTICLE * 9}):
        await eventually(gated.waiting.is_set, "it is being spoken")
        assert server._context.http_answers == 1


async def test_an_answer_ends_with_its_client(gated, caplog):
    caplog.set_level(logging.INFO, "wyoming_hayakoe")
    async with running(local(**HTTP), gated) as server:
        await leaves(server, gated)
        await eventually(lambda: server._context.http_answers == 0, "it is cancelled")
        gated.gate.set()
        await eventually(gated.closed.is_set, "the voice has ended")
        assert server._context.lane.demand().callers == 0
        assert "abandoned" in (await metrics_of(server, "hayakoe_requests_total{")).partition(" 1.0")[0]
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


async def metrics_of(server, prefix):
    async with client_of(server) as client:
        page = (await client.get("/metrics")).text
    return "\n".join(line for line in page.splitlines() if line.startswith(prefix) and not line.endswith(" 0.0"))


async def test_a_client_that_leaves_before_the_first_window_is_not_answered():
    class Slow(BeepVoice):
        gate, asked = threading.Event(), threading.Event()

        def speak(self, utterance, params, delivery=WINDOWS):
            self.asked.set()
            assert self.gate.wait(DEADLINE)
            return super().speak(utterance, params, delivery)

    slow = Slow()
    async with running(local(**HTTP), slow) as server:
        async with client_of(server) as client:
            asking = asyncio.create_task(client.post("/say", json={"text": "はい。"}))
            await eventually(slow.asked.is_set, "it is being computed")
            asking.cancel()
        await eventually(lambda: server._context.http_answers == 0, "it is cancelled")
        slow.gate.set()


async def test_who_comes_when_all_is_busy_may_try_again(gated):
    async with running(local(**HTTP, max_queue=1), gated) as server, client_of(server) as client:
        async with client.stream("POST", "/say", json={"text": ARTICLE}):
            await eventually(gated.waiting.is_set, "it is being spoken")
            got = await client.post("/say", json={"text": "はい。"})
            assert (got.status_code, got.headers["Retry-After"]) == (503, "1")
            assert "try again" in got.json()["detail"]
            gated.gate.set()
        assert 'code="busy"' in await metrics_of(server, "hayakoe_errors_total")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"text": "あ", "voice": "nobody"}, 404, "no voice 'nobody': there is mei"),
        ({"text": "あ", "style": "angry"}, 404, "has no style 'angry'"),
        ({"text": "あ" * 50_001}, 413, "at most 50000 characters"),
        ({}, 500, "internal error: the server's log says why"),
    ],
)
async def test_what_is_wrong_is_one_line(server, body, status, words):
    async with client_of(server) as client:
        got = await client.post("/say", json=body)
    assert got.status_code == status
    assert words in got.json()["detail"]
    assert "\n" not in got.json()["detail"]


class Failing(BeepVoice):
    """Fails at its first window, or after some."""

    def __init__(self, error: Exception, after: int) -> None:
        super().__init__()
        self.error, self.after = error, after

    def speak(self, utterance, params, delivery=WINDOWS):
        def windows():
            for number, window in enumerate(speech.windows):
                if number == self.after:
                    raise self.error
                yield window

        speech = super().speak(utterance, params, delivery)
        return Speech(windows(), speech.timings)


@pytest.mark.parametrize(
    ("error", "words"),
    [(HayakoeError("its network gives no sound"), "its network"), (ValueError("秘密"), "the server's log says why")],
)
async def test_a_voice_that_fails_at_once_is_a_status(error, words):
    async with running(local(**HTTP), Failing(error, 0)) as server, client_of(server) as client:
        got = await client.post("/say", json={"text": "はい。"})
        assert got.status_code == 500
        assert words in got.json()["detail"]
        assert 'outcome="failed"' in await metrics_of(server, "hayakoe_requests_total")


async def test_a_voice_that_fails_midway_is_a_cut_off_answer():
    async with running(local(**HTTP), Failing(HayakoeError("its network"), 1)) as server, client_of(server) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post("/say", json={"text": ARTICLE})
        assert (await client.get("/healthz")).status_code == 200


async def test_who_reads_nothing_is_hung_up_on(voice, monkeypatch):
    monkeypatch.setattr(protocol, "_LINGER", 0.1)
    async with running(local(**HTTP, stall_timeout=0.3), voice) as server:
        host, port = server.http.endpoints[0]
        reader, writer = await asyncio.open_connection(host, port, limit=1024)
        body = f'{{"text": "{ARTICLE * 40}"}}'.encode()
        writer.write(b"POST /say HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await reader.readexactly(1)
        await eventually(lambda: not server.http.connections, "it is disconnected")
        writer.transport.abort()


async def test_a_server_that_stops_ends_its_answers(gated):
    async with running(local(**HTTP), gated) as server, client_of(server) as client:
        async with client.stream("POST", "/say", json={"text": ARTICLE}) as got:
            await eventually(gated.waiting.is_set, "it is being spoken")
            stopping = asyncio.create_task(server.stop())
            await eventually(lambda: not server.http._acceptors, "it is stopping")
            gated.gate.set()
            assert sum([len(part) async for part in got.aiter_raw()]) > 100_000
        await stopping
        assert not server.http.connections


async def test_nothing_that_is_said_is_logged(voice, caplog):
    caplog.set_level(logging.DEBUG)
    async with running(local(**HTTP), voice) as server, client_of(server) as client:
        await client.post("/say", json={"text": "ひみつの言葉。"})
        await client.post("/say", json={"text": "ひみつの言葉。", "voice": "nobody"})
        await client.post("/say", content='{"text": "ひみつの言葉。"'.encode())
    assert "7 characters" in caplog.text
    assert "ひみつ" not in caplog.text
