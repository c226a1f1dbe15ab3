"""What Home Assistant does when it answers through a satellite: has a server speak, and hands that on.

Prints how many seconds that were. It is run by itself, in the network of a machine that has both.
"""

import asyncio
import time

from wyoming.audio import AudioChunk
from wyoming.client import AsyncClient
from wyoming.info import Describe, Info
from wyoming.satellite import RunSatellite
from wyoming.tts import Synthesize, SynthesizeVoice

SERVER, SATELLITE = "tcp://127.0.0.1:10200", "tcp://127.0.0.1:10700"
TEXT = "照明をつけました。おやすみなさい。"
DEADLINE = 30.0


async def describe(uri: str) -> Info:
    """Ask until somebody answers: a unit is active before its program listens."""
    end = time.monotonic() + DEADLINE
    while True:
        try:
            async with AsyncClient.from_uri(uri) as client:
                await client.write_event(Describe().event())
                while (event := await client.read_event()) is not None:
                    if Info.is_type(event.type):
                        return Info.from_event(event)
        except OSError:
            pass
        assert time.monotonic() < end, uri
        await asyncio.sleep(0.1)


async def answer() -> float:
    voices = (await describe(SERVER)).tts[0].voices
    assert (await describe(SATELLITE)).satellite is not None
    seconds = 0.0
    async with AsyncClient.from_uri(SATELLITE) as satellite, AsyncClient.from_uri(SERVER) as server:
        await satellite.write_event(RunSatellite().event())
        await satellite.write_event(Synthesize(TEXT).event())
        await server.write_event(Synthesize(TEXT, SynthesizeVoice(voices[0].name)).event())
        while (event := await server.read_event()) is not None:
            await satellite.write_event(event)
            if AudioChunk.is_type(event.type):
                seconds += AudioChunk.from_event(event).seconds
            if event.type == "audio-stop":
                break
    return seconds


print(asyncio.run(answer()))
