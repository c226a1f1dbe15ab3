"""What the page asks of the server, over real connections."""

import io
import wave
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.server.http.exchanges import HTTP, client_of
from tests.support import FRONT_END, local
from tests.voices import BeepVoice
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.server.catalogue import Catalogue, Preset
from wyoming_hayakoe.server.server import Server
from wyoming_hayakoe.server.settings import TEXT_LIMIT
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.utterance import SynthesisParams


@asynccontextmanager
async def page(voice=None):
    speakers = [Speaker(voice or OpenJTalkVoice(), FRONT_END), Speaker(BeepVoice(), FRONT_END)]
    server = Server(local(**HTTP), Catalogue(speakers, [Preset("slow", "beep", SynthesisParams(speed=1.5))]))
    await server.start()
    try:
        async with client_of(server) as client:
            yield client
    finally:
        await server.stop()


async def spoken(client: httpx.AsyncClient, **body) -> tuple[int, bytes]:
    """Return the rate and the PCM of an answer."""
    answer = await client.post("/api/speak", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "audio/wav"
    # Of unknown length: Python's reader takes what is there.
    with wave.open(io.BytesIO(answer.content)) as reader:
        return reader.getframerate(), reader.readframes(len(answer.content))


async def test_the_voices_are_told_with_all_that_the_page_shows():
    async with page() as client:
        await client.post("/api/speak", json={"sentences": [{"text": "はい。"}]})
        told = (await client.get("/api/voices")).json()
    mei, beep, slow = told["voices"]
    assert told["default"] == mei["name"] == "mei"
    assert told["coming"] == []
    assert mei["credit"]["licence"] == "CC BY 3.0"
    assert mei["size"] > 100_000
    assert 0.0 < mei["speed"] < 10.0
    assert beep["styles"] == ["Neutral", "Happy"]
    assert beep["speed"] is None
    assert beep["preset"] is None
    assert slow["preset"] == {"speed": 1.5}
    assert len({number for voice in told["voices"] for number in voice["style_ids"].values()}) == 5


async def test_a_text_is_read_as_accent_phrases_with_their_words():
    async with page() as client:
        read = (await client.post("/api/read", json={"text": "橋の端です。好きですか？"})).json()
    first, second = read["sentences"]
    assert first["text"] == "橋の端です。"
    assert [word["surface"] for phrase in first["phrases"] for word in phrase["words"]] == ["橋", "の", "端", "です"]
    assert [phrase["mark"] for phrase in (*first["phrases"], *second["phrases"])][-1] == "？"
    assert {"kana": "ス", "devoiced": True} in second["phrases"][0]["morae"]
    assert read["rest"] == ""


async def test_of_a_long_text_the_beginning_is_read():
    async with page() as client:
        text = "今日は晴れです。" * 1000
        read = (await client.post("/api/read", json={"text": text})).json()
    assert 200 < len(read["sentences"]) < 300
    assert "".join(sentence["text"] for sentence in read["sentences"]) + read["rest"] == text


async def test_phrases_that_were_not_edited_sound_as_their_text():
    async with page() as client:
        (sentence,) = (await client.post("/api/read", json={"text": "橋の端です。"})).json()["sentences"]
        edited = await spoken(client, sentences=[{"phrases": sentence["phrases"]}])
        assert edited[1] == (await spoken(client, sentences=[{"phrases": sentence["phrases"]}]))[1]
        sentence["phrases"][0]["accent"] = 1
        moved = await spoken(client, sentences=[{"phrases": sentence["phrases"]}])
    assert edited[0] == 48_000
    assert edited[1] != moved[1]


@pytest.mark.parametrize("text", ["㍿" * 200, "W" * 200, "8" * 200, "はい" + "！" * 220, "ー。ーあ、ー", "1," * 1_500])
async def test_whatever_is_read_may_be_spoken_as_it_was_read(text):
    async with page(BeepVoice()) as client:
        sentences = (await client.post("/api/read", json={"text": text})).json()["sentences"]
        _, pcm = await spoken(client, sentences=[{"phrases": sentence["phrases"]} for sentence in sentences])
    assert pcm


async def test_the_sliders_act():
    async with page(BeepVoice()) as client:
        sentences = [{"text": "はい。"}, {"text": "いいえ。"}]
        _, plain = await spoken(client, sentences=sentences)
        _, paused = await spoken(client, sentences=sentences, params={"pause": 0.5})
        _, loud = await spoken(client, sentences=sentences, params={"volume": 0.5})
    assert len(paused) - len(plain) == 2 * 500
    assert len(loud) == len(plain)
    assert loud != plain


async def test_a_reading_becomes_morae():
    async with page() as client:
        found = (await client.post("/api/morae", json={"reading": "とーきょー"})).json()
        wrong = await client.post("/api/morae", json={"reading": "東京"})
    assert [mora["kana"] for mora in found["morae"]] == ["ト", "ー", "キョ", "ー"]
    assert wrong.status_code == 400
    assert "not katakana" in wrong.json()["detail"]


PHRASE = {"accent": 0, "mark": "", "morae": [{"kana": "ア"}], "words": []}
LONG_PHRASE = PHRASE | {"morae": [{"kana": "ア", "devoiced": False}] * 500}


@pytest.mark.parametrize(
    ("path", "body", "status", "line"),
    [
        ("/api/read", {}, 422, "text: is missing"),
        ("/api/read", [], 422, "body: is not an object"),
        ("/api/read", {"text": "あ" * (TEXT_LIMIT + 1)}, 413, "at most 50000 characters"),
        ("/api/read", {"text": "a" * (12 * TEXT_LIMIT)}, 413, "at most 50000 characters"),
        ("/api/read", {"text": "あ", "voice": "nobody"}, 404, "no voice 'nobody'"),
        ("/api/speak", {}, 422, "sentences: is missing"),
        ("/api/speak", {"sentences": [{"text": 5}]}, 422, "sentences.0.text: is not a text"),
        ("/api/speak", {"sentences": [{"text": "あ" * (TEXT_LIMIT + 1)}]}, 413, "at most 50000 characters"),
        ("/api/speak", {"sentences": [{"phrases": [PHRASE | {"accent": 2}]}]}, 422, "beyond the 1 morae"),
        ("/api/speak", {"sentences": [{"phrases": [PHRASE | {"morae": [{"kana": "漢"}]}]}]}, 422, "no mora"),
        ("/api/speak", {"sentences": [{"phrases": [LONG_PHRASE] * 5}]}, 422, "more than 2000 morae"),
        ("/api/speak", {"sentences": [{"phrases": [LONG_PHRASE] * 4}] * 11}, 413, "at most 20000 morae"),
        ("/api/speak", {"sentences": [{"text": "あ"}], "params": {"speed": "x"}}, 422, "params.speed: is not a number"),
        ("/api/speak", {"sentences": [{"text": "あ"}], "style": "angry"}, 404, "no style 'angry'"),
    ],
)
async def test_what_is_wrong_is_one_line(path, body, status, line):
    async with page() as client:
        answer = await client.post(path, json=body)
    assert answer.status_code == status
    assert line in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]


async def test_a_text_without_words_is_an_empty_sound():
    async with page() as client:
        rate, pcm = await spoken(client, sentences=[{"text": "、"}, {"phrases": []}])
    assert (rate, pcm) == (48_000, b"")


async def test_a_file_that_a_browser_has_is_not_sent_again():
    async with page() as client:
        first = await client.get("/")
        for tag in (first.headers["etag"], f"W/{first.headers['etag']}", f'"other", {first.headers["etag"]}'):
            again = await client.get("/", headers={"If-None-Match": tag})
            assert (again.status_code, again.content) == (304, b"")
        assert (await client.get("/", headers={"If-None-Match": '"other"'})).content == first.content
        assert (await client.get("/page/..%2f..%2fserver.py")).status_code == 404
