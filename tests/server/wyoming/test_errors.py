"""Every way to do wrong gets an error with a code, then the end of that connection; nobody else notices."""

import asyncio
import json

import pytest
from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart

from tests.support import connected, eventually, local, receive, running, speak, writer_of
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.server.settings import TEXT_LIMIT

BIG = 64 * 1024


def line(**header):
    return json.dumps(header).encode() + b"\n"


RAW = {
    "not JSON": b"hello\n",
    "not UTF-8": b"\xff\xfe\n",
    "an array": b"[]\n",
    "no type": b"{}\n",
    "type is a number": line(type=1),
    "type is null": line(type=None),
    "data is a list": line(type="synthesize", data=[1]),
    "data_length is negative": line(type="describe", data_length=-1),
    "data_length is a fraction": line(type="describe", data_length=1.5),
    "data_length is true": line(type="describe", data_length=True),
    "data_length is a text": line(type="describe", data_length="1"),
    "data_length is huge": line(type="describe", data_length=1 << 40),
    "data is not JSON": line(type="describe", data_length=3) + b"abc",
    "data is not an object": line(type="describe", data_length=2) + b"[]",
    "data nests too deep": line(type="describe", data_length=500_000) + b'{"a":' * 100_000,
    "header nests too deep": b'{"type":"describe","data":' + b"[" * 30_000 + b"\n",
    "payload_length is a text": line(type="describe", payload_length="x"),
    "header is too long": b'{"type":"describe","data":{"a":"' + b"x" * 2 * BIG + b'"}}\n',
    "header never ends": b"x" * 4 * BIG,
    "text is missing": line(type="synthesize", data={}),
    "text is a number": line(type="synthesize", data={"text": 5}),
    "text is null": line(type="synthesize", data={"text": None}),
    "voice is a text": line(type="synthesize", data={"text": "", "voice": "mei"}),
    "voice is false": line(type="synthesize", data={"text": "", "voice": False}),
    "data is an empty list": line(type="describe", data=[]),
    "text_format is empty": line(type="synthesize", data={"text": "", "text_format": ""}),
    "voice name is a list": line(type="synthesize", data={"text": "", "voice": {"name": ["mei"]}}),
    "text_format is unknown": line(type="synthesize", data={"text": "", "text_format": "html"}),
    "text_format is a list": line(type="synthesize", data={"text": "", "text_format": ["ssml"]}),
    "ping text is a number": line(type="ping", data={"text": 5}),
    "select-program without a name": line(type="select-program"),
    "chunk without a start": line(type="synthesize-chunk", data={"text": "あ"}),
    "stop without a start": line(type="synthesize-stop"),
    "start within a stream": line(type="synthesize-start") * 2,
    "chunk's text is a number": line(type="synthesize-start") + line(type="synthesize-chunk", data={"text": 5}),
}


async def send(server, data):
    """Send bytes and return the last event before the server closes."""
    async with connected(server) as client:
        assert writer_of(client) is not None
        writer_of(client).write(data)
        return (await receive(client, until="never")).events[-1]


@pytest.mark.parametrize("data", RAW.values(), ids=RAW.keys())
async def test_a_bad_event_is_named_and_ends_that_connection_only(voice, data):
    async with running(voice=voice) as server, connected(server) as other:
        error = await send(server, data)
        assert (error.type, error.data["code"]) == ("error", "bad-event")
        assert "\n" not in error.data["text"]
        await other.write_event(Synthesize("はい。").event())
        assert (await receive(other, until="audio-stop")).seconds > 0


@pytest.mark.parametrize(
    ("voice_data", "code", "named"),
    [
        ({"name": "tsukuyomi"}, "unknown-voice", "mei"),
        ({"name": ""}, "unknown-voice", "mei"),
        ({"name": "\ud800"}, "unknown-voice", "mei"),
        ({"name": "mei", "speaker": "angry"}, "unknown-style", "normal"),
        ({"language": "en"}, "unknown-voice", "ja"),
    ],
)
async def test_the_error_of_an_unknown_voice_or_style_lists_what_exists(voice, voice_data, code, named):
    async with running(voice=voice) as server:
        for kind in ("synthesize", "synthesize-start"):
            error = await send(server, line(type=kind, data={"text": "あ", "voice": voice_data}))
            assert error.data["code"] == code
            assert error.data["text"].endswith(named)


async def test_a_text_of_just_the_limit_is_taken_and_one_more_is_not(voice):
    async with running(voice=voice) as server:
        assert (await speak(server, " " * TEXT_LIMIT)).kinds == ["audio-start", "audio-stop"]
        async with connected(server) as client:
            await client.write_event(Synthesize(" " * (TEXT_LIMIT + 1)).event())
            answer = await receive(client, until="never")
    assert answer.kinds == ["error"]
    assert answer.events[0].data["code"] == "text-too-long"
    assert str(TEXT_LIMIT) in answer.events[0].data["text"]


async def test_a_stream_past_the_limit_gets_an_error(voice):
    async with running(voice=voice) as server, connected(server) as client:
        await client.write_event(SynthesizeStart().event())
        for _ in range(6):
            await client.write_event(SynthesizeChunk(" " * 9000).event())
        answer = await receive(client, until="never")
    assert answer.kinds == ["audio-start", "error"]
    assert answer.events[-1].data["code"] == "text-too-long"


async def test_a_stream_past_the_limit_is_not_spoken_to_its_end_first(voice):
    async with running(voice=voice) as server, connected(server) as client:
        await client.write_event(SynthesizeStart().event())
        for _ in range(6):
            # Less than the text that may wait on a connection: beyond that, the server reads on as it speaks.
            await client.write_event(SynthesizeChunk("It is sunny! " * 700).event())
        answer = await receive(client, until="never")
    assert answer.events[-1].data["code"] == "text-too-long"
    assert answer.seconds < 60


async def test_what_was_asked_before_the_error_is_answered_first(voice):
    async with running(voice=voice) as server, connected(server) as client:
        await client.write_event(Synthesize("こんにちは。").event())
        await client.write_event(Event("synthesize", {"text": 5}))
        await client.write_event(Synthesize("はい。").event())
        answer = await receive(client, until="never")
    assert answer.kinds == ["audio-start", "audio-chunk", "audio-stop", "error"]


class BrokenVoice(OpenJTalkVoice):
    """Fails in the middle, as a damaged model may."""

    def _windows(self, utterance, params):
        yield from super()._windows(utterance, params)
        if "準備" not in utterance.text:
            raise FloatingPointError("secret detail")


async def test_a_voice_that_fails_is_an_error_for_its_client_only():
    async with running(voice=BrokenVoice()) as server:
        for _ in range(2):
            answer = await speak(server, "はい。")
            assert answer.kinds == ["audio-start", "audio-chunk", "error"]
            assert answer.events[-1].data["code"] == "synthesis-failed"
            assert "secret" not in answer.events[-1].data["text"]


async def test_the_error_arrives_though_the_client_goes_on_sending(voice):
    async with running(voice=voice) as server, connected(server) as client:
        writer_of(client).write(b"bad\n")
        sending = asyncio.create_task(flood(writer_of(client)))
        assert (await client.read_event()).type == "error"
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer_of(client).transport.abort()


async def flood(writer):
    while True:
        writer.write(b'{"type":"ping"}\n' * 1000)
        await writer.drain()


async def test_one_client_too_many_gets_an_error(gated):
    async with running(local(max_clients=2), gated) as server:
        async with connected(server) as first, connected(server) as second:
            for client in (first, second):
                await client.write_event(Synthesize("はい。").event())
                assert (await client.read_event()).type == "audio-start"
            async with connected(server) as third:
                answer = await receive(third, until="never")
        gated.gate.set()
        assert answer.events[0].data["code"] == "too-many-clients"
        await eventually(lambda: not server.connections, "the places are free again")
        assert (await speak(server, "はい。")).seconds > 0
