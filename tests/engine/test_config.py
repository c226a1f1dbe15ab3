"""config.json and style_vectors.npy, good and bad."""

import json
import shutil

import numpy as np
import pytest

from tests.support import TINY_REPO
from wyoming_hayakoe.engine.config import read_config, read_style_vectors, style_vector
from wyoming_hayakoe.errors import HayakoeError

SPEAKER = TINY_REPO / "onnx" / "speakers" / "rand-jp"


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "config.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def test_a_published_configuration_is_read():
    config = read_config(SPEAKER / "config.json")
    assert dict(config.styles) == {"Neutral": 0, "Happy": 1, "Sad": 2}
    assert (config.sample_rate, config.hop, config.add_blank) == (44100, 512, True)
    assert list(config.speakers.values()) == [0, 1]


def test_what_it_leaves_out_has_a_default(write):
    config = read_config(write({"version": "2.7.0-JP-Extra", "data": {"num_styles": 2}}))
    assert dict(config.styles) == {"0": 0, "1": 1}
    assert (config.sample_rate, config.hop, config.add_blank) == (44100, 512, True)
    assert list(config.speakers.values()) == [0]


def test_styles_stand_in_the_order_of_their_rows(write):
    path = write({"version": "JP-Extra", "data": {"style2id": {"Sad": 2, "Neutral": 0, "Happy": 1}}})
    assert list(read_config(path).styles) == ["Neutral", "Happy", "Sad"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "no JSON object"),
        ({"version": "2.0"}, "is not JP-Extra"),
        ({"version": "JP-Extra", "data": 1}, "data is no JSON object"),
        ({"version": "JP-Extra", "data": {"sampling_rate": "fast"}}, "sampling_rate is not a whole number"),
        ({"version": "JP-Extra", "data": {"hop_length": 0}}, "hop_length is not a whole number"),
        ({"version": "JP-Extra", "data": {"style2id": {"a": -1}}}, "style2id is not a list of names"),
        ({"version": "JP-Extra", "data": {"style2id": {"a\n": 1}}}, "style2id is not a list of names"),
        ({"version": "JP-Extra", "data": {"style2id": ["a"]}}, "style2id is no JSON object"),
        ({"version": "JP-Extra", "data": {"spk2id": {"a": True}}}, "spk2id is not a list of names"),
    ],
)
def test_a_bad_configuration_is_named(write, content, words):
    path = write(content)
    with pytest.raises(HayakoeError) as error:
        read_config(path)
    assert str(error.value).startswith(f"{path}: ")
    assert words in str(error.value)


def test_a_missing_configuration_is_named(tmp_path):
    with pytest.raises(HayakoeError, match="is missing: fetch the voice again"):
        read_config(tmp_path / "config.json")


@pytest.mark.parametrize(
    "vectors",
    [
        np.zeros((3, 255), dtype=np.float32),
        np.zeros(256, dtype=np.float32),
        np.full((3, 256), np.nan, dtype=np.float32),
        np.zeros((2, 256), dtype=np.float32),
        np.array([["a"] * 256] * 3),
        np.array([[{}] * 256] * 3, dtype=object),
    ],
    ids=["narrow", "flat", "NaN", "a style short", "text", "pickle"],
)
def test_bad_style_vectors_are_named(tmp_path, vectors):
    path = tmp_path / "style_vectors.npy"
    np.save(path, vectors, allow_pickle=True)
    with pytest.raises(HayakoeError, match="fetch the voice again") as error:
        read_style_vectors(path, read_config(SPEAKER / "config.json"))
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"not an array", None])
def test_truncated_style_vectors_are_named(tmp_path, content):
    path = tmp_path / "style_vectors.npy"
    path.write_bytes((SPEAKER / path.name).read_bytes()[:-100] if content is None else content)
    with pytest.raises(HayakoeError, match="fetch the voice again"):
        read_style_vectors(path, read_config(SPEAKER / "config.json"))


def test_a_header_that_claims_more_than_there_is_takes_no_memory(tmp_path):
    path = tmp_path / "style_vectors.npy"
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (100_000_000, 256)}
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(HayakoeError, match="fetch the voice again"):
        read_style_vectors(path, read_config(SPEAKER / "config.json"))


def test_other_precisions_are_read(tmp_path):
    expected = read_style_vectors(SPEAKER / "style_vectors.npy", read_config(SPEAKER / "config.json"))
    shutil.copy(SPEAKER / "config.json", tmp_path)
    np.save(tmp_path / "style_vectors.npy", expected.astype(np.float64))
    found = read_style_vectors(tmp_path / "style_vectors.npy", read_config(tmp_path / "config.json"))
    assert found.dtype == np.float32
    assert np.array_equal(found, expected)


def test_a_weight_is_a_way_from_the_mean():
    vectors = np.array([[1.0, 2.0], [3.0, 2.0]], dtype=np.float32)
    for weight, expected in ((0, [1, 2]), (1, [3, 2]), (0.5, [2, 2]), (2, [5, 2])):
        assert np.allclose(style_vector(vectors, 1, weight), expected)
