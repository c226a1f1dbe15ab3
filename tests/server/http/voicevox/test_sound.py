"""What clients change in a query is heard."""

import base64
import io
import json
import struct
import zipfile

import httpx
import numpy as np
import pytest

from tests.server.http.voicevox.conftest import sound_in
from tests.support import eventually, speak
from wyoming_hayakoe.audio import write_wav

TEXT = "橋の端です。好きですか、と聞きました。"


def pitches(sound) -> np.ndarray:
    """Return the fundamental frequencies in ln Hz, where there is one."""
    import pyworld

    step = sound.rate // 12_000
    f0, _ = pyworld.dio(sound.samples[::step, 0].astype(float), sound.rate // step)
    return np.log(f0[f0 > 0.0])


def mean_pitch(sound) -> float:
    """Return the mean fundamental frequency in Hz."""
    return float(np.exp(pitches(sound)).mean())


def spread(sound) -> float:
    """Return the range of the middle half of the pitches, in ln Hz."""
    low, high = np.percentile(pitches(sound), (25, 75))
    return float(high - low)


async def test_a_query_as_it_was_told_is_the_sound_of_its_text(engine):
    query = await engine.query(TEXT)
    sound = await engine.sound(query, prePhonemeLength=0.0, postPhonemeLength=0.0)
    spoken = np.frombuffer((await speak(engine.server, TEXT)).pcm, "<i2")
    audible = np.flatnonzero(np.abs(spoken.astype(int)) > 100)
    assert sound.seconds == pytest.approx((audible[-1] - audible[0]) / sound.rate, abs=0.06)


async def test_every_scale_acts(engine):
    query = await engine.query(TEXT)
    plain = await engine.sound(query)
    assert (plain.rate, plain.samples.shape[1]) == (48_000, 1)
    assert (await engine.sound(query, speedScale=2.0)).seconds == pytest.approx(plain.seconds / 2.0, rel=0.05)
    assert mean_pitch(await engine.sound(query, pitchScale=0.2)) == pytest.approx(
        mean_pitch(plain) * 2.0**0.2, rel=0.05
    )
    monotone = await engine.sound(query, intonationScale=0.0)
    assert spread(monotone) < 0.6 * spread(plain)
    quiet = await engine.sound(query, volumeScale=0.25)
    assert np.abs(quiet.samples).max() == pytest.approx(np.abs(plain.samples).max() / 4, rel=0.02)
    assert quiet.seconds == pytest.approx(plain.seconds, abs=0.03)
    assert (await engine.sound(query, volumeScale=0.001)).seconds == pytest.approx(plain.seconds, abs=0.3)
    small = await engine.sound(query, outputSamplingRate=24_000, outputStereo=True)
    assert (small.rate, small.samples.shape[1]) == (24_000, 2)
    assert (small.samples[:, 0] == small.samples[:, 1]).all()
    assert small.seconds == pytest.approx(plain.seconds, abs=0.02)


async def test_the_silences_at_both_ends_are_exact(engine):
    query = await engine.query("はい。")
    before, behind = (await engine.sound(query, prePhonemeLength=0.5, postPhonemeLength=0.7)).silence
    assert before == pytest.approx(0.5, abs=0.03)
    assert behind == pytest.approx(0.7, abs=0.03)
    faster = await engine.sound(query, prePhonemeLength=0.5, postPhonemeLength=0.7, speedScale=2.0)
    assert faster.silence[0] == pytest.approx(0.25, abs=0.03)
    nothing = await engine.sound(query, accent_phrases=[], prePhonemeLength=0.5, postPhonemeLength=0.7)
    assert nothing.seconds == pytest.approx(1.2, abs=0.01)
    assert not nothing.samples.any()


async def test_rests_between_sentences_act(engine, edited):
    query = await engine.query("はい。そうです。")
    plain = await engine.sound(query)
    assert query["accent_phrases"][0]["pause_mora"]["text"] == "。"
    rest = query["accent_phrases"][0]["pause_mora"]
    longer = edited(query, 0, pause_mora=rest | {"vowel_length": 2.0})
    exact = await engine.sound(query, pauseLength=2.0)
    assert (await engine.sound(longer)).seconds == pytest.approx(exact.seconds, abs=0.01)
    assert (await engine.sound(query, pauseLength=1.0)).seconds == pytest.approx(exact.seconds - 1.0, abs=0.01)
    assert (await engine.sound(query, pauseLength=1.0, pauseLengthScale=2.0)).seconds == pytest.approx(
        exact.seconds, abs=0.01
    )
    assert (await engine.sound(query, pauseLengthScale=3.0)).seconds > plain.seconds + 0.3


async def test_a_changed_accent_acts_although_the_old_pitches_are_there(engine, edited):
    query = await engine.query("橋を渡る。")
    plain = pitches(await engine.sound(query))
    moved = edited(query, 0, accent=1)
    assert moved["accent_phrases"][0]["moras"] == query["accent_phrases"][0]["moras"]
    stale = await engine.sound(moved)
    answer = await engine.post("/mora_pitch", moved["accent_phrases"], speaker=engine.style)
    fresh = await engine.sound(moved, accent_phrases=answer.json())
    assert answer.json()[0]["moras"] != query["accent_phrases"][0]["moras"]
    count = min(map(len, (plain, pitches(stale), pitches(fresh))))
    assert np.abs(pitches(stale)[:count] - plain[:count]).max() > 0.1
    assert np.corrcoef(pitches(stale)[:count], pitches(fresh)[:count])[0, 1] > 0.95


async def test_changed_morae_and_devoicing_act(engine, edited):
    query = await engine.query("橋を渡る。")
    plain = await engine.sound(query)
    morae = json.loads(json.dumps(query["accent_phrases"][0]["moras"]))
    morae[0] |= {"text": "カ", "consonant": "k", "vowel": "a"}
    other = await engine.sound(edited(query, 0, moras=morae))
    assert other.samples.shape != plain.samples.shape or (other.samples != plain.samples).any()
    morae = json.loads(json.dumps(query["accent_phrases"][0]["moras"]))
    morae[1] |= {"vowel": "I", "pitch": 0.0}
    whispered = await engine.sound(edited(query, 0, moras=morae))
    assert len(pitches(whispered)) < len(pitches(plain))


async def test_presets_of_the_configuration_are_slower_and_higher(engine):
    styles = {each["name"]: each["styles"][0]["id"] for each in await engine.get("/speakers")}
    query = await engine.query("こんにちは。")
    plain = await engine.sound(query)
    answer = await engine.post("/synthesis", query, speaker=styles["slow"])
    assert sound_in(answer.content).seconds - 0.2 == pytest.approx(1.5 * (plain.seconds - 0.2), rel=0.08)
    answer = await engine.post("/synthesis", query, speaker=styles["high"])
    assert mean_pitch(sound_in(answer.content)) > 1.1 * mean_pitch(plain)


async def test_it_streams_for_a_client_that_accepts_that(engine):
    query = await engine.query(TEXT)
    params = {"speaker": engine.style}
    whole = await engine.client.post("/synthesis", params=params, json=query)
    streamed = await engine.client.post("/synthesis", params=params, json=query, headers={"Accept": "audio/wav"})
    assert struct.unpack_from("<I", whole.content, 40)[0] == len(whole.content) - 44
    assert struct.unpack_from("<I", streamed.content, 40)[0] == 0xFFFFFFFF
    assert streamed.content[44:] == whole.content[44:]
    cancellable = await engine.post("/cancellable_synthesis", query, speaker=engine.style)
    assert cancellable.content == whole.content


async def test_several_queries_are_an_archive(engine):
    query = await engine.query("はい。")
    other = query | {"speedScale": 0.5}
    answer = await engine.post("/multi_synthesis", [query, other], speaker=engine.style)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["001.wav", "002.wav"]
        first, second = (sound_in(archive.read(name)) for name in archive.namelist())
    assert second.seconds > 1.5 * first.seconds
    refused = await engine.post("/multi_synthesis", {}, speaker=engine.style)
    assert refused.status_code == 422


async def test_sounds_are_joined(engine):
    low = write_wav(bytes(2 * 8000), 8000)
    high = write_wav(bytes(2 * 24000), 24000)
    answer = await engine.post("/connect_waves", [base64.b64encode(wav).decode() for wav in (low, high)])
    joined = sound_in(answer.content)
    assert joined.rate == 24_000
    assert joined.seconds == pytest.approx(2.0, abs=0.01)
    stereo = await engine.sound(await engine.query("はい。"), outputStereo=True)
    wav = write_wav(b"", 48_000)[:44]
    assert stereo.samples.shape[1] == 2
    for wrong in ([], [5], ["x"], [base64.b64encode(b"RIFF").decode()], [base64.b64encode(wav[:30]).decode()]):
        assert (await engine.post("/connect_waves", wrong)).status_code == 422
    # A long sound at the least rate beside a short one at the greatest would be gigabytes.
    large = [
        base64.b64encode(write_wav(bytes(4_000_000), 1000)).decode(),
        base64.b64encode(write_wav(b"\0\0", 192_000)).decode(),
    ]
    assert (await engine.post("/connect_waves", large)).status_code == 413


async def test_more_morae_than_twenty_minutes_are_refused(engine):
    (phrase,) = (await engine.query("はい、"))["accent_phrases"]
    assert (await engine.post("/mora_data", [phrase] * 5001, speaker=engine.style)).status_code == 422


async def test_a_client_that_leaves_is_told_nothing_more(engine):
    lane = engine.server._context.lane
    params = {"text": "橋の端です。" * 600, "speaker": engine.style}
    with pytest.raises(httpx.ReadTimeout):
        await engine.client.post("/audio_query", params=params, timeout=0.3)
    await eventually(lambda: lane.demand().callers == 0, "nothing is computed for it")
    assert (await engine.query("はい。"))["accent_phrases"]
