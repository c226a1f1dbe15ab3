"""The Wyoming contract between a client and the server, through real sockets."""

import asyncio
import re
import threading
import time

import pytest
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.info import Describe, Info, SelectProgram
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeTextFormat,
    SynthesizeVoice,
)

from tests.support import ARTICLE, DEADLINE, FRONT_END, Program, connected, local, receive, running, speak
from tests.voices import BeepVoice
from wyoming_hayakoe.server.catalogue import Preset
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import WINDOWS

SPOKEN = ["audio-start", "audio-chunk", "audio-stop"]
SILENT = ["audio-start", "audio-stop"]
SLOW = Preset("slow", "mei", SynthesisParams(speed=1.5, pitch_scale=0.9), "Mei, slower and lower")


async def test_describe_tells_home_assistant_all_it_needs(voice):
    async with running(voice=voice, presets=[SLOW]) as server, connected(server) as client:
        await client.write_event(Describe().event())
        event = await client.read_event()
    info = Info.from_event(event)
    (program,) = info.tts
    assert (program.name, program.installed, program.supports_synthesize_streaming) == ("hayakoe", True, True)
    assert program.attribution.name
    assert program.attribution.url
    assert [voice.name for voice in program.voices] == ["mei", "slow"]
    for listed in program.voices:
        assert listed.languages == ["ja"]
        assert listed.installed
        assert "CC BY 3.0" in listed.attribution.name
        assert [speaker.name for speaker in listed.speakers] == ["normal"]
    assert program.voices[1].description == "Mei, slower and lower"


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ([], "hayakoe"),
        (["--zeroconf"], "hayakoe"),
        (["--name", "kitchen"], "hayakoe-kitchen"),
        (["--zeroconf", "居間"], "hayakoe-居間"),
        (["--zeroconf", "bath", "--name", "kitchen"], "hayakoe-bath"),
    ],
)
async def test_home_assistant_shows_each_named_server_under_its_name(arguments, name):
    with Program.listening("--uri", "tcp://127.0.0.1:{port}", *arguments) as server:
        async with AsyncClient.from_uri(server.uri, read_timeout=DEADLINE) as client:
            await client.write_event(Describe().event())
            info = Info.from_event(await client.read_event())
    assert [program.name for program in info.tts] == [name]


async def test_without_streaming_it_is_not_advertised(voice):
    async with running(local(streaming=False), voice) as server, connected(server) as client:
        await client.write_event(Describe().event())
        info = Info.from_event(await client.read_event())
    assert info.tts[0].supports_synthesize_streaming is False


async def test_a_text_is_spoken(voice):
    async with running(voice=voice) as server:
        answer = await speak(server, "こんにちは。")
    assert answer.kinds == SPOKEN
    assert 0.9 < answer.seconds < 1.4
    start = answer.events[0]
    for event in [start, *[e for e in answer.events if e.type == "audio-chunk"]]:
        assert (event.data["rate"], event.data["width"], event.data["channels"]) == (48000, 2, 1)
    assert max(len(chunk.audio) for chunk in answer.chunks) == 2048


async def test_rate_and_chunk_size_are_as_configured(voice):
    async with running(local(rate=16000, samples_per_chunk=400), voice) as server:
        answer = await speak(server, "こんにちは。")
        native = await speak(server, "こんにちは。")
    assert {event.data["rate"] for event in answer.events if event.type != "audio-stop"} == {16000}
    assert max(len(chunk.audio) for chunk in answer.chunks) == 800
    assert answer.seconds == pytest.approx(native.seconds, abs=0.001)


@pytest.mark.parametrize("text", ["", "  \n ", "。", "😀", "**", "\u200b", "---\n```\n"])
async def test_blank_text_is_answered_without_chunks(voice, text):
    async with running(voice=voice) as server:
        answer = await speak(server, text)
    assert answer.kinds == SILENT


async def test_presets_change_the_speech_as_configured(voice):
    async with running(voice=voice, presets=[SLOW]) as server:
        normal = await speak(server, ARTICLE)
        slow = await speak(server, ARTICLE, voice=SynthesizeVoice(name="slow"))
    assert slow.seconds == pytest.approx(normal.seconds * 1.5, rel=0.03)


SURROUNDED = SynthesisParams(seed=4, volume=2.0, sentence_silence=0.3, lead_silence=0.5)


async def test_silences_and_volume_are_those_of_the_library_however_the_text_comes():
    text = "はい。ええ。うん。"
    expected = Speaker(BeepVoice(), FRONT_END, SURROUNDED).generate(text).pcm_bytes()
    assert expected.startswith(b"\0" * 1000)
    async with running(voice=BeepVoice(), presets=[Preset("so", "beep", SURROUNDED)]) as server:
        assert (await speak(server, text, voice=SynthesizeVoice(name="so"))).pcm == expected
        async with connected(server) as client:
            await client.write_event(SynthesizeStart(voice=SynthesizeVoice(name="so")).event())
            for character in text:
                await client.write_event(SynthesizeChunk(character).event())
            await client.write_event(SynthesizeStop().event())
            assert (await receive(client, until="synthesize-stopped")).pcm == expected
        assert (await speak(server, "。☆", voice=SynthesizeVoice(name="so"))).kinds == SILENT


async def test_the_silence_before_an_answer_arrives_before_its_first_window_is_computed(caplog):
    entered, computed = threading.Event(), threading.Event()

    class Waiting(BeepVoice):
        def speak(self, utterance, params, delivery=WINDOWS):
            entered.set()
            assert computed.wait(DEADLINE)
            return super().speak(utterance, params, delivery)

    caplog.set_level("INFO")
    presets = [Preset("so", "beep", SURROUNDED)]
    async with running(voice=Waiting(), presets=presets) as server, connected(server) as client:
        await client.write_event(Synthesize("はい。", voice=SynthesizeVoice(name="so")).event())
        first = await receive(client, until="audio-chunk")
        await asyncio.to_thread(entered.wait, DEADLINE)
        # The first window that has to be computed is as urgent as it is without a silence before it.
        assert server._context.lane.demand().first == 1
        assert first.pcm == b"\0" * 1000
        await asyncio.sleep(0.05)
        computed.set()
        assert (await receive(client, until="audio-stop")).seconds > 0
    said = next(record.getMessage() for record in caplog.records if "first audio" in record.getMessage())
    # What is logged is when speech left.
    assert int(re.search(r"first audio (\d+) ms", said)[1]) >= 50


@pytest.mark.parametrize(
    "voice_data",
    [
        None,
        {},
        {"name": "mei"},
        {"name": "mei", "speaker": "normal"},
        {"language": "ja"},
        {"language": "ja-JP"},
        {"speaker": "normal"},
    ],
)
async def test_a_voice_is_found_by_any_of_its_names(voice, voice_data):
    async with running(voice=voice) as server, connected(server) as client:
        await client.write_event(Event("synthesize", {"text": "はい。", "voice": voice_data}))
        assert (await receive(client, until="audio-stop")).kinds == SPOKEN


async def test_requests_on_one_connection_are_answered_in_order(voice):
    texts = [ARTICLE, "はい。", "", "こんにちは。"]
    async with running(voice=voice) as server:
        alone = [(await speak(server, text)).pcm for text in texts]
        async with connected(server) as client:
            for text in texts:
                await client.write_event(Synthesize(text).event())
            answers = [await receive(client, until="audio-stop") for _ in texts]
    assert [answer.pcm for answer in answers] == alone


async def test_many_requests_may_wait_on_one_connection(voice):
    async with running(voice=voice) as server, connected(server) as client:
        for _ in range(100):
            await client.write_event(Synthesize("").event())
        for _ in range(100):
            assert (await receive(client, until="audio-stop")).kinds == SILENT


async def test_ping_and_describe_are_answered_while_it_speaks(voice):
    async with running(voice=voice) as server, connected(server) as client:
        await client.write_event(Synthesize(ARTICLE * 5).event())
        assert (await client.read_event()).type == "audio-start"
        await client.write_event(Ping("あ").event())
        await client.write_event(Describe().event())
        before = await receive(client, until="info")
        after = await receive(client, until="audio-stop")
    (pong,) = [Pong.from_event(event) for event in before.events if event.type == "pong"]
    assert pong.text == "あ"
    assert "audio-chunk" in after.kinds


async def test_select_program_and_unknown_events_change_nothing(voice):
    async with running(voice=voice) as server, connected(server) as client:
        await client.write_event(SelectProgram("hayakoe").event())
        await client.write_event(Event("transcribe", {"name": "whisper"}))
        await client.write_event(Event("audio-chunk", {"rate": 16000}, payload=b"\0" * 100_000))
        await client.write_event(Synthesize("はい。").event())
        assert (await receive(client, until="audio-stop")).kinds == SPOKEN


async def test_ssml_is_spoken_without_its_tags(voice):
    ssml = "<speak>今日は&amp;<s>晴れ</s><unknown/></speak>"
    async with running(voice=voice) as server:
        tagged = await speak(server, ssml, text_format=SynthesizeTextFormat.SSML)
        plain = await speak(server, "今日は&\n晴れ")
    assert tagged.pcm == plain.pcm


async def test_the_tags_of_ssml_have_an_effect(voice):
    async with running(voice=voice) as server:

        async def seconds(ssml):
            answer = await speak(server, ssml, text_format=SynthesizeTextFormat.SSML)
            return len(answer.pcm) / 2 / voice.sample_rate

        plain = await seconds("今日は晴れ。")
        assert await seconds("<prosody rate='50%'>今日は晴れ。</prosody>") > 1.5 * plain
        assert await seconds("今日は晴れ。<break time='2s'/>") > plain + 1.5
        assert await seconds("<sub alias='今日は晴れ。今日は晴れ。'>H</sub>") > 1.5 * plain
        assert await seconds("<voice name='nobody'>今日は晴れ。</voice>") == pytest.approx(plain, abs=0.2)


class TestTextStream:
    async def start(self, client, *chunks, **arguments):
        await client.write_event(SynthesizeStart(**arguments).event())
        for chunk in chunks:
            await client.write_event(SynthesizeChunk(chunk).event())

    async def test_it_is_one_answer_as_home_assistant_sends_it(self, voice):
        async with running(voice=voice) as server:
            whole = await speak(server, ARTICLE)
            async with connected(server) as client:
                await self.start(client, *ARTICLE, voice=SynthesizeVoice(name="mei"))
                await client.write_event(Synthesize(ARTICLE).event())
                await client.write_event(SynthesizeStop().event())
                answer = await receive(client, until="synthesize-stopped")
        assert answer.kinds == [*SPOKEN, "synthesize-stopped"]
        assert answer.pcm == whole.pcm

    async def test_its_sentences_rest_as_those_of_a_whole_text_and_no_answer_rests_after_another(self):
        text = "はい。ええ、\n。うん！"
        beeping = SynthesisParams(seed=4)
        expected = Speaker(BeepVoice(), FRONT_END, beeping).generate(text).pcm_bytes()
        async with running(voice=BeepVoice(), presets=[Preset("seeded", "beep", beeping)]) as server:
            async with connected(server) as client:
                for _ in range(2):
                    await self.start(client, *text, voice=SynthesizeVoice(name="seeded"))
                    await client.write_event(SynthesizeStop().event())
                    assert (await receive(client, until="synthesize-stopped")).pcm == expected
            assert (await speak(server, text, voice=SynthesizeVoice(name="seeded"))).pcm == expected

    async def test_a_sentence_is_spoken_before_the_rest_is_sent(self, voice):
        async with running(voice=voice) as server, connected(server) as client:
            await self.start(client, "こんにちは。今日は")
            assert (await receive(client, until="audio-chunk")).kinds == SPOKEN[:2]
            await client.write_event(SynthesizeChunk("晴れです。").event())
            await client.write_event(SynthesizeStop().event())
            assert (await receive(client, until="synthesize-stopped")).kinds[-2:] == [
                "audio-stop",
                "synthesize-stopped",
            ]

    async def test_a_complete_sentence_does_not_wait_for_ever_for_another_mark(self, voice):
        async with running(voice=voice) as server, connected(server) as client:
            await self.start(client, "こんにちは。")
            assert (await receive(client, until="audio-chunk")).kinds == SPOKEN[:2]

    @pytest.mark.parametrize("chunks", [[], [""], [" ", "\n"], ["😀"]])
    async def test_blank_streams_are_answered_without_chunks(self, voice, chunks):
        async with running(voice=voice) as server, connected(server) as client:
            await self.start(client, *chunks)
            await client.write_event(SynthesizeStop().event())
            assert (await receive(client, until="synthesize-stopped")).kinds == [*SILENT, "synthesize-stopped"]

    async def test_streams_and_texts_follow_each_other(self, voice):
        async with running(voice=voice) as server, connected(server) as client:
            for _ in range(2):
                await self.start(client, "はい。")
                await client.write_event(SynthesizeStop().event())
                await client.write_event(Synthesize("いいえ。").event())
            for _ in range(2):
                assert (await receive(client, until="synthesize-stopped")).kinds == [*SPOKEN, "synthesize-stopped"]
                assert (await receive(client, until="audio-stop")).kinds == SPOKEN

    async def test_ssml_tags_may_be_cut_anywhere(self, voice):
        async with running(voice=voice) as server, connected(server) as client:
            await self.start(client, *'<speak a="?">はい。</speak>', text_format=SynthesizeTextFormat.SSML)
            await client.write_event(SynthesizeStop().event())
            streamed = await receive(client, until="synthesize-stopped")
            await client.write_event(Synthesize("はい。").event())
            assert (await receive(client, until="audio-stop")).pcm == streamed.pcm


async def test_the_answer_is_the_same_at_every_socket(voice, tmp_path):
    path = tmp_path / "a socket.sock"
    settings = local(uris=("tcp://127.0.0.1:0", f"unix://{path}", "tcp://127.0.0.1:0"))
    async with running(settings, voice) as server:
        assert len(server.endpoints) == 2
        answers = []
        for uri in (*(f"tcp://{host}:{port}" for host, port in server.endpoints), f"unix://{path}"):
            async with AsyncClient.from_uri(uri) as client:
                await client.write_event(Synthesize("はい。").event())
                answers.append((await receive(client, until="audio-stop")).pcm)
        assert answers[0] == answers[1] == answers[2] != b""
    assert not path.exists()


async def test_describe_stays_quick_while_eight_clients_are_answered(voice):
    async with running(voice=voice) as server:
        talkers = [asyncio.create_task(speak(server, ARTICLE * 4)) for _ in range(8)]
        times = []
        while not all(talker.done() for talker in talkers) and len(times) < 100:
            started = time.monotonic()
            async with connected(server) as client:
                await client.write_event(Describe().event())
                assert (await client.read_event()).type == "info"
            times.append(time.monotonic() - started)
        for talker in talkers:
            talker.cancel()
        await asyncio.gather(*talkers, return_exceptions=True)
    # The bound of 100 ms is measured by script/bench; here only that nobody waits for an article.
    assert sorted(times)[len(times) // 2] < 1.0
