"""Voices of many styles: what a server lists of them is bounded, and all that it lists can be chosen."""

import asyncio
import json
import logging
import time

import pytest
from wyoming.client import AsyncClient
from wyoming.info import Describe
from wyoming.ping import Ping

from tests.support import DEADLINE, FRONT_END, TINY_REPO, program, receive
from tests.voice_kinds import MANIFEST, as_aivmx, as_folder
from wyoming_hayakoe.engine.jp_extra.voice_files import read_voice
from wyoming_hayakoe.engine.json_fields import MOST_STYLES
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.server.catalogue import Catalogue, Preset, Requested
from wyoming_hayakoe.server.wyoming.events import encode_event
from wyoming_hayakoe.server.wyoming.info import make_info
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Credit

MOST_INFO = 64 << 10
# The program's own lines in the same event.
FRAME = 1 << 10


def speaker(name, styles, *, style=None, **fields):
    voice = OpenJTalkVoice()
    vars(voice).update({"name": name, "styles": styles} | fields)
    return Speaker(voice, FRONT_END, SynthesisParams(style=style))


def info_of(catalogue):
    return encode_event(make_info(catalogue, streaming=True).event())


def with_styles(folder, count):
    """Write a voice of so many styles, which share three rows."""
    as_folder(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["data"]["style2id"] = {f"{number:x}": number % 3 for number in range(count)}
    (folder / "config.json").write_text(json.dumps(config, separators=(",", ":")), encoding="utf-8")
    return folder


def test_the_first_styles_of_too_many_are_kept_with_one_line(tmp_path, caplog):
    folder = with_styles(tmp_path / "voice", 40_000)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            styles = read_voice(folder).config.styles
    assert list(styles)[:3] == ["0", "3", "6"]
    assert len(styles) == MOST_STYLES
    assert [record.message for record in caplog.records] == [
        f"{folder / 'config.json'}: of 40000 styles, the last 39744 are left out"
    ]


@pytest.mark.parametrize("count", [300, 100_000])
def test_a_file_of_too_many_styles_is_no_other(tmp_path, caplog, count):
    speaker = {"styles": [{"name": f"s{number}", "local_id": number % 3} for number in range(count)]}
    path = as_aivmx(tmp_path / "voice.aivmx", aivm_manifest=json.dumps(MANIFEST | {"speakers": [speaker]}))
    if count == 300:
        assert len(read_voice(path).config.styles) == MOST_STYLES
        assert len(caplog.records) == 1
    else:  # more than a megabyte of names
        with pytest.raises(Exception, match="is not JSON"):
            read_voice(path)


@pytest.mark.parametrize("name", ["s", "あ" * 99, "😀" * 99, '"' * 99, "\\" * 99])
@pytest.mark.parametrize("texts", ["", "あ" * 140, '"' * 140])
def test_what_a_voice_lists_has_a_bound_and_can_be_chosen(caplog, name, texts):
    styles = tuple(f"{name}{number}" for number in range(MOST_STYLES))
    credit = Credit(texts, texts, texts or "unknown")
    many = speaker("many", styles, style=styles[-1], description=texts, credit=credit)
    mei = Speaker(OpenJTalkVoice(), FRONT_END)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            catalogue = Catalogue([many, mei])
    size = len(info_of(catalogue)) - len(info_of(Catalogue([mei])))
    assert size <= MOST_INFO
    if len(catalogue.entries) <= MOST_STYLES:
        assert size > MOST_INFO * 0.7
        (record,) = caplog.records
        assert record.message.startswith("voice many: of 256 styles, ")
    else:
        assert not caplog.records
    own, *further = (entry for entry in catalogue.entries if entry.name.startswith("many"))
    assert own.styles[-1] == styles[-1]
    assert {catalogue.find(Requested(own.name, style=style)).params.style for style in own.styles} == set(own.styles)
    assert all(f"many:{catalogue.find(Requested(entry.name)).params.style}" == entry.name for entry in further)
    with pytest.raises(RequestError) as error:
        catalogue.find(Requested("many", style="none"))
    assert len(error.value.text) < 3000


def test_a_published_voice_lists_all_its_styles(caplog):
    styles = tuple(f"とても嬉しい {number}" for number in range(60))
    credit = Credit("制作者" * 5, "https://example.com/" + "a" * 60, "Aivis Common Model License (ACML) 1.0")
    catalogue = Catalogue([speaker("anna", styles, description="やさしい声です。" * 8, credit=credit)])
    assert len(catalogue.entries) == 60
    assert not caplog.records


def test_presets_of_a_voice_list_no_more_than_the_voice():
    many = speaker("many", tuple(f"{'あ' * 99}{number}" for number in range(MOST_STYLES)))
    voice, *_, preset = Catalogue([many], [Preset("calm", "many", SynthesisParams())]).entries
    assert preset.styles == voice.styles


def test_no_style_hides_a_voice_or_another_style():
    anna, other = speaker("a", ("x", "b", "b:c")), speaker("a:b", ("y", "c"))
    catalogue = Catalogue([anna, other])
    assert catalogue.names == ["a", "a:b:c", "a:b"]
    assert catalogue.find(Requested("a:b")).voice.name == "a:b"
    assert catalogue.find(Requested("a:b:c")).params.style == "b:c"
    assert catalogue.find(Requested("a:b", style="c")).params.style == "c"


async def test_a_voice_of_40000_styles_holds_up_no_ping(tmp_path):
    with_styles(tmp_path / "voices" / "many", 40_000)
    with program("--no-compile", HAYAKOE_DATA_DIR=str(tmp_path), HAYAKOE_BERT_SOURCE=TINY_REPO.as_uri()) as server:
        end = time.monotonic() + DEADLINE
        async with AsyncClient.from_uri(server.uri) as client:
            names = []
            while "many" not in names:
                assert time.monotonic() < end, "".join(server.log)
                await asyncio.sleep(0.05)  # the process that tries the voice is of low priority
                await client.write_event(Describe().event())
                answer = (await receive(client, until="info")).events[-1]
                names = [voice["name"] for voice in answer.data["tts"][0]["voices"]]
            start = time.monotonic()
            for _ in range(10):
                await client.write_event(Describe().event())
                await client.write_event(Ping().event())
                await receive(client, until="pong")
            assert time.monotonic() - start < 2
    assert len(encode_event(answer)) < MOST_INFO + FRAME
    # That of the file, perhaps also from the process that prepares the voice, and that of the list.
    assert 1 <= sum("styles" in line for line in server.log) <= 3
    assert "Traceback" not in "".join(server.log)
