import contextlib
import io
import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.support import TINY_REPO
from wyoming_hayakoe.engine.jp_extra.config import VoiceConfig, read_config, read_style_vectors, style_vector
from wyoming_hayakoe.errors import HayakoeError

VOICE = TINY_REPO / "onnx" / "speakers" / "rand-jp"
CONFIG = VoiceConfig(44_100, 512, add_blank=True, styles={"Neutral": 0, "Happy": 1}, speakers={"rand": 0})
VECTORS = np.linspace(-1, 1, 3 * 256, dtype=np.float32).reshape(3, 256)


def written(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def saved(path, array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    path.write_bytes(file.getvalue())
    return path


def refusal(read, *arguments):
    """Return what is said of a file that is refused: it is named, and all is one line."""
    with pytest.raises(HayakoeError) as error:
        read(*arguments)
    words = str(error.value)
    assert words.startswith(f"{arguments[0]}: ")
    assert "\n" not in words
    assert len(words) < len(str(arguments[0])) + 200
    return words


def test_a_published_configuration_is_read():
    assert read_config(VOICE / "config.json") == VoiceConfig(
        sample_rate=44_100,
        hop=512,
        add_blank=True,
        styles={"Neutral": 0, "Happy": 1, "Sad": 2},
        speakers={"speaker-0": 0, "speaker-1": 1},
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            {"version": "2.0-JP-Extra"},
            VoiceConfig(44_100, 512, add_blank=True, styles={"0": 0}, speakers={"speaker": 0}),
        ),
        (
            {"data": {"use_jp_extra": True, "num_styles": 3, "style2id": {}, "spk2id": {}}},
            VoiceConfig(44_100, 512, add_blank=True, styles={"0": 0, "1": 1, "2": 2}, speakers={"speaker": 0}),
        ),
        (
            {
                "version": "2.4.1-JP-Extra",
                "data": {
                    "use_jp_extra": False,
                    "sampling_rate": 22_050,
                    "hop_length": 256,
                    "add_blank": False,
                    "style2id": {"怒り": 1, "Neutral": 0},
                    "spk2id": {"あみ": 3, "ゆう": 1},
                },
                "train": "is not looked at",
            },
            VoiceConfig(
                22_050, 256, add_blank=False, styles={"Neutral": 0, "怒り": 1}, speakers={"ゆう": 1, "あみ": 3}
            ),
        ),
    ],
    ids=["nothing but a version", "styles without names", "everything"],
)
def test_what_a_configuration_leaves_out_is_as_usual(tmp_path, content, expected):
    config = read_config(written(tmp_path / "config.json", content))
    assert config == expected
    assert list(config.styles.values()) == sorted(config.styles.values())


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = tmp_path / "config.json"
    path.write_bytes(b"\xef\xbb\xbf" + (VOICE / "config.json").read_bytes())
    assert read_config(path) == read_config(VOICE / "config.json")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 50_000, "is not JSON"),
        ('{"version": ' + "1" * 10_000 + "}", "is not JSON"),
        (" " * (1 << 20) + "{}", "is not JSON"),
        ([], "the file is no JSON object"),
        ({"version": "2.0-JP-Extra", "data": []}, "data is no JSON object"),
        ({}, "version '' is not JP-Extra: choose a JP-Extra voice"),
        ({"version": "1.3\n" * 100}, r"version '1.3\n1.3\n"),
        ({"version": 2.0, "data": {"use_jp_extra": "yes"}}, "version '2.0' is not JP-Extra"),
    ],
)
def test_what_is_no_configuration_of_a_jp_extra_voice_is_refused(tmp_path, content, words):
    assert words in refusal(read_config, written(tmp_path / "config.json", content))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("sampling_rate", 0, "sampling_rate is not a whole number from 8000 to 192000"),
        ("sampling_rate", True, "sampling_rate is not a whole number"),
        ("sampling_rate", None, "sampling_rate is not a whole number"),
        ("hop_length", 1e400, "hop_length is not a whole number from 1 to 8192"),
        ("hop_length", "512", "hop_length is not a whole number"),
        ("add_blank", "false", "add_blank is neither true nor false"),
        ("num_styles", 0, "num_styles is not a whole number from 1 to 10000"),
        ("style2id", ["Neutral"], "style2id is no JSON object"),
        ("style2id", {"Neutral": -1}, "style2id is not a list of names with their rows"),
        ("style2id", {"Neutral": "0"}, "style2id is not a list"),
        ("style2id", {"Neutral": False}, "style2id is not a list"),
        ("style2id", {"": 0}, "style2id is not a list"),
        ("style2id", {" ": 0}, "style2id is not a list"),
        ("style2id", {"a\nb": 0}, "style2id is not a list"),
        ("style2id", {"あ" * 101: 0}, "style2id is not a list"),
        ("spk2id", {"rand": 10_000}, "spk2id is not a list"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(tmp_path, key, value, words):
    content = {"version": "2.0-JP-Extra", "data": {key: value}}
    assert words in refusal(read_config, written(tmp_path / "config.json", content))


@pytest.mark.parametrize("read", [read_config, lambda path: read_style_vectors(path, CONFIG)])
def test_a_file_that_cannot_be_opened_is_told_from_a_damaged_one(tmp_path, read):
    assert "is missing: fetch the voice again" in refusal(read, tmp_path / "missing")
    assert "cannot be read (not a regular file)" in refusal(read, tmp_path)


def test_published_style_vectors_are_read():
    vectors = read_style_vectors(VOICE / "style_vectors.npy", read_config(VOICE / "config.json"))
    assert vectors.shape == (3, 256)
    assert np.array_equal(vectors, np.load(VOICE / "style_vectors.npy"))


@pytest.mark.parametrize(
    "array",
    [VECTORS, VECTORS.astype(np.float64), VECTORS.astype(">f4"), np.asfortranarray(VECTORS)],
    ids=["float32", "float64", "big-endian", "columns first"],
)
def test_style_vectors_may_be_saved_in_any_way(tmp_path, array):
    vectors = read_style_vectors(saved(tmp_path / "style_vectors.npy", array), CONFIG)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, VECTORS)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (VECTORS[:1], "has 1 row and none for style 'Happy'"),
        (VECTORS[0], "holds no style vectors (its shape is (256,))"),
        (VECTORS[:, :128], "its shape is (3, 128)"),
        (VECTORS[:0], "its shape is (0, 256)"),
        (np.zeros((10_001, 256), dtype=np.float16), "its shape is (10001, 256)"),
        (VECTORS.astype(np.int32), "its values are int32"),
        (VECTORS.astype(np.complex64), "its values are complex64"),
        (VECTORS.astype("U5"), "its values are <U5"),
        (VECTORS.astype(object), "its values are object"),
        (np.where(VECTORS > 0.9, np.nan, VECTORS), "has values that are no numbers"),
        (VECTORS.astype(np.float64) * 1e300, "has values that are no numbers"),
    ],
)
def test_an_array_that_holds_no_style_vectors_is_refused(tmp_path, array, words):
    assert words in refusal(read_style_vectors, saved(tmp_path / "style_vectors.npy", array), CONFIG)


def header(shape, kind="'<f4'", version=b"\x01\x00"):
    text = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY" + version + len(text).to_bytes(2 * version[0], "little") + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04" + b"\0" * 2000,
        header("(3, 256)"),
        header("(3, 256)") + b"\0" * 1000,
        header("(100000000, 256)") + b"\0" * 3072,
        header("(4611686018427387904, 256)") + b"\0" * 3072,
        header("(-1, 256)") + b"\0" * 3072,
        header("(3, 256)", version=b"\x02\x00"),
        header("(3, 256)", version=b"\x09\x00") + b"\0" * 3072,
        header("3") + b"\0" * 3072,
        header("(3, 256)", kind="'|O'") + b"cos\nsystem\n(S'true'\ntR." + b"\0" * 3072,
        header("(3, 256)", kind="[('a', '<f4')]") + b"\0" * 3072,
        header("(" * 500 + ")" * 500),
        header("(3L, 256)'''"),
        header("-" * 3000 + "1"),
        header("-" * 9000 + "1"),
        header("(" * 9000),
        header("__import__('os').abort()"),
    ],
)
def test_a_header_is_believed_in_nothing(tmp_path, content):
    path = tmp_path / "style_vectors.npy"
    path.write_bytes(content)
    assert "fetch the voice again" in refusal(read_style_vectors, path, CONFIG)


@given(st.integers(0, 200), st.binary(min_size=1, max_size=8))
def test_a_damaged_header_is_read_or_refused(tmp_path_factory, position, damage):
    path = tmp_path_factory.mktemp("damaged") / "style_vectors.npy"
    content = bytearray((VOICE / "style_vectors.npy").read_bytes())
    content[position : position + len(damage)] = damage
    path.write_bytes(content)
    with contextlib.suppress(HayakoeError):
        assert read_style_vectors(path, CONFIG).shape[1] == 256
    shutil.rmtree(path.parent)


@given(
    arrays.arrays(np.float32, (3, 256), elements=st.floats(-8, 8, width=32)),
    st.integers(0, 2),
    st.floats(0, 20),
)
def test_a_style_is_as_far_from_the_mean_as_its_weight_says(vectors, row, weight):
    expected = vectors[0].astype(np.float64) * (1 - weight) + vectors[row].astype(np.float64) * weight
    vector = style_vector(vectors, row, weight)
    assert vector.dtype == np.float32
    assert vector == pytest.approx(expected, abs=1e-3)
