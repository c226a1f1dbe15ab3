"""HTTP and Wyoming clients at once: one server, one lane, the same promises."""

import asyncio
import io
import time
import wave

from wyoming.event import Event

from tests.server.http.exchanges import HTTP, client_of
from tests.support import ARTICLE, connected, eventually, local, running, speak
from wyoming_hayakoe.server.http.style_ids import talkers


def body(text):
    return {"model": "tts-1", "voice": "alloy", "input": text, "response_format": "wav"}


def pcm_of(wav: bytes) -> bytes:
    with wave.open(io.BytesIO(wav)) as reader:
        return reader.readframes(len(wav))


async def test_eight_of_each_hear_all_of_their_text_and_describe_is_answered_at_once(voice):
    text = "こんにちは。"
    waits: list[float] = []
    async with running(local(**HTTP), voice) as server, client_of(server) as client:
        style = next(iter(talkers(server.catalogue)[0].styles.values()))
        query = (await client.post("/audio_query", params={"text": text, "speaker": style})).json()

        async def as_openais_client() -> bytes:
            return pcm_of((await client.post("/v1/audio/speech", json=body(text))).content)

        async def as_voicevoxs_client() -> bytes:
            return pcm_of((await client.post("/synthesis", params={"speaker": style}, json=query)).content)

        async def over_wyoming() -> bytes:
            answer = await speak(server, text)
            assert answer.kinds == ["audio-start", "audio-chunk", "audio-stop"]
            return answer.pcm

        async def describe_meanwhile() -> None:
            async with connected(server) as asking:
                while True:
                    began = time.monotonic()
                    await asking.write_event(Event("describe"))
                    assert (await asking.read_event()).type == "info"
                    waits.append(time.monotonic() - began)
                    await asyncio.sleep(0.05)

        clients = (as_openais_client, over_wyoming, as_voicevoxs_client, over_wyoming)
        alone = [len(await each()) for each in clients]
        describing = asyncio.create_task(describe_meanwhile())
        heard = await asyncio.gather(*(each() for _ in range(4) for each in clients))
        describing.cancel()
        assert server.lane.demand().callers == 0
    assert list(map(len, heard)) == alone * 4
    # Most of them: on a busy machine, the whole process may not run for as long.
    assert sorted(waits)[len(waits) // 2] <= 0.1


async def test_beyond_the_queue_both_are_refused_as_busy_at_once(gated):
    async with running(local(max_queue=1, **HTTP), gated) as server, client_of(server) as client:
        first = asyncio.create_task(client.post("/v1/audio/speech", json=body(ARTICLE)))
        await eventually(lambda: server.lane.demand().callers == 1, "the first is being spoken to")
        refused = await client.post("/v1/audio/speech", json=body("はい。"))
        answer = await speak(server, "はい。")
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["error"]["code"] == "busy"
        assert answer.events[-1].data["code"] == "busy"
        gated.gate.set()
        assert (await first).status_code == 200


async def test_a_client_that_leaves_gives_its_place_to_the_next(gated):
    async with running(local(max_queue=1, **HTTP), gated) as server, client_of(server) as client:
        leaving = asyncio.create_task(client.post("/v1/audio/speech", json=body(ARTICLE)))
        await eventually(lambda: server.lane.demand().callers == 1, "it is being spoken to")
        leaving.cancel()
        await eventually(lambda: server.lane.demand().callers == 0, "nobody waits any more")
        gated.gate.set()
        assert (await client.post("/v1/audio/speech", json=body("はい。"))).status_code == 200
