"""Programs that speak VOICEVOX's interface: a client from PyPI, and Home Assistant's integrations, replayed."""

import io
import wave

import aiohttp
import vvclient

from tests.server.http.exchanges import url_of


def is_speech(wav: bytes) -> bool:
    with wave.open(io.BytesIO(wav)) as reader:
        return reader.getnframes() > 0.3 * reader.getframerate()


async def test_vvclient(engine):
    async with vvclient.Client(url_of(engine.server)) as client:
        assert await client.fetch_engine_version()
        assert await client.fetch_core_versions()
        await client.init_speaker(engine.style)
        assert await client.is_inited_speaker(engine.style)
        query = await client.create_audio_query("こんにちは。", engine.style)
        assert query.data["accent_phrases"]
        assert is_speech(await query.synthesis(engine.style))


async def test_taikun114_voicevox_tts_for_home_assistant(engine):
    """The sequence of its config flow and entity: its sliders reach 20, ±0.15 and 3."""
    url = url_of(engine.server)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/speakers", timeout=aiohttp.ClientTimeout(5)) as answer:
            answer.raise_for_status()
            styles = {
                f"{speaker['name']}: {style['name']}": style["id"]
                for speaker in await answer.json()
                for style in speaker["styles"]
            }
        # Reconfiguring it looks whether anybody answers at all.
        async with session.get(f"{url}/") as answer:
            assert answer.status == 200
        for volume, pitch, speed in ((20.0, -0.15, 0.5), (0.5, 0.15, 3.0)):
            params = {"text": "お風呂が沸きました", "speaker": styles["slow: normal"]}
            async with session.post(f"{url}/audio_query", params=params) as answer:
                query = await answer.json()
            query |= {"volumeScale": volume, "pitchScale": pitch, "speedScale": speed}
            async with session.post(f"{url}/synthesis", params={"speaker": params["speaker"]}, json=query) as answer:
                assert answer.status == 200
                assert is_speech(await answer.read())


async def test_hgn32_ha_voicevox_tts(engine):
    url = url_of(engine.server)
    params = {"text": "お風呂が沸きました", "speaker": engine.style}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{url}/audio_query", params=params) as answer:
            assert answer.status == 200
            query = await answer.json()
        params = {"speaker": engine.style, "enable_interrogative_upspeak": "true"}
        async with session.post(f"{url}/synthesis", params=params, json=query) as answer:
            assert answer.status == 200
            assert is_speech(await answer.read())
