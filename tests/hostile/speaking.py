"""A client that asks a server what it has and lets it speak, and what that costs the server."""

from pathlib import Path

from wyoming.client import AsyncClient
from wyoming.info import Describe
from wyoming.tts import Synthesize, SynthesizeVoice

from tests.support import receive


def peak_megabytes(pid):
    status = Path("/proc", str(pid), "status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) >> 10


async def info(uri):
    async with AsyncClient.from_uri(uri) as client:
        await client.write_event(Describe().event())
        return (await receive(client, until="info")).events[-1].data


async def said(uri, name):
    async with AsyncClient.from_uri(uri) as client:
        await client.write_event(Synthesize("はい。", voice=SynthesizeVoice(name=name)).event())
        return (await receive(client, until="audio-stop")).kinds
