"""Neural voices over the wire, and beside voices that cannot speak."""

import shutil

from wyoming.tts import SynthesizeVoice

from tests.support import FRONT_END, TINY_REPO, connected, local, speak
from wyoming_hayakoe import TTS
from wyoming_hayakoe.server.catalogue import Catalogue
from wyoming_hayakoe.server.server import Server
from wyoming_hayakoe.speaker import Speaker


async def serving(tts):
    server = Server(local(), Catalogue(list(tts.speakers.values())))
    await server.start()
    return server


async def test_it_is_served_with_its_styles(tmp_path):
    server = await serving(TTS(cache_dir=tmp_path, precision="fp32").load("rand-jp", TINY_REPO.as_uri()).load("mei"))
    try:
        async with connected(server) as client:
            from wyoming.info import Describe, Info

            await client.write_event(Describe().event())
            program = Info.from_event(await client.read_event()).tts[0]
        assert [voice.name for voice in program.voices] == ["rand-jp", "rand-jp:Happy", "rand-jp:Sad", "mei"]
        assert [style.name for style in program.voices[0].speakers] == ["Neutral", "Happy", "Sad"]
        for voice in (None, SynthesizeVoice(name="rand-jp", speaker="Sad"), SynthesizeVoice(name="rand-jp:Happy")):
            answer = await speak(server, "おはようございます。元気ですか？", voice=voice)
            assert answer.kinds == ["audio-start", "audio-chunk", "audio-stop"]
            assert answer.chunks[0].rate == 44100
            assert 1 < answer.seconds < 20
    finally:
        await server.stop()


async def test_a_voice_that_cannot_be_loaded_is_an_error_and_the_others_speak(tmp_path):
    repository = shutil.copytree(TINY_REPO, tmp_path / "repository")
    model = repository / "onnx" / "speakers" / "rand-jp" / "synthesizer.onnx"
    model.write_bytes(model.read_bytes()[:100_000])
    server = await serving(TTS(cache_dir=tmp_path, precision="fp32").load("rand-jp", str(repository)).load("mei"))
    try:
        for _ in range(2):
            answer = await speak(server, "はい。")
            assert answer.kinds == ["error"]
            assert "synthesizer.onnx" in answer.events[0].data["text"]
            assert (await speak(server, "はい。", voice=SynthesizeVoice(name="mei"))).seconds > 0
    finally:
        await server.stop()


async def test_a_voice_is_loaded_at_its_first_request_unless_all_are_at_start(tmp_path):
    for preload in (False, True):
        tts = TTS(cache_dir=tmp_path, precision="fp32").load("mei").load("rand-jp", TINY_REPO.as_uri())
        speakers = [Speaker(each.voice, FRONT_END) for each in tts.speakers.values()]
        server = Server(local(preload=preload), Catalogue(speakers))
        await server.start()
        try:
            assert speakers[1].voice.is_ready is preload
            assert (await speak(server, "はい。", voice=SynthesizeVoice(name="rand-jp"))).seconds > 0
            assert speakers[1].voice.is_ready
        finally:
            await server.stop()
