"""The metadata of an ONNX file, read without its graph, which has hundreds of megabytes."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# Fields of onnx.proto: ModelProto.metadata_props, StringStringEntryProto.key and .value.
_METADATA = 14
_KEY = 1
_VALUE = 2

# Icons and samples of a voice come to a few megabytes.
_LARGEST = 64 << 20


def read_metadata(path: Path) -> dict[str, bytes]:
    """Return the metadata of an ONNX file by key.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is cut short, or no protocol buffer.
    """
    with path.open("rb") as file:
        end = path.stat().st_size
        entries = [file.read(size) for number, size in _fields(file, end) if number == _METADATA]
    return dict(_entry(entry) for entry in entries)


def _fields(file: BinaryIO, end: int) -> Iterator[tuple[int, int]]:
    """Yield number and length of each field that has a length; a field that the caller does not read is skipped."""
    while (tag := _varint(file)) is not None:
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            _varint(file)
        elif kind == 2:
            size = _varint(file) or 0
            after = file.tell() + size
            if after > end or (number == _METADATA and size > _LARGEST):
                raise ValueError("it is cut short")
            yield number, size
            file.seek(after)
        elif kind in {1, 5}:
            file.seek(8 if kind == 1 else 4, 1)
        else:
            raise ValueError("it is no protocol buffer")


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
    from io import BytesIO

    file = BytesIO(data)
    parts = {number: file.read(size) for number, size in _fields(file, len(data))}
    return parts.get(_KEY, b"").decode("utf-8", "replace"), parts.get(_VALUE, b"")
