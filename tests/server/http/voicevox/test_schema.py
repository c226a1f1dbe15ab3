"""Every answer is what VOICEVOX's OpenAPI describes."""

import base64
from uuid import UUID

from tests.server.http.voicevox import models

TEXT = "橋の端です。好きですか？きっと、そうでしょう！フュージョンとクァルテット"
PRESET = {
    "id": 7,
    "name": "朝",
    "speaker_uuid": "598b571d-3023-595d-9444-fee06a262305",
    "style_id": 0,
    "speedScale": 1.5,
    "pitchScale": 0.1,
    "intonationScale": 0.9,
    "volumeScale": 0.8,
    "prePhonemeLength": 0.2,
    "postPhonemeLength": 0.3,
    "pauseLength": None,
    "pauseLengthScale": 1.2,
}


TOLD = {
    "/version": models.Version,
    "/core_versions": models.Versions,
    "/speakers": models.Speakers,
    "/singers": models.Speakers,
    "/engine_manifest": models.Manifest,
    "/supported_devices": models.Devices,
    "/presets": models.Presets,
    "/user_dict": models.Words,
}


async def test_what_the_engine_tells(engine):
    for path, model in TOLD.items():
        model.model_validate(await engine.get(path))


async def test_each_voice_and_each_preset_is_a_speaker_with_pictures(engine):
    speakers = models.Speakers.model_validate(await engine.get("/speakers")).root
    assert [speaker.name for speaker in speakers] == ["mei", "slow", "high"]
    assert len({style.id for speaker in speakers for style in speaker.styles}) == 3
    for speaker in speakers[:2]:
        UUID(speaker.speaker_uuid)
        told = await engine.get("/speaker_info", speaker_uuid=speaker.speaker_uuid)
        info = models.SpeakerInfo.model_validate(told)
        assert "CC BY 3.0" in info.policy
        assert [each.id for each in info.style_infos] == [style.id for style in speaker.styles]
        for picture in (info.portrait, *(each.icon for each in info.style_infos)):
            assert base64.b64decode(picture, validate=True).startswith(b"\x89PNG")
    told = await engine.get("/speaker_info", speaker_uuid=speakers[0].speaker_uuid, resource_format="url")
    assert (await engine.client.get(told["portrait"])).content.startswith(b"\x89PNG")


async def test_queries_and_phrases(engine):
    query = await engine.query(TEXT)
    phrases = models.AudioQuery.model_validate(query).accent_phrases
    assert all(1 <= phrase.accent <= len(phrase.moras) for phrase in phrases)
    assert [phrase.pause_mora.text for phrase in phrases if phrase.pause_mora] == ["。", "？", "、", "！"]
    consonants = {mora.text: mora.consonant for phrase in phrases for mora in phrase.moras}
    assert (consonants["フュ"], consonants["クァ"]) == ("fy", "kw")
    assert {"vowel": "U", "pitch": 0.0}.items() <= query["accent_phrases"][1]["moras"][3].items()
    for path in ("/mora_data", "/mora_length", "/mora_pitch"):
        answer = await engine.post(path, query["accent_phrases"], speaker=engine.style)
        models.Phrases.model_validate(answer.json())
        assert answer.json() == query["accent_phrases"]
    answer = await engine.post("/accent_phrases", text=TEXT, speaker=engine.style)
    assert models.Phrases.model_validate(answer.json()).root == phrases
    answer = await engine.post("/accent_phrases", text=query["kana"], speaker=engine.style, is_kana="true")
    again = models.Phrases.model_validate(answer.json()).root
    assert [(phrase.accent, [mora.text for mora in phrase.moras]) for phrase in again] == [
        (phrase.accent, [mora.text for mora in phrase.moras]) for phrase in phrases
    ]


async def test_presets(engine):
    preset = PRESET | {"style_id": engine.style}
    assert models.Count.model_validate((await engine.post("/add_preset", preset)).json()).root == 7
    other = models.Count.model_validate((await engine.post("/add_preset", preset)).json()).root
    assert other != 7
    assert (await engine.post("/update_preset", preset | {"name": "夜"})).json() == 7
    told = models.Presets.model_validate(await engine.get("/presets")).root
    assert {(each.id, each.name) for each in told} == {(7, "夜"), (other, "朝")}
    answer = await engine.post("/audio_query_from_preset", text="はい。", preset_id=7)
    query = models.AudioQuery.model_validate(answer.json())
    assert (query.speedScale, query.volumeScale, query.pauseLengthScale) == (1.5, 0.8, 1.2)
    assert (await engine.post("/delete_preset", id=7)).status_code == 204
    assert [each["id"] for each in await engine.get("/presets")] == [other]


async def test_damaged_presets_are_told_and_left_as_they_are(engine, tmp_path):
    (tmp_path / "presets.json").write_text("{")
    assert (await engine.post("/add_preset", PRESET)).status_code == 500
    assert (tmp_path / "presets.json").read_text() == "{"


async def test_a_voice_is_loaded_when_it_is_wanted(engine):
    assert (await engine.post("/initialize_speaker", speaker=engine.style, skip_reinit="true")).status_code == 204
    assert models.Truth.model_validate(await engine.get("/is_initialized_speaker", speaker=engine.style)).root


STYLE = object()
WRONG = [
    ("POST", "/audio_query", {"text": "あ"}, None, ["query", "speaker"]),
    ("POST", "/audio_query", {"speaker": STYLE}, None, ["query", "text"]),
    ("POST", "/audio_query", {"text": "あ", "speaker": "mei"}, None, ["query", "speaker"]),
    ("POST", "/accent_phrases", {"text": "あ", "speaker": STYLE, "is_kana": "perhaps"}, None, ["query", "is_kana"]),
    ("POST", "/synthesis", {"speaker": STYLE}, [], ["body"]),
    ("POST", "/synthesis", {"speaker": STYLE}, {"accent_phrases": []}, ["body", "speedScale"]),
    ("POST", "/mora_data", {"speaker": STYLE}, [{"moras": []}], None),
    ("POST", "/mora_data", {"speaker": STYLE}, {}, None),
    ("POST", "/add_preset", {}, {"id": 1}, ["body", "name"]),
    ("POST", "/import_user_dict", {}, {}, ["query", "override"]),
    ("GET", "/speaker_info", {}, None, ["query", "speaker_uuid"]),
]


async def test_what_is_wrong_has_its_place(engine):
    for method, path, params, body, place in WRONG:
        chosen = {name: engine.style if value is STYLE else value for name, value in params.items()}
        answer = await engine.client.request(method, path, params=chosen, json=body)
        assert answer.status_code == 422, (path, params)
        failures = models.Refusal.model_validate(answer.json()).detail
        assert place is None or failures[0].loc == place


NOTATIONS = {
    "コレ": "ACCENT_NOTFOUND",
    "'コレ": "ACCENT_TOP",
    "コ'レ'": "ACCENT_TWICE",
    "漢'": "UNKNOWN_TEXT",
    "コ'レ//ワ'": "EMPTY_PHRASE",
    "コ'？レ": "INTERROGATION_MARK_NOT_AT_END",
}


async def test_what_is_wrong_in_the_notation_has_its_name(engine):
    for text, name in NOTATIONS.items():
        for path, params in (("/validate_kana", {}), ("/accent_phrases", {"speaker": engine.style, "is_kana": "true"})):
            answer = await engine.post(path, text=text, **params)
            assert answer.status_code == 400
            assert models.NotationRefusal.model_validate(answer.json()).detail.error_name == name
    assert models.Truth.model_validate((await engine.post("/validate_kana", text="コ'レワ/テ'_スト？")).json()).root


async def test_texts_and_styles_that_there_are_not(engine):
    await engine.refused("POST", "/audio_query", 413, text="あ" * 5001, speaker=engine.style)
    await engine.refused("POST", "/audio_query", 422, text="あ", speaker=engine.style + 1)
    await engine.refused("GET", "/speaker_info", 404, speaker_uuid="none")
