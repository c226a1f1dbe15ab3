"""The page alignment of shared objects."""

import struct
from collections.abc import Iterator
from pathlib import Path

PI_5_PAGE = 0x4000
"""The page size of the Pi 5's kernel, 16 KiB: an object whose segments have a smaller alignment cannot be mapped."""

_MAGIC = b"\x7fELF"
_CLASS_64, _LITTLE_ENDIAN = 2, 1
_LOAD = 1
# Elf64_Ehdr from e_phoff, and a whole Elf64_Phdr (System V ABI, chapter 4 and 5).
_TABLE_AT = struct.Struct("<QQIHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")


def offenders(folder: Path, page: int = PI_5_PAGE) -> Iterator[tuple[Path, int]]:
    """Yield the objects below ``folder`` that a kernel with such pages cannot map, and their smallest alignment."""
    for path in shared_objects(folder):
        if (least := least_alignment(path)) < page:
            yield path, least


def shared_objects(folder: Path) -> list[Path]:
    """Return the ELF files below ``folder``, by content."""
    files = (path for path in sorted(folder.rglob("*.so*")) if path.is_file() and not path.is_symlink())
    return [path for path in files if _start(path, len(_MAGIC)) == _MAGIC]


def least_alignment(path: Path) -> int:
    """Return the smallest alignment of a 64-bit object's loaded segments.

    Raises:
        ValueError: it is no such object, or has none.
    """
    header = _start(path, 64)
    if header[:4] != _MAGIC or len(header) < 64 or header[4:6] != bytes((_CLASS_64, _LITTLE_ENDIAN)):
        raise ValueError(f"{path}: is no ELF object of 64 bits")
    offset, _, _, _, size, count = _TABLE_AT.unpack_from(header, 32)
    with path.open("rb") as file:
        file.seek(offset)
        table = file.read(size * count)
    segments = [_SEGMENT.unpack_from(table, at) for at in range(0, len(table) - _SEGMENT.size + 1, max(1, size))]
    alignments = [int(segment[7]) for segment in segments if segment[0] == _LOAD]
    if not alignments:
        raise ValueError(f"{path}: has no segment to load")
    return min(alignments)


def _start(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)
