"""What anybody may send over HTTP: it is refused in one line, and the server goes on."""

import asyncio
import json
import logging
import threading
from concurrent.futures import Future
from contextlib import asynccontextmanager

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.server.http.exchanges import HTTP, client_of, exchanged, url_of
from tests.support import DEADLINE, local, running
from tests.voices import BeepVoice
from wyoming_hayakoe.server.http.style_ids import style_id

STYLE = style_id("beep", "Neutral")
PARAMETERS = {"speaker": str(STYLE), "override": "true"}

MORA = {"text": "ア", "consonant": None, "vowel": "a", "vowel_length": 0.1, "pitch": 5.0}
QUERY = {
    "accent_phrases": [{"moras": [MORA], "accent": 1, "pause_mora": None, "is_interrogative": False}],
    "speedScale": 1, "pitchScale": 0, "intonationScale": 1, "volumeScale": 1, "prePhonemeLength": 0.1,
    "postPhonemeLength": 0.1, "outputSamplingRate": 24000, "outputStereo": False,
}  # fmt: skip
PRESET = {**{name: 1 for name in QUERY if name.endswith(("Scale", "Length"))}, "id": 1, "name": "x"}
PRESET |= {"speaker_uuid": "x", "style_id": STYLE}

BODIES = {
    "/api/read": {"text": "はい。", "voice": "beep"},
    "/api/morae": {"reading": "ハイ"},
    "/api/speak": {"voice": "beep", "params": {"speed": 1}, "sentences": [{"text": "はい。"}, {"phrases": []}]},
    "/v1/audio/speech": {"model": "x", "input": "はい。", "voice": "alloy", "response_format": "pcm", "speed": 1},
    "/synthesis": QUERY,
    "/multi_synthesis": [QUERY],
    "/mora_data": QUERY["accent_phrases"],
    "/mora_pitch": QUERY["accent_phrases"],
    "/connect_waves": ["UklGRg=="],
    "/add_preset": PRESET,
    "/update_preset": PRESET,
    "/import_user_dict": {"x": {"surface": "七海", "pronunciation": "ナナミ", "accent_type": 1}},
}

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=6), st.just("\ud800")
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def spoiled(draw, value):
    """Return ``value`` with something else somewhere in it, or something else altogether."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: draw(spoiled(value[name]))}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], draw(spoiled(value[place])), *value[place + 1 :]]
    return draw(VALUES)


@asynccontextmanager
async def serving():
    async with running(local(**HTTP), BeepVoice()) as server, client_of(server) as client:
        yield server, client


@pytest.fixture(scope="module")
def address():
    """The URL of a server that runs beside the test, in a thread of its own."""
    started: Future[str] = Future()
    loop, over = asyncio.new_event_loop(), asyncio.Event()

    async def run():
        async with running(local(**HTTP), BeepVoice()) as server:
            started.set_result(url_of(server))
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    yield started.result(DEADLINE)
    loop.call_soon_threadsafe(over.set)
    thread.join(DEADLINE)
    loop.close()


@pytest.mark.parametrize("path", BODIES)
def test_no_body_is_an_internal_error(path, address):
    with httpx.Client(base_url=address, timeout=DEADLINE) as client:

        @settings(max_examples=50)
        @given(spoiled(BODIES[path]))
        def check(body):
            content = json.dumps(body).encode("utf-8", "surrogatepass")
            answer = client.post(path, params=PARAMETERS, content=content)
            assert answer.status_code < 500, answer.text
            assert answer.status_code < 400 or "\n" not in answer.text

        check()


@pytest.mark.parametrize(
    "path",
    ["/audio_query", "/accent_phrases", "/user_dict_word", "/initialize_speaker", "/delete_preset", "/validate_kana"],
)
async def test_no_query_string_is_an_internal_error(path):
    names = ("text", "speaker", "surface", "pronunciation", "accent_type", "is_kana", "id", "priority")
    values = ("", "x", "-1", "9" * 500, str(STYLE), "七海", "ナナミ'", "%ff%ed%a0%80", "\x00", "1e999", "true")
    async with serving() as (_, client):
        for value in values:
            for parameters in (dict.fromkeys(names, value), {"speaker": str(STYLE), "text": value}):
                answer = await client.post(path, params=parameters)
                assert answer.status_code < 500, (parameters, answer.text)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"text": NaN}',
        b'{"text": 1e999}',
        b'{"text": ' + b"9" * 100_000 + b"}",
        b'{"text": "\\ud800"}',
        b"\xff\xfe",
        b"",
        b"[" + b"1," * 500_000 + b"1]",
        b"," * 60_000 + b'"' + b'\\"' * 100_000,
    ],
    ids=[
        "deep lists",
        "deep objects",
        "NaN",
        "1e999",
        "digits",
        "surrogate",
        "no UTF-8",
        "nothing",
        "many values",
        "escapes",
    ],
)
async def test_odd_json_is_refused(body):
    async with serving() as (_, client):
        for path in ("/api/read", "/synthesis"):
            answer = await client.post(path, params=PARAMETERS, content=body)
            assert answer.status_code in {400, 413, 422} or body == b'{"text": "\\ud800"}'
        assert (await client.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/page/../voice_facts.py",
        "/page/%2e%2e/app.py",
        "/page/..%2fapp.py",
        "/page//etc/passwd",
        "/_resources/../../words.csv",
        "/_resources/%2fetc%2fpasswd",
        "/user_dict_word/..%2f..%2fx",
    ],
)
async def test_no_path_reaches_the_disk(path):
    async with serving() as (server, _):
        for method in ("GET", "DELETE"):
            request = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            answer = await exchanged(server.http.endpoints[0], request.encode())
            assert answer.status in {400, 404, 405, 422}
            assert b"import" not in answer.body


async def test_two_lengths_of_one_body_are_refused():
    async with serving() as (server, _):
        for lengths in ("Content-Length: 4\r\nContent-Length: 40", "Content-Length: 4\r\nTransfer-Encoding: chunked"):
            request = f"POST /api/read HTTP/1.1\r\nHost: localhost\r\n{lengths}\r\n\r\nabcdGET / HTTP/1.1\r\n\r\n"
            answer = await exchanged(server.http.endpoints[0], request.encode())
            # Where no answer could be told from that to a second request, the connection is closed.
            assert answer.status in {400, None}


async def test_what_was_said_is_in_no_log(caplog):
    caplog.set_level(logging.DEBUG)
    said = "ひみつのことば"
    async with serving() as (_, client):
        await client.post("/audio_query", params={"text": said, "speaker": STYLE})
        await client.post("/audio_query", params={"text": said})
        await client.post("/api/read", json={"text": said, "voice": "nobody"})
        await client.post("/api/speak", json={"sentences": [{"text": said}]})
        await client.post("/v1/audio/speech", json={"model": said, "input": said, "voice": "alloy"})
        await client.post("/validate_kana", params={"text": said})
        await client.post("/user_dict_word", params={"surface": said, "pronunciation": "漢", "accent_type": 0})
        await client.get(f"/{said}")
    ours = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(("wyoming_hayakoe", "uvicorn", "asyncio"))
    ]
    assert not [line for line in ours if said in line or "%E3%81%B2" in line]
