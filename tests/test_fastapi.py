"""A web application over one TTS: the README's, served by uvicorn on a real socket."""

import gc
import http.client
import io
import threading
import urllib.parse
import wave
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from socket import create_server

import pytest
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

from tests.support import ARTICLE, DEADLINE, eventually
from wyoming_hayakoe import TTS, Speaker
from wyoming_hayakoe.audio import wav_header

HEADER = 44
TALK = "今日はいい天気です、明日も晴れます。そうですか？"
TEXTS = ["こんにちは。", TALK, "はい。"]
STREAMING = ["/stream", "/astream"]
KINDS = ["/speak", "/aspeak", *STREAMING]


def application(speaker: Speaker) -> FastAPI:
    """Return the application that the README shows."""
    app = FastAPI()

    @app.get("/speak")
    def speak(text: str) -> Response:
        return Response(speaker.generate(text).to_bytes(), media_type="audio/wav")

    @app.get("/aspeak")
    async def aspeak(text: str) -> Response:
        audio = await speaker.agenerate(text)
        return Response(audio.to_bytes(), media_type="audio/wav")

    @app.get("/stream")
    def stream(text: str) -> StreamingResponse:
        return StreamingResponse(speaker.stream_wav(text), media_type="audio/wav")

    @app.get("/astream")
    async def astream(text: str) -> StreamingResponse:
        return StreamingResponse(speaker.astream_wav(text), media_type="audio/wav")

    return app


@contextmanager
def serving(speakers):
    """Serve every voice below its name, in a thread of this process; yield the port."""
    app = FastAPI()
    for name, speaker in speakers.items():
        app.mount(f"/{name}", application(speaker))
    listener = create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, ws="none", lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(DEADLINE)
        listener.close()
        assert not thread.is_alive()


@pytest.fixture
def speakers(tmp_path, gated):
    """Two voices: the second waits for its gate."""
    tts = TTS(cache_dir=tmp_path).load("mei").prepare()
    return {**tts.speakers, "gated": Speaker(gated, tts.front_end)}


@contextmanager
def requested(port, path, text):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
        connection.request("GET", f"{path}?text={urllib.parse.quote(text)}")
        yield connection.getresponse()


def fetched(port, path, text):
    with requested(port, path, text) as response:
        assert response.status == 200
        assert response.getheader("content-type") == "audio/wav"
        return response.read()


def samples(wav):
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (48_000, 2, 1)
        return file.readframes(10_000_000)


def test_many_clients_of_every_kind_at_once_get_what_they_asked_for(speakers):
    expected = {text: speakers["mei"].generate(text).pcm_bytes() for text in TEXTS}
    requests = [("/mei" + kind, text) for text in TEXTS for kind in KINDS] * 2
    with serving(speakers) as port, ThreadPoolExecutor(len(requests)) as clients:
        answers = [clients.submit(fetched, port, *request) for request in requests]
        for (_, text), answer in zip(requests, answers, strict=True):
            assert samples(answer.result()) == expected[text]


@pytest.mark.parametrize("kind", STREAMING)
def test_the_first_sound_arrives_before_the_second_is_computed(speakers, gated, kind):
    with serving(speakers) as port, requested(port, "/gated" + kind, TALK) as response:
        assert response.read(HEADER) == wav_header(48_000)
        first = response.read(48_000)
        assert gated.windows == 1
        gated.gate.set()
        assert first + response.read() == speakers["mei"].generate(TALK).pcm_bytes()
        assert gated.windows > 2


@pytest.mark.parametrize("kind", STREAMING)
async def test_a_client_that_leaves_while_a_window_is_computed_frees_everything(speakers, gated, kind):
    def is_closed():
        if kind == "/stream":
            gc.collect()  # Starlette leaves a generator that is not async to the collector
        return gated.closed.is_set()

    with serving(speakers) as port:
        with requested(port, "/gated" + kind, ARTICLE * 50) as response:
            assert response.read(HEADER + 1000)
            assert gated.waiting.wait(DEADLINE)
            response.close()
        gated.gate.set()
        await eventually(is_closed, "its windows are closed")
        assert gated.windows < 50
        assert len(fetched(port, "/gated" + kind, "はい。")) > HEADER


@pytest.mark.parametrize("kind", KINDS)
def test_others_are_served_while_a_window_is_computed(speakers, gated, kind):
    with serving(speakers) as port, ThreadPoolExecutor(1) as client:
        waiting = client.submit(fetched, port, "/gated" + kind, TALK)
        assert gated.waiting.wait(DEADLINE)
        for another in KINDS:
            assert len(fetched(port, "/mei" + another, "はい。")) > HEADER
        assert not waiting.done()
        gated.gate.set()
        assert samples(waiting.result()) == speakers["mei"].generate(TALK).pcm_bytes()
