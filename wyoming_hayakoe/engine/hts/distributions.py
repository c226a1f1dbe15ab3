"""Numbers of an .htsvoice file: the means and variances at the leaves of its trees.

A part begins with the number of distributions for each tree, and has for each distribution its means, then its
variances, then, for the fundamental frequency, the probability that there is one; all little-endian, 4 bytes each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.hts.header import DamagedError, Header, Span, StreamHeader, parse_header
from wyoming_hayakoe.engine.hts.trees import Trees, parse_trees

Numbers = npt.NDArray[np.float32]

# Mei has a megabyte; voices of hours of speech have ten.
LARGEST = 64 << 20
"""Bytes of a file at most."""

# Of Mei's states none lasts longer than 0.2 s on average, and no number is greater than 1,000.
_LONGEST_STATE = 0.5
_GREATEST = 1e6

_MOST_WINDOW_BYTES = 400


@dataclass(frozen=True, slots=True)
class Leaves:
    """Distributions at the leaves of the trees of one part."""

    counts: npt.NDArray[np.uint32]
    """By tree."""

    values: Numbers
    """Shape [all leaves, numbers of a leaf], tree by tree."""

    def of(self, tree: int) -> Numbers:
        """Return those of one tree, from 0; its leaf 1 is the first row."""
        start = int(self.counts[:tree].sum())
        return self.values[start : start + int(self.counts[tree])]


@dataclass(frozen=True, slots=True)
class ModelPart:
    """Trees with their distributions."""

    trees: Trees
    leaves: Leaves


@dataclass(frozen=True, slots=True)
class DurationModel:
    """What tells how long the states of a phone last."""

    header: Header
    part: ModelPart

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return that of a whole file.

        Raises:
            DamagedError: the file is not what it should be.
        """
        header = parse_header(data)
        part = _part(data, header, "DURATION_PDF", "DURATION_TREE", trees=1, width=2 * header.states)
        means, variances = np.split(part.leaves.values, 2, axis=1)
        longest = _LONGEST_STATE * header.sample_rate / header.frame_period
        if means.max() > longest or means.min() < -longest or variances.min() <= 0.0:
            raise _damaged("its durations are no durations")
        return cls(header, part)

    def leaves_of(self, labels: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the means of the states of each label's phone, then their variances, [labels, 2 · states]."""
        trees, leaves = self.part.trees, self.part.leaves.of(0)
        rows = [trees.trees[0].leaf_of(label, trees.questions) - 1 for label in labels]
        return leaves[rows].astype(np.float64)


def check_file(data: bytes) -> Header:
    """Check all of a file, so that the engine's C code finds what it expects at every place.

    Raises:
        DamagedError: the file is not what it should be.
    """
    header = DurationModel.parse(data).header
    for name, stream in header.streams.items():
        _check_windows(data, header, name, stream)
        stream_part(data, header, name)
        if part := variance_part(data, header, name):
            _check_variances(part.leaves.values[:, stream.vector_length :], f"GV_PDF[{name}]")
    return header


def stream_part(data: bytes, header: Header, name: str) -> ModelPart:
    """Return the trees and distributions of a stream.

    Raises:
        DamagedError: they are not what they should be.
    """
    stream = header.streams[name]
    values = stream.vector_length * stream.windows
    width = 2 * values + stream.is_msd
    part = _part(data, header, f"STREAM_PDF[{name}]", f"STREAM_TREE[{name}]", header.states, width)
    _check_variances(part.leaves.values[:, values : 2 * values], f"STREAM_PDF[{name}]")
    return part


def variance_part(data: bytes, header: Header, name: str) -> ModelPart | None:
    """Return the trees and distributions of a stream's variance over a sentence; None where it has none.

    Raises:
        DamagedError: they are not what they should be.
    """
    stream = header.streams[name]
    if not stream.uses_gv:
        return None
    return _part(data, header, f"GV_PDF[{name}]", f"GV_TREE[{name}]", 1, 2 * stream.vector_length)


def with_intonation(data: bytes, scale: float) -> bytes:
    """Return a whole, checked file whose fundamental frequency deviates ``scale`` times as far from its mean.

    The most likely course is linear in the means and does not change where all variances have one factor. So the means
    move along the logarithm of the frequency, and the variances by ``scale``² (of the variance of a sentence ⁴).
    """
    header = parse_header(data)
    name = list(header.streams)[1]
    stream = header.streams[name]
    changed = bytearray(data)
    leaves = _numbers(changed, header.spans[f"STREAM_PDF[{name}]"][0], header.states, 2 * stream.windows + 1)
    voiced = leaves[:, -1] > 0.5
    centre = leaves[voiced, 0].mean() if voiced.any() else np.float32(0.0)
    leaves[:, 0] = np.where(voiced, centre + scale * (leaves[:, 0] - centre), leaves[:, 0])
    leaves[:, 1 : stream.windows] *= scale
    leaves[:, stream.windows : 2 * stream.windows] *= scale**2
    if stream.uses_gv:
        _numbers(changed, header.spans[f"GV_PDF[{name}]"][0], 1, 2)[:] *= np.array([scale**2, scale**4], np.float32)
    return bytes(changed)


def _part(data: bytes, header: Header, pdf: str, tree: str, trees: int, width: int) -> ModelPart:
    leaves = _leaves(_only(data, header, pdf), trees, width, pdf)
    first, last = _span(data, header, tree)
    found = parse_trees(data[first:last])
    if len(found.trees) != trees:
        raise _damaged(f"its {tree} has {len(found.trees)} trees, not {trees}")
    for each, count in zip(found.trees, leaves.counts, strict=True):
        if min(each.leaves) < 1 or max(each.leaves) > count:
            raise _damaged(f"its {tree} names a leaf that is not there")
    return ModelPart(found, leaves)


def _leaves(data: bytes, trees: int, width: int, name: str) -> Leaves:
    counts = np.frombuffer(data, dtype="<u4", count=min(trees, len(data) // 4))
    if len(data) != 4 * (trees + width * int(counts.sum(dtype=np.uint64))):
        raise _damaged(f"its {name} has {len(data)} bytes")
    values = np.frombuffer(data, dtype="<f4", offset=4 * trees).reshape(-1, width)
    if not len(values) or not counts.all() or not (np.abs(values) < _GREATEST).all():
        raise _damaged(f"its {name} has values that are no numbers")
    return Leaves(counts, values)


def _numbers(data: bytearray, span: Span, trees: int, width: int) -> Numbers:
    """Return a view of the distributions in a file, by which the file can be changed."""
    first, last = span
    count = (last - first - 4 * trees) // 4
    return np.frombuffer(data, dtype="<f4", offset=first + 4 * trees, count=count).reshape(-1, width)


def _check_variances(variances: Numbers, name: str) -> None:
    if variances.min() < 0.0:
        raise _damaged(f"its {name} has variances below zero")


def _check_windows(data: bytes, header: Header, name: str, stream: StreamHeader) -> None:
    spans = header.spans.get(f"STREAM_WIN[{name}]", ())
    if len(spans) != stream.windows:
        raise _damaged(f"its STREAM_WIN[{name}] has {len(spans)} windows, not {stream.windows}")
    for first, last in spans:
        try:
            count, *weights = data[first : min(last, first + _MOST_WINDOW_BYTES)].decode("ascii").split()
            numbers = [float(weight) for weight in weights if len(weight) < 40]
        except ValueError:
            raise _damaged(f"its STREAM_WIN[{name}] is no list of numbers") from None
        is_odd = count in {"1", "3", "5", "7", "9"} and len(numbers) == len(weights) == int(count)
        if last > len(data) or not is_odd or not all(abs(number) < _GREATEST for number in numbers):
            raise _damaged(f"its STREAM_WIN[{name}] is no window")


def _only(data: bytes, header: Header, name: str) -> bytes:
    first, last = _span(data, header, name)
    return data[first:last]


def _span(data: bytes, header: Header, name: str) -> Span:
    spans = header.spans.get(name, ())
    if len(spans) != 1 or spans[0][1] > len(data):
        raise _damaged(f"its {name} is {'missing' if not spans else 'outside the file'}")
    return spans[0]


def _damaged(what: str) -> DamagedError:
    return DamagedError(f"is no .htsvoice file that can be used ({what}): fetch the voice again")
