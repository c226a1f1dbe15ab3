"""The metadata of an ONNX file, read without its graph, which has hundreds of megabytes."""

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from wyoming_hayakoe.disk import open_file

# Fields of onnx.proto: ModelProto.metadata_props, StringStringEntryProto.key and .value.
_METADATA = 14
_KEY = 1
_VALUE = 2

# Icons and samples of a voice come to a few megabytes; all entries together.
_LARGEST = 64 << 20
# A file that was made for it has one every two bytes.
_MOST_FIELDS = 10_000


def read_metadata(path: Path) -> dict[str, bytes]:
    """Return the metadata of an ONNX file by key.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is cut short, or no protocol buffer, or has too much metadata.
    """
    with open_file(path) as file:
        entries, left = [], _LARGEST
        for number, size in _fields(file, os.fstat(file.fileno()).st_size):
            if number == _METADATA:
                left -= size
                if left < 0:
                    raise ValueError(f"it has more than {_LARGEST >> 20} MiB of metadata")
                entries.append(file.read(size))
    return dict(_entry(entry) for entry in entries)


def _fields(file: BinaryIO, end: int) -> Iterator[tuple[int, int]]:
    """Yield number and length of each field that has a length; a field that the caller does not read is skipped."""
    for _ in range(_MOST_FIELDS):
        if (tag := _varint(file)) is None:
            return
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            _varint(file)
        elif kind == 2:
            size = _varint(file) or 0
            after = file.tell() + size
            if after > end:
                raise ValueError("it is cut short")
            yield number, size
            file.seek(after)
        elif kind in {1, 5}:
            file.seek(8 if kind == 1 else 4, 1)
        else:
            raise ValueError("it is no protocol buffer")
    raise ValueError(f"it has more than {_MOST_FIELDS} fields")


def _varint(file: BinaryIO) -> int | None:
    """Return the next number; None at the end of the file."""
    number = 0
    for shift in range(0, 64, 7):
        byte = file.read(1)
        if not byte:
            if shift:
                raise ValueError("it is cut short")
            return None
        number |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return number
    raise ValueError("it is no protocol buffer")


def _entry(data: bytes) -> tuple[str, bytes]:
    file = BytesIO(data)
    parts = {number: file.read(size) for number, size in _fields(file, len(data))}
    return parts.get(_KEY, b"").decode("utf-8", "replace"), parts.get(_VALUE, b"")
