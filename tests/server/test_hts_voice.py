"""HTS voices and a Piper voice over the wire, as Home Assistant asks for them, beside a damaged file."""

import asyncio
import shutil
import time
from pathlib import Path

from wyoming.client import AsyncClient
from wyoming.info import Describe, Info, TtsVoice
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeVoice

from tests.hts_voices import louder, mei, tiny, with_header
from tests.support import DEADLINE, program, receive

PIPER = Path(__file__).parents[1] / "data" / "piper" / "piper-plus"


async def asked(uri, events, until):
    async with AsyncClient.from_uri(uri, read_timeout=DEADLINE) as client:
        for event in events:
            await client.write_event(event.event())
        return await receive(client, until=until)


def streamed(text, voice):
    """As Home Assistant sends a text: in pieces, with the whole text between them for older servers."""
    pieces = [SynthesizeChunk(piece) for piece in (text[:4], text[4:])]
    return [SynthesizeStart(voice=voice), *pieces, Synthesize(text, voice=voice), SynthesizeStop()]


async def voices(uri):
    return Info.from_event((await asked(uri, [Describe()], "info")).events[-1]).tts[0].voices


async def check(server):
    listed: dict[str, TtsVoice] = {}
    async with asyncio.timeout(DEADLINE):
        # Files are tried in processes of low priority.
        while not {"f01", "anna"} <= set(listed):
            await asyncio.sleep(0.05)
            listed = {voice.name: voice for voice in await voices(server.uri)}
    assert [style.name for style in listed["f01"].speakers] == ["neutral", "happy"]
    assert "f01:happy" in listed
    assert "cut" not in listed
    for voice, rate in (
        (SynthesizeVoice(name="f01", speaker="happy"), 24_000),
        (SynthesizeVoice(name="anna"), 22_050),
    ):
        answer = await asked(server.uri, streamed("はい、わかりました。", voice), "synthesize-stopped")
        assert answer.kinds == ["audio-start", "audio-chunk", "audio-stop", "synthesize-stopped"]
        assert answer.chunks[0].rate == rate
        assert answer.seconds > 0.3
    # What a damaged file is asked for goes to the default voice or is an error; the server lives.
    assert (await asked(server.uri, [Synthesize("はい。")], "audio-stop")).kinds[-1] == "audio-stop"


def test_they_are_served_beside_a_damaged_file(tmp_path):
    folder = tmp_path / "voices"
    shutil.copytree(PIPER, folder / "anna")
    for style, decibels in (("neutral", 0), ("happy", 6)):
        data = with_header(louder(mei(), decibels), SAMPLING_FREQUENCY=24_000, FRAME_PERIOD=120)
        (folder / f"f01-{style}.htsvoice").write_bytes(data)
    (folder / "cut.htsvoice").write_bytes(tiny()[:-500])
    environment = {"HAYAKOE_DATA_DIR": str(tmp_path), "HAYAKOE_VOICE": ""}
    with program("--no-compile", "--voice", "mei", **environment) as server:
        asyncio.run(check(server))
        end = time.monotonic() + DEADLINE
        while not any("cut.htsvoice: is no .htsvoice file that can be used" in line for line in server.log):
            assert time.monotonic() < end, server.log
            time.sleep(0.02)
        assert "Traceback" not in "".join(server.log)
