"""The small files of a Kokoro voice from elsewhere: read or refused in one line, in bounded memory and time."""

import io
import json
import os
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile.odd_files import refused
from tests.kokoro_folders import STYLES, as_kokoro_onnx
from wyoming_hayakoe.engine.kokoro.styles import parse_archive, read_archive, read_table
from wyoming_hayakoe.engine.kokoro.symbol_table import PUBLISHED, read_symbols
from wyoming_hayakoe.errors import HayakoeError

GIB = 1 << 30


def npy(array, **kwargs):
    file = io.BytesIO()
    np.save(file, array, **kwargs)
    return file.getvalue()


def header(shape, kind="<f4"):
    """Return a header that promises an array of any size, and no array."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
    return file.getvalue()


def archive(path, content, compression=zipfile.ZIP_STORED, name="jf_alpha.npy"):
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (npy(STYLES[:, :, :128]), "its shape is (510, 1, 128)"),
        (npy(np.tile(STYLES, (2, 1, 1))), "its shape is (1020, 1, 256)"),
        (npy(STYLES[0, 0]), "its shape is (256,)"),
        (npy(STYLES[:0]), "its shape is (0, 1, 256)"),
        (npy(STYLES.astype(np.int32)), "its values are int32"),
        (npy(STYLES.astype(np.complex64)), "its values are complex64"),
        (npy(np.where(STYLES > 2, np.nan, STYLES)), "it has values that are no numbers"),
        (npy(np.where(STYLES > 2, np.inf, STYLES)), "it has values that are no numbers"),
        (npy(np.array([{"a": 1}]), allow_pickle=True), "its shape is (1,)"),
        (header((510, 1, 256)), "EOF: reading array data"),
        (header((1 << 40, 1, 256)), "its shape is"),
        (header((510, 1, 256), "<f4" + "\0"), ""),
        (b"", ""),
        (b"\x93NUMPY\x09\x00", ""),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b"(" * 5000, ""),
        (b"\x93NUMPY\x01\x00\x88\x13" + b"(" * 5000, ""),
    ],
)
def test_an_array_of_an_archive_is_checked(content, reason, tmp_path):
    path = archive(tmp_path / "voices-v1.0.bin", content)
    assert reason in refused(lambda: read_archive(path, "jf_alpha"))


def test_an_array_that_unpacks_to_a_quarter_of_a_gibibyte_is_not_unpacked(tmp_path):
    path = tmp_path / "voices-v1.0.bin"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        file.open("jf_alpha.npy", "w") as entry,
    ):
        entry.write(header((GIB // 1024, 1, 256)))
        for _ in range(16):
            entry.write(bytes(GIB // 64))
    assert "bytes): fetch the voice again" in refused(lambda: read_archive(path, "jf_alpha"))


def test_an_array_that_is_larger_than_its_entry_says_is_cut_off(tmp_path):
    content = npy(STYLES) + bytes(64 << 20)
    path = archive(tmp_path / "voices-v1.0.bin", content, zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    for place in (data.find(b"PK\1\2") + 24, 22):
        data[place : place + 4] = struct.pack("<I", len(npy(STYLES)))
    path.write_bytes(data)
    assert "Bad CRC-32" in refused(lambda: read_archive(path, "jf_alpha"))


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(compression, tmp_path):
    path = archive(tmp_path / "voices-v1.0.bin", npy(STYLES), compression)
    assert "compressed as no .npz file is" in refused(lambda: read_archive(path, "jf_alpha"))


def test_an_archive_with_a_million_entries_is_not_listed(tmp_path):
    path = as_kokoro_onnx(tmp_path) / "voices-v1.0.bin"
    data = path.read_bytes()
    entry = data[data.find(b"PK\1\2") :][: 46 + len("af_heart.npy")]
    end = data[-22:]
    directory = entry * 1_000_000
    ending = end[:12] + struct.pack("<II", len(directory), data.find(b"PK\1\2")) + end[20:]
    path.write_bytes(data[: data.find(b"PK\1\2")] + directory + ending)
    assert "too many entries" in refused(lambda: read_archive(path, "jf_alpha"))


def test_an_archive_whose_size_is_elsewhere_is_refused(tmp_path):
    path = as_kokoro_onnx(tmp_path) / "voices-v1.0.bin"
    data = path.read_bytes()
    path.write_bytes(data[:-22] + b"PK\6\7" + bytes(16) + data[-22:])
    assert "is no .npz file" in refused(lambda: read_archive(path, "jf_alpha"))


def test_names_in_an_archive_are_shown_as_text(tmp_path):
    path = tmp_path / "voices-v1.0.bin"
    with zipfile.ZipFile(path, "w") as file:
        for number in range(500):
            file.writestr(f"j\n\x1b[2J{number}{'a' * 60}.npy", b"")
    line = refused(lambda: read_archive(path, "jf_alpha"))
    assert "has no voice 'jf_alpha'" in line or "too many entries" in line
    assert "\x1b" not in line


@given(st.data())
def test_a_damaged_archive_is_read_or_refused(data):
    whole = io.BytesIO()
    np.savez_compressed(whole, jf_alpha=STYLES[:2], jm_kumo=STYLES[:3])
    content = bytearray(whole.getvalue())
    for _ in range(data.draw(st.integers(1, 8))):
        # Most of the file is what the arrays hold: what is told of them is at its ends.
        place = data.draw(st.integers(0, 200) | st.integers(len(content) - 200, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    try:
        styles = parse_archive(io.BytesIO(content), "jf_alpha", "voices")
    except HayakoeError as error:
        assert "\n" not in str(error)  # noqa: PT017 - some are no error at all
    else:
        assert styles.shape[1] == 256
        assert np.isfinite(styles).all()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it has 0 bytes"),
        (b"\0" * 1023, "it has 1023 bytes"),
        (STYLES.tobytes() * 2, "it has 1044480 bytes"),
        (STYLES.tobytes() * 3, "cannot be read"),
        (np.full((2, 256), np.nan, np.float32).tobytes(), "values that are no numbers"),
    ],
)
def test_a_table_is_checked(content, reason, tmp_path):
    path = tmp_path / "jf_alpha.bin"
    path.write_bytes(content)
    assert reason in refused(lambda: read_table(path))


@pytest.mark.parametrize("read", [read_table, lambda path: read_archive(path, "jf_alpha")])
def test_what_never_ends_or_blocks_is_left_alone(read, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(8 << 40)
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "zeros", "huge", "folder", "missing"):
        assert name in refused(lambda path=tmp_path / name: read(path))


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        "[]",
        '"a"',
        "\ud800".encode("utf-8", "surrogatepass"),
        json.dumps({"vocab": ["a"]}),
        json.dumps({"vocab": "a"}),
        json.dumps({"vocab": None}),
        json.dumps({"model": {"vocab": {"ab": 1}}}),
        json.dumps({"vocab": {"": 1}}),
        json.dumps({"vocab": {"a": 178}}),
        json.dumps({"vocab": {"a": -1}}),
        json.dumps({"vocab": {"a": 1.0}}),
        json.dumps({"vocab": {"a": True}}),
        json.dumps({"vocab": {"a": [1]}}),
        '{"vocab": {"a": 1' + "0" * 5000 + "}}",
        '{"vocab": {"a": NaN}}',
        " " * (2 << 20),
    ],
)
@pytest.mark.parametrize("name", ["tokenizer.json", "config.json"])
def test_symbols_are_checked(name, content, tmp_path):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert name in refused(lambda: read_symbols(tmp_path))


@pytest.mark.parametrize("content", ["{}", '{"model": {}}', '{"model": "a"}', '{"vocab": {}}', '{"vocab": {"$": 0}}'])
def test_without_symbols_the_published_ones_count(content, tmp_path):
    (tmp_path / "tokenizer.json").write_text(content)
    assert read_symbols(tmp_path) == PUBLISHED
