"""Voices of Piper and of HTS in sources: which files are one, and what of a source is fetched for it."""

import json
import shutil
import time
from pathlib import Path

import pytest

from tests.hts_voices import tiny
from tests.sources.shared import contents
from tests.support import run_program
from wyoming_hayakoe import TTS, HayakoeError
from wyoming_hayakoe.engine.piper.voice import PiperVoice
from wyoming_hayakoe.engine.prepare.proofs import Proofs
from wyoming_hayakoe.sources.dropped_in import dropped_into
from wyoming_hayakoe.sources.hts_layouts import hts_in
from wyoming_hayakoe.sources.inventory import fetch, fetch_checkpoint, find, voices_in
from wyoming_hayakoe.sources.left_out import left_out
from wyoming_hayakoe.sources.location import open_source
from wyoming_hayakoe.sources.source import AbsentError

PIPER = Path(__file__).parents[1] / "data" / "piper"
EMOTIONS = ("neutral", "angry", "happy", "sad")
# As rhasspy/piper-voices and piper-plus's repositories have them.
RHASSPY = {
    f"{place}/{name}{ending}": b"{}"
    for place, name in (
        ("ja/ja_JP/anna/medium", "ja_JP-anna-medium"),
        ("ja/ja_JP/joanna/low", "ja_JP-joanna-low"),
        ("en/en_US/joe/medium", "en_US-joe-medium"),
    )
    for ending in (".onnx", ".onnx.json")
} | {
    "ja/ja_JP/anna/medium/MODEL_CARD": b"card",
    "ja/ja_JP/anna/medium/samples/speaker_0.mp3": b"mp3",
    "README.md": b"all",
}
PLUS = {"config.json": b"{}", "tsukuyomi.onnx": b"", "README.md": b"", "audio/sample.wav": b"wav"}


def styles(paths):
    return {voice.name: list(voice.styles) for voice in hts_in(paths)}


def test_files_of_one_beginning_are_styles_where_one_of_them_is_neutral():
    tohoku = [f"tohoku-f01-{style}.htsvoice" for style in EMOTIONS]
    assert styles(tohoku) == {"tohoku-f01": ["neutral", "angry", "happy", "sad"]}
    emotions = ("angry", "happy", "normal")
    mmdagent = [f"{name}/{name}_{style}.htsvoice" for name in ("mei", "takumi") for style in emotions]
    assert styles(mmdagent) == {name: ["normal", "angry", "happy"] for name in ("mei", "takumi")}
    assert styles([Path(path).name for path in mmdagent]) == styles(mmdagent)


def test_other_files_are_voices_by_their_own_names():
    nitech = ["nitech_jp_atr503_m001.htsvoice", "nitech_jp_atr503_f001.htsvoice", "a/mei_normal.htsvoice", "x.htsvoice"]
    assert styles(nitech) == {Path(path).stem: ["normal"] for path in nitech}


def test_ten_thousand_files_are_grouped_at_once():
    started = time.process_time()
    assert len(voices_in([f"a_{number}_neutral.htsvoice" for number in range(10_000)])) == 10_000
    assert time.process_time() - started < 2


class Listed:
    """A source that holds just these files."""

    uri = "hf://me/voices"

    def __init__(self, paths):
        self.paths = list(paths)

    def list(self, prefix=""):
        return self.paths


@pytest.mark.parametrize(
    ("paths", "name", "prefix"),
    [
        (RHASSPY, "ja_JP-anna-medium", "ja/ja_JP/anna/medium/ja_JP-anna-medium.onnx"),
        (RHASSPY, "ja/ja_JP/anna", "ja/ja_JP/anna/medium/ja_JP-anna-medium.onnx"),
        (PLUS, "any", ""),
        ([f"deep/{path}" for path in PLUS], "any", "deep"),
        (["a/model.onnx", "a/config.json", "b/model.onnx", "b/config.json"], "b", "b"),
        (["v/a-neutral.htsvoice", "v/a-sad.htsvoice", "v/b.htsvoice"], "a", "v"),
        (["v/a.htsvoice", "w/b.htsvoice"], "w", "w/b.htsvoice"),
    ],
)
def test_a_voice_is_found_by_its_name_and_by_its_path(paths, name, prefix):
    assert find(Listed(paths), name).prefix == prefix


@pytest.mark.parametrize(
    ("paths", "name", "words"),
    [
        (RHASSPY, "en_US-joe-medium", "it is a voice for en_US, and this program speaks Japanese"),
        (RHASSPY, "nobody", "no voice 'nobody': there is ja_JP-anna-medium, ja_JP-joanna-low"),
        (["x.onnx.json"], "any", "it has no x.onnx beside it"),
        (["x.onnx"], "any", "has no x.onnx.json beside it"),
        (
            ["config.json", "model.onnx", "tokenizer.json"],
            "bert",
            "or Piper's NAME.onnx and NAME.onnx.json, or an .hts",
        ),
    ],
)
def test_what_is_no_voice_is_told(paths, name, words):
    with pytest.raises(AbsentError) as error:
        find(Listed(paths), name)
    assert words in str(error.value)


def test_only_what_belongs_to_a_voice_is_fetched_from_the_hub(hub, opened):
    hub.repository("me/voices").commit(RHASSPY)
    found = fetch(opened("me/voices").snapshot(), "ja/ja_JP/anna", None)
    assert sorted(contents(found.place)) == ["MODEL_CARD", "ja_JP-anna-medium.onnx", "ja_JP-anna-medium.onnx.json"]
    assert found.files["graph"] == found.place / "ja_JP-anna-medium.onnx"
    hub.repository("me/plus").commit(PLUS)
    place = fetch(opened("me/plus").snapshot(), "kitchen", None).place
    assert sorted(contents(place)) == ["README.md", "config.json", "tsukuyomi.onnx"]
    hub.repository("me/hts").commit({f"a-{style}.htsvoice": style.encode() for style in EMOTIONS} | {"a.wav": b""})
    styled = fetch(opened("me/hts").snapshot(), "a", None)
    assert [(style, path.read_bytes().decode()) for style, path in styled.files.items()] == [
        (style, style) for style in EMOTIONS
    ]
    assert not (styled.place / "a.wav").exists()
    hub.down += [503] * 100
    assert fetch(opened("me/hts", offline=True), "a", None) == styled
    assert fetch(opened("me/voices", offline=True), "ja/ja_JP/anna", None) == found
    # They have no checkpoint, and are computed on the CPU.
    assert fetch_checkpoint(opened("me/hts", offline=True), "a", None) == styled


def test_they_are_fetched_from_s3(bucket, opened):
    bucket.put(**{f"voices/{path}": data for path, data in RHASSPY.items()})
    bucket.put(**{"lone.htsvoice": tiny()})
    found = fetch(opened(f"s3://{bucket.name}/voices").snapshot(), "ja_JP-anna-medium", None)
    assert {path.name for path in found.files.values()} == {"ja_JP-anna-medium.onnx", "ja_JP-anna-medium.onnx.json"}
    assert all(path.exists() for path in found.files.values())
    lone = fetch(opened(f"s3://{bucket.name}/lone.htsvoice").snapshot(), "miku", None)
    assert lone.files["normal"].read_bytes() == tiny()


@pytest.fixture
def tts(tmp_path, monkeypatch):
    # That files are tried first is tested elsewhere.
    monkeypatch.setattr(Proofs, "require", lambda *_: None)
    return TTS(cache_dir=tmp_path / "data", threads=1, precision="fp32")


def test_a_path_to_a_graph_takes_the_configuration_beside_it(tts, tmp_path):
    place = shutil.copytree(PIPER / "piper-2023", tmp_path / "piper")
    voice = tts.load("anna", str(place / "random.onnx")).speakers["anna"].voice
    assert isinstance(voice, PiperVoice)
    assert (voice.name, voice.sample_rate) == ("anna", 22_050)
    (place / "random.onnx.json").unlink()
    with pytest.raises(HayakoeError, match=r"has no random\.onnx\.json beside it"):
        tts.load("bob", str(place / "random.onnx"))


def test_what_is_dropped_in_is_found_and_opened(tts, tmp_path):
    folder = tmp_path / "voices"
    shutil.copytree(PIPER / "piper-plus", folder / "anna")
    (folder / "one.htsvoice").write_bytes(tiny())
    for style in EMOTIONS:
        (folder / f"many-{style}.htsvoice").write_bytes(tiny())
    (folder / "en_US-joe-medium.onnx.json").write_bytes(b"{}")
    found = dropped_into(folder)
    assert found.lines == [
        f"{folder / 'en_US-joe-medium.onnx.json'} is left out: it has no en_US-joe-medium.onnx beside it"
    ]
    for name, source in found.voices.items():
        tts.load(name, source)
    assert {name: list(tts.speakers[name].styles) for name in found.voices} == {
        "anna": ["normal"],
        "many": list(EMOTIONS),
        "one": ["normal"],
    }


def test_the_licence_is_that_of_the_files_or_of_the_repository(tts, hub):
    readme = b"---\nlicense: cc-by-4.0\n---\n"
    hub.repository("me/hts").commit({"README.md": readme, "v/a.htsvoice": tiny()})
    credit = tts.load("miku", "hf://me/hts#v").pre_download().speakers["miku"].voice.credit
    assert (credit.author, credit.url, credit.licence) == ("miku", "hf://me/hts", "cc-by-4.0")
    assert tts.store.bert_source is None


def test_what_a_source_holds_beside_voices_is_left_out_with_its_reason():
    paths = [*RHASSPY, "b/G_100.pth", "b/config.json", "c/a.onnx", "onnx/bert/q8/bert_q8.onnx", "d.onnx.json"]
    reasons = left_out(paths)
    assert reasons["en/en_US/joe/medium/en_US-joe-medium.onnx"].startswith("it is a voice for en_US")
    assert reasons["b/G_100.pth"].startswith("it is a voice for PyTorch only")
    assert reasons["c/a.onnx"].startswith("it has no a.onnx.json, or no config.json and no style_vectors.npy")
    assert reasons["d.onnx.json"] == "it has no d.onnx beside it"
    assert len(reasons) == 4
    assert left_out(list(PLUS)) == {}


def test_the_command_line_lists_every_kind_and_says_what_it_leaves_out(tmp_path):
    shutil.copytree(PIPER / "piper-plus", tmp_path / "anna")
    (tmp_path / "x.htsvoice").write_bytes(b"")
    (tmp_path / "lone.onnx").write_bytes(b"")
    ran = run_program("voices", "--json", "--source", str(tmp_path))
    assert json.loads(ran.stdout) == [
        {"name": "anna", "kind": "Piper", "path": "anna"},
        {"name": "x", "kind": "HTS voice", "path": "x.htsvoice"},
    ]
    assert ran.stderr.decode().startswith("lone.onnx is left out: it has no lone.onnx.json, or no config.json and no ")


def test_a_source_in_place_of_a_folder_is_one(tmp_path):
    (tmp_path / "x.htsvoice").write_bytes(tiny())
    source = open_source(str(tmp_path / "x.htsvoice"), tmp_path)
    assert fetch(source, "miku", None).files == {"normal": tmp_path / "x.htsvoice"}
