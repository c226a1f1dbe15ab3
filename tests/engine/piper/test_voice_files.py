"""Files of Piper voices: every place where a configuration lies, and what notes beside it say."""

import pytest

from tests.engine.piper.made import PIPER, PLUS, config_file
from wyoming_hayakoe.engine.about import About
from wyoming_hayakoe.engine.piper.voice_files import read_piper
from wyoming_hayakoe.errors import HayakoeError

CARD = """# Model card for anna (medium)

* Language: ja_JP

## Dataset

* URL: https://example.com/anna
* License: CC0

## Training

* License: of something else
"""


def graph(folder, name="anna.onnx"):
    path = folder / name
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize(
    ("model", "config"),
    [
        ("anna.onnx", "anna.onnx.json"),
        ("model.onnx", "config.json"),
        ("anna.onnx", "config.json"),
        ("a.onnx", "b.onnx.json"),
    ],
)
def test_a_voice_is_a_graph_or_the_folder_with_it(tmp_path, model, config):
    path = graph(tmp_path, model)
    config_file(tmp_path, PIPER, config)
    found = read_piper(tmp_path)
    assert found == read_piper(path)
    assert (found.model, found.config.kind) == (path, "piper")
    assert found.about == About(description="anna (medium)")


def test_a_folder_may_hold_several_voices(tmp_path):
    config_file(tmp_path, PIPER, "anna.onnx.json")
    config_file(tmp_path, PLUS, "ken.onnx.json")
    anna, ken = graph(tmp_path), graph(tmp_path, "ken.onnx")
    assert read_piper(anna).config.kind == "piper"
    assert read_piper(ken).config.kind == "piper-plus"
    with pytest.raises(HayakoeError, match=r"holds several graphs \(anna.onnx, ken.onnx\): leave one, or name one"):
        read_piper(tmp_path)
    (tmp_path / "MODEL_CARD").write_text("* License: of one of them\n")
    assert read_piper(anna).about.licence == ""


def test_a_folder_with_a_named_graph_has_that_one(tmp_path):
    config_file(tmp_path, PIPER, "config.json")
    graph(tmp_path, "speaker_encoder.onnx")
    path = graph(tmp_path, "model.onnx")
    assert read_piper(tmp_path).model == path


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(HayakoeError, match=r"model.onnx.json: is missing: fetch the voice again"):
        read_piper(tmp_path)
    with pytest.raises(HayakoeError, match=r"anna.onnx.json: is missing: fetch the voice again"):
        read_piper(tmp_path / "anna.onnx")


@pytest.mark.parametrize(
    ("name", "text", "licence", "url"),
    [
        (
            "MODEL_CARD",
            CARD,
            "CC0",
            "https://example.com/anna",
        ),
        ("MODEL_CARD", "* URL: javascript:alert(1)\n- licence: MIT\x1b[2J\n", "MIT [2J", ""),
        ("MODEL_CARD", "\n" * 20_000, "", ""),
        ("README.md", "---\nlicense: cc-by-4.0\n---\n# Anna\n", "cc-by-4.0", ""),
        ("LICENSE", "\nMIT License\n", "MIT License", ""),
    ],
)
def test_notes_beside_the_graph_name_licence_and_page(tmp_path, name, text, licence, url):
    config_file(tmp_path, PIPER)
    graph(tmp_path)
    (tmp_path / name).write_text(text, encoding="utf-8")
    about = read_piper(tmp_path).about
    assert (about.licence, about.url) == (licence, url)
