"""HTS voices derived from Mei's file, which pyopenjtalk-plus has: none lies in this repository."""

import functools
import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyopenjtalk

from wyoming_hayakoe.engine.hts.distributions import stream_part
from wyoming_hayakoe.engine.hts.header import parse_header

MEI = Path(os.fsdecode(pyopenjtalk.DEFAULT_HTS_VOICE))
_DATA = b"\n[DATA]\n"


@functools.cache
def mei() -> bytes:
    return MEI.read_bytes()


def with_header(data: bytes, **changes: object) -> bytes:
    """Return a file with other values in its header, of any length: positions count from the header's end."""
    header, numbers = data.split(_DATA, 1)
    for name, value in changes.items():
        header, count = re.subn(rf"(?m)^{re.escape(name)}:.*$".encode(), f"{name}:{value}".encode(), header)
        assert count == 1, name
    return header + _DATA + numbers


def louder(data: bytes, decibels: float) -> bytes:
    """Return a file with another level, which the first number of a spectrum gives as a logarithm."""
    header = parse_header(data)
    changed = bytearray(data)
    first, _ = header.spans["STREAM_PDF[MCP]"][0]
    leaves = stream_part(data, header, "MCP").leaves.values.copy()
    leaves[:, 0] += np.log(10) * decibels / 20
    start = first + 4 * header.states
    changed[start : start + leaves.nbytes] = leaves.tobytes()
    return bytes(changed)


@functools.cache
def tiny() -> bytes:
    """Return Mei with two leaves for each tree: 20 kB, which sound like nothing but are all that the engine reads."""
    data = mei()
    header = parse_header(data)
    trees = dict.fromkeys((f"STREAM_{{}}[{stream}]" for stream in header.streams), header.states)
    trees |= {f"GV_{{}}[{name}]": 1 for name, stream in header.streams.items() if stream.uses_gv}
    trees["DURATION_{}"] = 1
    parts: dict[str, list[bytes]] = {}
    for name, count in trees.items():
        first, last = header.spans[name.format("PDF")][0]
        parts[name.format("PDF")] = [_two_leaves(data[first:last], count)]
        parts[name.format("TREE")] = [_two_leaf_trees(count)]
    for stream in header.streams:
        parts[f"STREAM_WIN[{stream}]"] = [data[first:last] for first, last in header.spans[f"STREAM_WIN[{stream}]"]]
    return assembled(data, parts)


def assembled(data: bytes, parts: Mapping[str, list[bytes]]) -> bytes:
    """Return a file with the header of ``data`` and other parts."""
    numbers, positions = b"", {}
    for name, pieces in parts.items():
        spans = []
        for piece in pieces:
            spans.append(f"{len(numbers)}-{len(numbers) + len(piece) - 1}")
            numbers += piece
        positions[name] = ",".join(spans)
    return with_header(data.split(_DATA, 1)[0] + _DATA + numbers, **positions)


def _two_leaves(part: bytes, trees: int) -> bytes:
    counts = np.frombuffer(part, "<u4", trees)
    leaves = np.frombuffer(part[4 * trees :], "<f4").reshape(int(counts.sum()), -1)
    by_tree = np.split(leaves, np.cumsum(counts)[:-1])
    # A tree of one leaf gets it twice.
    twos = [np.resize(tree, (2, leaves.shape[1])) for tree in by_tree]
    return np.full(trees, 2, "<u4").tobytes() + np.concatenate(twos).tobytes()


def _two_leaf_trees(trees: int) -> bytes:
    lines = ['QS C-Vowel { "*-a+*","*-i+*","*-?+*" }', ""]
    for state in range(2, 2 + trees):
        lines += [f"{{*}}[{state}]", "{", ' 0 C-Vowel "leaf_2" "leaf_1"', "}", ""]
    return "\n".join(lines).encode()
