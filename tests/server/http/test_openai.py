"""OpenAI's interface, by OpenAI's own client."""

import base64
import io
import json
from contextlib import asynccontextmanager

import av
import openai
import pytest
import soundfile

from tests.server.http.exchanges import HTTP, client_of, url_of
from tests.support import FRONT_END, local
from tests.voices import BeepVoice
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.server.catalogue import Catalogue, Preset
from wyoming_hayakoe.server.http import encodings
from wyoming_hayakoe.server.server import Server
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.utterance import SynthesisParams

TEXT = "こんにちは。元気ですか。"


@asynccontextmanager
async def serving(voice=None):
    speakers = [Speaker(voice or OpenJTalkVoice(), FRONT_END), Speaker(BeepVoice(), FRONT_END)]
    server = Server(local(**HTTP), Catalogue(speakers, [Preset("nova", "beep", SynthesisParams())]))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def client(server: Server) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key="none", base_url=f"{url_of(server)}/v1", max_retries=0)


async def spoken(server: Server, **wanted) -> bytes:
    async with client(server) as api:
        answer = await api.audio.speech.create(model="tts-1", **{"input": TEXT, "voice": "alloy"} | wanted)
        return await answer.aread()


def seconds(data: bytes) -> float:
    """Return how long an encoded sound lasts, by the samples that FFmpeg decodes."""
    with av.open(io.BytesIO(data)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


@pytest.mark.parametrize("encoder", ["av", "soundfile"])
async def test_each_format_is_decoded_as_the_same_sound(encoder, monkeypatch, voice):
    monkeypatch.setattr(encodings, "_is_installed", lambda module: module == encoder)
    # libsndfile has no AAC.
    forms = ["mp3", "flac", "opus", *(["aac"] if encoder == "av" else [])]
    async with serving(voice) as server:
        wanted = len(await spoken(server, response_format="pcm")) / 2 / encodings.PCM_RATE
        lasting = {form: seconds(await spoken(server, response_format=form)) for form in forms}
    assert lasting == dict.fromkeys(forms, pytest.approx(wanted, abs=0.15))


async def test_wav_is_as_the_voice_speaks_and_pcm_has_24_khz(voice):
    async with serving(voice) as server:
        wav = await spoken(server, response_format="wav")
        pcm = await spoken(server, response_format="pcm")
    samples, rate = soundfile.read(io.BytesIO(wav))
    assert rate == 48_000
    assert len(pcm) / 2 / 24_000 == pytest.approx(len(samples) / rate, abs=0.01)


async def test_without_an_encoder_a_client_that_names_no_format_gets_wav(monkeypatch):
    monkeypatch.setattr(encodings, "_is_installed", lambda _: False)
    async with serving(BeepVoice()) as server:
        assert (await spoken(server)).startswith(b"RIFF")
        with pytest.raises(openai.UnprocessableEntityError, match="pip install av; wav and pcm always work"):
            await spoken(server, response_format="mp3")


async def test_speed_is_a_rate(voice):
    async with serving(voice) as server:
        plain = await spoken(server, response_format="pcm")
        fast = await spoken(server, response_format="pcm", speed=2.0)
    assert len(fast) == pytest.approx(len(plain) / 2, rel=0.1)


async def test_names_are_those_of_the_server_and_openais_speak_as_the_default():
    async with serving(BeepVoice()) as server:
        default = await spoken(server, response_format="wav")
        assert await spoken(server, response_format="wav", voice={"id": "beep:Happy"}) != b""
        # A preset may have the name of one of OpenAI's voices.
        assert len(await spoken(server, response_format="wav", voice="nova")) == len(default)
        async with client_of(server) as http:
            listed = (await http.get("/v1/audio/voices")).json()["voices"]
        assert [voice["id"] for voice in listed] == ["beep", "beep:Happy", "nova"]
        async with client(server) as api:
            assert "tts-1" in [model.id async for model in api.models.list()]
            assert (await api.models.retrieve("tts-1")).object == "model"
            with pytest.raises(openai.NotFoundError, match="no such model"):
                await api.models.retrieve("gpt-9")


async def test_the_first_bytes_come_before_the_last_are_computed(gated):
    async with serving(gated) as server, client(server) as api:
        wanted = {"model": "tts-1", "voice": "alloy", "response_format": "mp3"}
        async with api.audio.speech.with_streaming_response.create(input=TEXT * 3, **wanted) as answer:
            arriving = answer.iter_bytes(512)
            assert await anext(arriving)
            gated.gate.set()
            assert len([part async for part in arriving]) > 1


async def test_server_sent_events_are_the_same_sound():
    async with serving(BeepVoice()) as server, client_of(server) as http:
        whole = await spoken(server, response_format="wav")
        body = {"model": "tts-1", "input": TEXT, "voice": "alloy", "response_format": "wav", "stream_format": "sse"}
        answer = await http.post("/v1/audio/speech", json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [json.loads(event.removeprefix("data: ")) for event in answer.text.split("\n\n") if event]
    assert [event["type"] for event in events[:-1]] == ["speech.audio.delta"] * (len(events) - 1)
    assert events[-1]["type"] == "speech.audio.done"
    assert len(b"".join(base64.b64decode(event["audio"]) for event in events[:-1])) == len(whole)


@pytest.mark.parametrize(
    ("changes", "error", "line", "param"),
    [
        ({"voice": "nobody"}, openai.NotFoundError, "no voice 'nobody'", None),
        ({"speed": 9.0}, openai.UnprocessableEntityError, "speed: is not between 0.25 and 4", "speed"),
        ({"response_format": "midi"}, openai.UnprocessableEntityError, "is none of wav, pcm", "response_format"),
        ({"input": "あ" * 50_001}, openai.APIStatusError, "at most 50000 characters", None),
    ],
)
async def test_errors_are_in_openais_form(changes, error, line, param):
    async with serving(BeepVoice()) as server:
        with pytest.raises(error, match=line) as caught:
            await spoken(server, **changes)
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"
