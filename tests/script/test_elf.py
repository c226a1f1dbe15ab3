"""Which shared objects a kernel with large pages can map."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from script.arm64 import elf

LOAD, NOTE = 1, 4


def shared_object(segments):
    """Return an object of 64 bits with nothing but a header and a table of (kind, alignment)."""
    ident = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
    header = ident + struct.pack("<HHIQQQIHHHHHH", 3, 183, 1, 0, 64, 0, 0, 64, 56, len(segments), 0, 0, 0)
    return header + b"".join(struct.pack("<IIQQQQQQ", kind, 5, 0, 0, 0, 0, 0, align) for kind, align in segments)


@given(st.lists(st.tuples(st.sampled_from([LOAD, NOTE]), st.integers(0, 21).map(lambda bits: 1 << bits)), max_size=8))
def test_only_loaded_segments_count_and_the_least_decides(tmp_path_factory, segments):
    path = tmp_path_factory.mktemp("elf") / "x.so"
    path.write_bytes(shared_object(segments))
    loaded = [alignment for kind, alignment in segments if kind == LOAD]
    if loaded:
        assert elf.least_alignment(path) == min(loaded)
    else:
        with pytest.raises(ValueError, match="no segment to load"):
            elf.least_alignment(path)


def test_offenders_are_named(tmp_path):
    (tmp_path / "package").mkdir()
    for name, alignment in (("small.so", 0x1000), ("pi.so.1", 0x4000), ("package/large.cpython.so", 0x10000)):
        (tmp_path / name).write_bytes(shared_object([(LOAD, 0x10000), (LOAD, alignment)]))
    (tmp_path / "script.so").write_bytes(b"GROUP ( libc.so.6 )")
    (tmp_path / "link.so").symlink_to("small.so")
    assert len(elf.shared_objects(tmp_path)) == 3
    assert list(elf.offenders(tmp_path)) == [(tmp_path / "small.so", 0x1000)]
    assert {path.name for path, _ in elf.offenders(tmp_path, 0x8000)} == {"small.so", "pi.so.1"}


def test_a_real_one_is_understood():
    objects = elf.shared_objects(Path(np.__file__).parent)
    assert objects
    assert all(elf.least_alignment(path) >= 0x1000 for path in objects)


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"\x7fELF\x01\x01" + bytes(58), b"#!/bin/sh\n" + bytes(60)])
def test_what_is_no_such_object_is_refused(tmp_path, content):
    path = tmp_path / "x.so"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.so: is no ELF object"):
        elf.least_alignment(path)
