import io
import json
import wave
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import pytest

from tests.server.http.exchanges import HTTP, client_of
from tests.support import local
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.server.catalogue import Catalogue, Preset
from wyoming_hayakoe.server.server import Server
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text.dictionary import UserDictionary
from wyoming_hayakoe.text.frontend import japanese
from wyoming_hayakoe.utterance import SynthesisParams


@dataclass(frozen=True)
class Sound:
    rate: int
    samples: np.ndarray
    """Shape [samples, channels]."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def silence(self) -> tuple[float, float]:
        """Seconds before and behind what is louder than 50 dB below full scale."""
        audible = np.flatnonzero(np.abs(self.samples[:, 0].astype(int)) > 100)
        return audible[0] / self.rate, (len(self.samples) - 1 - audible[-1]) / self.rate


def sound_in(wav: bytes) -> Sound:
    with wave.open(io.BytesIO(wav)) as reader:
        samples = np.frombuffer(reader.readframes(len(wav)), "<i2").reshape(-1, reader.getnchannels())
        return Sound(reader.getframerate(), samples)


class Engine:
    """A client of VOICEVOX's interface that speaks with the first style."""

    def __init__(self, server: Server, client: httpx.AsyncClient, style: int) -> None:
        self.server = server
        self.client = client
        self.style = style

    async def get(self, path: str, **params) -> Any:
        answer = await self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, **params) -> httpx.Response:
        return await self.client.post(path, params=params, json=body)

    async def query(self, text: str) -> dict[str, Any]:
        answer = await self.post("/audio_query", text=text, speaker=self.style)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def sound(self, query: dict[str, Any], **changes) -> Sound:
        answer = await self.post("/synthesis", query | changes, speaker=self.style)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "audio/wav"
        return sound_in(answer.content)

    async def refused(self, method: str, path: str, status: int, body: Any = None, **params) -> Any:
        answer = await self.client.request(method, path, params=params, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()["detail"]


@pytest.fixture
async def engine(tmp_path):
    front_end = japanese(UserDictionary(tmp_path / "words.csv"))
    catalogue = Catalogue(
        [Speaker(OpenJTalkVoice(), front_end)],
        [Preset("slow", "mei", SynthesisParams(speed=1.5)), Preset("high", "mei", SynthesisParams(pitch_scale=1.2))],
    )
    server = Server(local(data_dir=tmp_path, **HTTP), catalogue)
    await server.start()
    try:
        async with client_of(server) as client:
            style = (await client.get("/speakers")).json()[0]["styles"][0]["id"]
            yield Engine(server, client, style)
    finally:
        await server.stop()


@pytest.fixture
def edited():
    """A query whose phrase of a number has other values."""

    def change(query: dict[str, Any], phrase: int, **values) -> dict[str, Any]:
        copy = json.loads(json.dumps(query))
        copy["accent_phrases"][phrase] |= values
        return copy

    return change
