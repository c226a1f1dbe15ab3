"""The style vectors of Kokoro's voices, one for each length of a sentence, which may come from any source."""

import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.disk import open_file, read_regular
from wyoming_hayakoe.engine.npy import parse_floats
from wyoming_hayakoe.errors import HayakoeError, in_brief, some_of

Styles = npt.NDArray[np.float32]
"""One row for each length [lengths, 256]; row 0 is for a sentence of one symbol."""

_WIDTH = 256
# Published ones have 510: Kokoro takes 512 symbols, two of which stand at the ends.
_MOST_ROWS = 512
# Double precision at most, and a header.
_LARGEST = _MOST_ROWS * _WIDTH * 8 + (64 << 10)

# What ends a zip file: signature, numbers of disks and entries, size and place of the directory, size of a comment.
_END = 22
_END_SIGNATURE = b"PK\5\6"
_ZIP64_SIGNATURE = b"PK\6\7"
_ZIP64_LOCATOR = 20
# 54 voices take 4 kB; zipfile makes half a kilobyte of each entry's 46 bytes.
_LARGEST_DIRECTORY = 64 << 10


def read_table(path: Path) -> Styles:
    """Read the style vectors of one voice as onnx-community has them: single precision and nothing else.

    Raises:
        HayakoeError: the file is missing, or holds no such vectors.
    """
    try:
        data = read_regular(path, _LARGEST)
    except OSError as error:
        raise _unreadable(path, error) from None
    if not data or len(data) % (_WIDTH * 4) or len(data) > _MOST_ROWS * _WIDTH * 4:
        raise HayakoeError(f"{path}: holds no style vectors (it has {len(data)} bytes): fetch the voice again")
    styles: Styles = np.frombuffer(data, dtype="<f4").astype(np.float32).reshape(-1, _WIDTH)
    if not np.isfinite(styles).all():
        raise HayakoeError(f"{path}: has values that are no numbers: fetch the voice again")
    return styles


def read_archive(path: Path, voice: str) -> Styles:
    """Read the style vectors of one voice of many in NumPy's .npz format, as kokoro-onnx has them.

    Raises:
        HayakoeError: the file is missing, has no such voice, or holds no such vectors.
    """
    try:
        with open_file(path) as file:
            return parse_archive(file, voice, path)
    except OSError as error:
        raise _unreadable(path, error) from None


def parse_archive(file: BinaryIO, voice: str, path: Path) -> Styles:
    """Do as :func:`read_archive` does, with an open file from ``path``.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        _check_directory(file)
        with zipfile.ZipFile(file) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
            if voice not in names:
                heard = [name for name in names if name.startswith("j")] or names
                raise HayakoeError(f"{path}: has no voice {voice!r}: there is {some_of(map(_plain, heard))}")
            encoded = _member(archive, archive.getinfo(f"{voice}.npy"))
        return np.ascontiguousarray(parse_floats(encoded, _is_allowed).reshape(-1, _WIDTH))
    # RuntimeError is what zipfile raises for an encrypted entry.
    except (ValueError, RuntimeError, EOFError, struct.error, zipfile.BadZipFile, zlib.error) as error:
        raise HayakoeError(f"{path}: holds no style vectors ({in_brief(error)[:80]}): fetch the voice again") from None


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return the content of an entry, which may be compressed a thousand times."""
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ValueError("it is compressed as no .npz file is")
    if entry.file_size > _LARGEST:
        raise ValueError(f"it has {entry.file_size} bytes")
    with archive.open(entry) as file:
        return file.read(_LARGEST)


def _check_directory(file: BinaryIO) -> None:
    """Check the size of a zip file's directory, of which zipfile builds all at once; no .npz file has a comment."""
    size = file.seek(0, 2)
    file.seek(max(size - _END - _ZIP64_LOCATOR, 0))
    tail = file.read(_END + _ZIP64_LOCATOR)
    end = tail[-_END:]
    if not end.startswith(_END_SIGNATURE) or tail[:-_END].startswith(_ZIP64_SIGNATURE):
        raise ValueError("it is no .npz file")
    if int.from_bytes(end[12:16], "little") > _LARGEST_DIRECTORY:
        raise ValueError("it has too many entries")


def _is_allowed(shape: tuple[int, ...]) -> bool:
    return shape[1:] in {(_WIDTH,), (1, _WIDTH)} and 1 <= shape[0] <= _MOST_ROWS


def _plain(name: str) -> str:
    return name[:20] if name.isprintable() else repr(name[:20])


def _unreadable(path: Path, error: OSError) -> HayakoeError:
    return HayakoeError(f"{path}: cannot be read ({error.strerror}): fetch the voice again")
