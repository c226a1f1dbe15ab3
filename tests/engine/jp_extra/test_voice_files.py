"""Voices as others publish them: a Style-Bert-VITS2 folder, and AivisSpeech's one file."""

import json
import shutil

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import TINY_REPO
from tests.voice_kinds import MANIFEST, SPEAKER, as_aivmx, as_folder, npy
from wyoming_hayakoe import TTS
from wyoming_hayakoe.engine.about import About, read_about
from wyoming_hayakoe.engine.graphs.metadata import read_metadata
from wyoming_hayakoe.engine.jp_extra.voice_files import read_voice
from wyoming_hayakoe.errors import HayakoeError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)


def test_all_kinds_are_one_voice(tmp_path):
    expected = read_voice(SPEAKER)
    for place in (as_folder(tmp_path / "folder"), as_aivmx(tmp_path / "voice.aivmx")):
        voice = read_voice(place)
        assert np.array_equal(voice.style_vectors, expected.style_vectors)
        assert voice.config.speakers == expected.config.speakers
    assert read_voice(tmp_path / "folder").model.name == "rand_e100_s2000.onnx"
    assert expected.predictor == SPEAKER / "duration_predictor.onnx"


def test_all_kinds_sound_alike(tmp_path):
    tts = TTS(cache_dir=tmp_path / "data", bert_source=str(TINY_REPO), precision="fp32")
    tts.load("rand-jp", str(TINY_REPO))
    tts.load("folder", str(as_folder(tmp_path / "folder"))).load("file", str(as_aivmx(tmp_path / "voice.aivmx")))
    # Other levels would be measured for other files, from the same sound.
    spoken = {
        name: tts.speakers[name].generate("こんにちは。今日は晴れです。", seed=1, normalize="peak").pcm_bytes()
        for name in ("rand-jp", "folder", "file")
    }
    assert len(set(spoken.values())) == 1
    assert list(tts.speakers["file"].styles) == ["ノーマル", "うれしい"]


def test_a_file_says_who_made_it(tmp_path):
    assert read_voice(as_aivmx(tmp_path / "voice.aivmx")).about == About(
        description="乱数で できた 声",
        author="Somebody, Anna",
        url="https://example.com/voice",
        licence="Aivis Common Model License (ACML) 1.0",
    )


@pytest.mark.parametrize(
    ("name", "text", "licence"),
    [
        ("README.md", "---\nlicense: cc-by-4.0\nlanguage: ja\n---\n# Anna", "cc-by-4.0"),
        ("README.md", '---\nlicense: "mit"\n---', "mit"),
        ("README.md", "# Anna\nlicense: none", ""),
        ("LICENSE", "\n\n  MIT License\n\nCopyright", "MIT License"),
        ("LICENSE.txt", "x" * 1000, "x" * 140),
        ("LICENSE", "a\x1b[31mb", "a [31mb"),
    ],
)
def test_a_folder_says_its_licence(tmp_path, name, text, licence):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_about(tmp_path).licence == licence


def changed(**changes):
    return json.dumps(MANIFEST | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"aivm_manifest": None}, "is no AIVMX file (it has no aivm_manifest)"),
        ({"aivm_style_vectors": None}, "is no AIVMX file (it has no aivm_style_vectors)"),
        ({"aivm_manifest": "{"}, "is not JSON"),
        ({"aivm_manifest": "[]"}, "is no JSON object"),
        ({"aivm_manifest": changed(model_architecture="Style-Bert-VITS2")}, "is a voice of 'Style-Bert-VITS2', not"),
        ({"aivm_hyper_parameters": '{"version": "2.0"}'}, "is not JP-Extra"),
        ({"aivm_hyper_parameters": "x"}, "is not JSON"),
        ({"aivm_style_vectors": "ä"}, "holds no style vectors"),
        ({"aivm_style_vectors": "AAAA"}, "holds no style vectors"),
        ({"aivm_style_vectors": npy(np.zeros((2, 3), np.float32))}, "holds no style vectors (its shape is (2, 3))"),
        ({"aivm_style_vectors": npy(np.zeros((1, 256), np.float32))}, "none for style 'うれしい'"),
        (
            {"aivm_manifest": changed(speakers=[{"styles": [{"name": "a", "local_id": -1}]}])},
            "a speaker's styles is not a list of names",
        ),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path, changes, words):
    path = as_aivmx(tmp_path / "voice.aivmx", **changes)
    with pytest.raises(HayakoeError) as error:
        read_voice(path)
    assert words in str(error.value)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


@settings(max_examples=60)
@given(manifest=st.dictionaries(st.sampled_from(sorted(MANIFEST)), JSON))
def test_whatever_a_manifest_says_is_read_or_refused(tmp_path, manifest):
    architecture = {"model_architecture": MANIFEST["model_architecture"]}
    path = as_aivmx(tmp_path / "voice.aivmx", aivm_manifest=json.dumps(manifest | architecture))
    try:
        about = read_voice(path).about
    except HayakoeError as error:
        assert "\n" not in str(error)  # noqa: PT017 - most are no error at all
    else:
        assert all(text.isprintable() for text in (about.description, about.author, about.url, about.licence))


@given(content=st.binary(max_size=300) | st.integers(0, 2000))
def test_whatever_a_file_holds_is_read_or_refused(tmp_path, content):
    path = tmp_path / "voice.aivmx"
    if isinstance(content, int):
        model = onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], []))
        model.metadata_props.add(key="aivm_manifest", value="x" * 1000)
        content = model.SerializeToString()[:content]
    path.write_bytes(content)
    with pytest.raises(HayakoeError, match=r"^[^\n]*voice\.aivmx: [^\n]*$"):
        read_voice(path)


def test_metadata_is_what_onnx_says(tmp_path):
    path = as_aivmx(tmp_path / "voice.aivmx", other="値")
    expected = {entry.key: entry.value.encode() for entry in onnx.load(path).metadata_props}
    assert read_metadata(path) == expected


def test_a_folder_with_several_graphs_is_refused_unless_one_is_named(tmp_path):
    folder = as_folder(tmp_path / "voice")
    shutil.copyfile(folder / "rand_e100_s2000.onnx", folder / "rand_e200_s4000.onnx")
    with pytest.raises(HayakoeError, match=r"several graphs \(rand_e100_s2000.onnx, rand_e200_s4000.onnx\)"):
        read_voice(folder)
    shutil.copyfile(folder / "rand_e100_s2000.onnx", folder / "synthesizer.onnx")
    assert read_voice(folder).model.name == "synthesizer.onnx"
