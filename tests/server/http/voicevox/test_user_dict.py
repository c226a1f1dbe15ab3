"""The user's words over VOICEVOX's interface: the same words.csv."""

from tests.server.http.voicevox import models
from wyoming_hayakoe.text import exchange, user_words
from wyoming_hayakoe.text.user_words import UserWord


async def kana(engine, text: str) -> str:
    return (await engine.query(text))["kana"]


async def test_a_word_is_read_at_once_renamed_and_removed(engine, tmp_path):
    params = {
        "surface": "蟬丸庵",
        "pronunciation": "センガンアン",
        "accent_type": 3,
        "word_type": "PROPER_NOUN",
        "priority": 9,
    }
    answer = await engine.post("/user_dict_word", **params)
    assert answer.status_code == 200
    uuid = answer.json()
    assert await kana(engine, "蟬丸庵") == "センガ'ンアン"
    assert user_words.read(tmp_path / "words.csv").entries == (UserWord("蟬丸庵", "センガンアン", 3, 9),)
    words = models.Words.model_validate(await engine.get("/user_dict")).root
    assert words[uuid].pronunciation == "センガンアン"
    renamed = params | {"surface": "蟬丸亭", "pronunciation": "せみまるてい", "accent_type": 0}
    assert (await engine.client.put(f"/user_dict_word/{uuid}", params=renamed)).status_code == 204
    (uuid,) = await engine.get("/user_dict")
    assert await kana(engine, "蟬丸亭") == "セミマルテイ'"
    assert (await engine.client.delete(f"/user_dict_word/{uuid}")).status_code == 204
    assert await engine.get("/user_dict") == {}
    assert await kana(engine, "蟬丸亭") != "セミマルテイ'"


async def test_what_is_exported_can_be_imported(engine):
    words = [UserWord("hayakoe", "ハヤコエ", 0, 8), UserWord("蟬丸庵", "センガンアン", 3, 5)]
    told = exchange.dump(words)
    body = engine.client.build_request("POST", "/import_user_dict", params={"override": "true"}, content=told)
    assert (await engine.client.send(body)).status_code == 204
    listed = await engine.get("/user_dict")
    models.Words.model_validate(listed)
    assert (await engine.post("/import_user_dict", listed, override="true")).status_code == 204
    assert await engine.get("/user_dict") == listed
    changed = {uuid: word | {"accent_type": 1} for uuid, word in listed.items()}
    assert (await engine.post("/import_user_dict", changed, override="false")).status_code == 204
    assert await engine.get("/user_dict") == listed
    assert (await engine.post("/import_user_dict", changed, override="true")).status_code == 204
    assert {word["accent_type"] for word in (await engine.get("/user_dict")).values()} == {1}


async def test_words_that_cannot_be(engine):
    good = {"surface": "蟬丸庵", "pronunciation": "センガンアン", "accent_type": 3}
    for wrong in (
        {"surface": ""},
        {"surface": "あ" * 200},
        {"pronunciation": "漢字"},
        {"pronunciation": ""},
        {"accent_type": 7},
        {"accent_type": -1},
        {"accent_type": "x"},
        {"priority": 11},
        {"surface": "a\nb,c"},
    ):
        await engine.refused("POST", "/user_dict_word", 422, **(good | wrong))
    await engine.refused("PUT", "/user_dict_word/none", 422, **good)
    await engine.refused("DELETE", "/user_dict_word/none", 422)
    await engine.refused("POST", "/import_user_dict", 422, body={"x": {"surface": 5}}, override="true")
    await engine.refused("POST", "/import_user_dict", 422, body=[], override="true")
    assert await engine.get("/user_dict") == {}
