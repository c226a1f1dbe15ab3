"""Wanted lengths and pitches of an utterance, as other distributions in an .htsvoice file.

The engine has no setting for them. But a file is loaded in 5 ms: for each breath group one is made whose trees lead
each label to a leaf of its own, with the means that are wanted. So the engine itself makes the course smooth, and the
sound is as natural as that of any sentence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.hts.breath_groups import TAIL, BreathGroup
from wyoming_hayakoe.engine.hts.distributions import DurationModel, Leaves, ModelPart
from wyoming_hayakoe.engine.hts.label_places import Alignment
from wyoming_hayakoe.engine.hts.phone_durations import state_frames
from wyoming_hayakoe.engine.hts.tree_prosody import VOICED, PitchModel, prosody_of
from wyoming_hayakoe.engine.hts.trees import DecisionTree, Node, Question, Trees
from wyoming_hayakoe.engine.wanted_prosody import Factors, Wanted, WantedLength, shared
from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.utterance import Utterance

_DATA = b"\n[DATA]\n"

# Least and greatest factor on the variance of a sentence's pitch: none has no variance, or is no speech.
_SPREADS = (0.01, 25.0)

# Seconds of a breath group, as long as the longest sentence of other voices; people say no more than 7 in one breath.
_LONGEST = 70.0

Parts = Mapping[str, bytes]
"""Parts of a file by their names in its header."""

_Floats = npt.NDArray[np.float64]
_Frames = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GroupCourse:
    """Breath groups, with what is another in the file by which each is spoken."""

    groups: Sequence[BreathGroup]
    tail: float = TAIL
    """Seconds of silence at the end at speed 1."""

    models: Sequence[DurationModel] = ()
    """That of each group; empty where all have the file's own."""

    parts: Sequence[Parts] = field(default=())
    """Those of the file that are replaced for each group; empty where none are."""


def course_of(
    utterance: Utterance,
    groups: Sequence[BreathGroup],
    alignment: Alignment,
    wanted: Wanted,
    models: tuple[DurationModel, PitchModel],
    *,
    speed: float = 1.0,
) -> GroupCourse:
    """Return how an utterance is spoken with what is wanted.

    Args:
        utterance: the sentence.
        groups: its breath groups as the file has them spoken.
        alignment: the phones of the groups' labels.
        wanted: what is wanted.
        models: those of the file.
        speed: length scale, by which a group may be too long.

    Raises:
        UsageError: the lengths of a breath group add up to too much.
    """
    durations, pitches = models
    own = prosody_of(utterance, groups, alignment, *models)
    period = durations.header.frame_period / durations.header.sample_rate
    by_start = {length.places.start: length for length in wanted.lengths}
    rests = [_rest(rest, places, by_start) for (rest, _), places in zip(groups, alignment.rests, strict=True)]
    rests[0] = by_start[0].seconds if 0 in by_start else rests[0]
    last = by_start.get(len(utterance.phones) - 1)
    frames, seconds = [], list(own.seconds)
    for (_, labels), places in zip(groups, alignment.labels, strict=True):
        counts = _retimed(state_frames(durations, labels), places, wanted.lengths, period)
        if (total := speed * period * float(counts.sum())) > _LONGEST:
            raise UsageError(f"the lengths of a sentence add up to {total:.0f} s: shorten them")
        frames.append(counts)
        for label, place in zip(counts, places, strict=True):
            for each in place:
                seconds[each] = float(label.sum()) * period / len(place)
    factors = wanted.factors(own.pitches, [0.0, *accumulate(seconds)])
    starts = [0.0, *accumulate(seconds)]
    changed = [
        _Group(labels, counts, [starts[place.start] for place in places])
        for (_, labels), counts, places in zip(groups, frames, alignment.labels, strict=True)
    ]
    found = [_changed(group, durations, pitches, factors) for group in changed]
    return GroupCourse(
        [(rest, labels) for rest, (_, labels) in zip(rests, groups, strict=True)],
        TAIL if last is None else last.seconds,
        [model for model, _ in found],
        [parts for _, parts in found],
    )


def with_parts(data: bytes, parts: Parts) -> bytes:
    """Return a whole, checked file with other parts, which are appended."""
    header, numbers = data.split(_DATA, 1)
    position = len(numbers)
    for name, part in parts.items():
        place = f"{name}:{position}-{position + len(part) - 1}".encode()
        header = b"\n".join(place if line.startswith(name.encode() + b":") else line for line in header.split(b"\n"))
        position += len(part)
    return b"".join([header, _DATA, numbers, *parts.values()])


@dataclass(frozen=True, slots=True)
class _Group:
    labels: Sequence[str]
    frames: _Frames
    """Of each state of each label [L, S]."""

    starts: Sequence[float]
    """Seconds before each label, on the scale of the factors."""


def _rest(rest: float, places: range, by_start: Mapping[int, WantedLength]) -> float:
    length = by_start.get(places.start) if places else None
    return rest if length is None else length.seconds


def _retimed(own: _Frames, places: Sequence[range], lengths: Sequence[WantedLength], period: float) -> _Frames:
    """Return the frames of each state [L, S], those of the units in ``lengths`` changed; each state keeps one."""
    changed = own.copy()
    for length in lengths:
        rows = [row for row, place in enumerate(places) if place and _is_within(place, length.places)]
        total = round(length.seconds / period)
        if rows and total != own[rows].sum():
            spare = own[rows].reshape(-1) - 1
            more = shared(spare, max(0, total - len(spare)))
            changed[rows] = 1 + more.reshape(len(rows), -1)
    return changed


def _is_within(place: range, places: range) -> bool:
    return places.start <= place.start and place.stop <= places.stop


def _changed(
    group: _Group, durations: DurationModel, pitches: PitchModel, factors: Factors | None
) -> tuple[DurationModel, Parts]:
    """Return the model of a group's durations, and the parts that are replaced: none where nothing is changed."""
    names = list(durations.header.streams)
    parts: dict[str, bytes] = {}
    model = durations
    own = state_frames(durations, group.labels)
    if (own != group.frames).any():
        means, variances = np.split(durations.leaves_of(group.labels), 2, axis=1)
        scale = group.frames / own
        rows = np.concatenate([group.frames, np.maximum(variances * scale**2, np.finfo(np.float32).tiny)], axis=1)
        # Where nothing is changed the means stay, by which another speed divides a sentence.
        rows[:, : means.shape[1]] = np.where(group.frames == own, means, group.frames)
        leaves = Leaves(np.array([len(rows)], dtype=np.uint32), rows.astype(np.float32))
        model = DurationModel(durations.header, ModelPart(_trees(group.labels, 1), leaves))
        parts |= {"DURATION_PDF": _pdf([leaves.values]), "DURATION_TREE": _text(group.labels, 1)}
    if factors is not None:
        period = durations.header.frame_period / durations.header.sample_rate
        kept, moved = _moved(group, pitches, factors, period)
        name = names[1]
        states = durations.header.states
        parts |= {f"STREAM_PDF[{name}]": _pdf(list(moved)), f"STREAM_TREE[{name}]": _text(group.labels, states)}
        if pitches.variance is not None:
            spread = _spread(group, kept, moved, pitches.variance.of(0).astype(np.float64))
            parts[f"GV_PDF[{name}]"] = _pdf([spread])
    return model, parts


def _moved(group: _Group, pitches: PitchModel, factors: Factors, period: float) -> tuple[_Floats, _Floats]:
    """Return the leaves of each state [S, L, numbers of a leaf], as they are and with other pitches.

    The most likely course moves by what its means move, where their slopes do so as well.
    """
    leaves = np.stack([pitches.leaves_of(label) for label in group.labels], axis=1)
    ends = np.cumsum(group.frames, axis=1)
    times = np.array(group.starts)[:, None] + (ends - group.frames / 2) * period
    before, at, after = (np.log(factors(times.T + step * period)) for step in (-1, 0, 1))
    moved = leaves.copy()
    moved[:, :, 0] += at
    if pitches.windows > 1:
        moved[:, :, 1] += (after - before) / 2
    return leaves, moved


def _spread(group: _Group, leaves: _Floats, moved: _Floats, variance: _Floats) -> _Floats:
    """Return the distributions of the variance of a sentence's pitch with what the move adds to it.

    By these the engine corrects the course of the means, which is flatter than speech: the move is not to be corrected.
    """
    weights = np.where(leaves[:, :, -1] > VOICED, group.frames.T, 0).reshape(-1)
    if not weights.any():
        return variance
    means, moves = (values.reshape(-1) for values in (leaves[:, :, 0], (moved - leaves)[:, :, 0]))
    (own, both), (_, added) = np.cov(means, moves, fweights=weights, bias=True)
    lively = np.sqrt(variance[:, :1] / max(own, np.finfo(np.float32).tiny))
    factor = np.clip(1 + (2 * lively * both + added) / variance[:, :1], *_SPREADS)
    return np.concatenate([variance[:, :1] * factor, variance[:, 1:] * factor**2], axis=1)


def _trees(labels: Sequence[str], states: int) -> Trees:
    """Return trees that lead each label to the leaf of its number, from 1."""
    questions = {f"L{number}": Question([f"*{label}*"]) for number, label in enumerate(labels)}
    last = len(labels) - 1
    nodes = {-at: Node(f"L{at}", -(at + 1) if at < last else 1, at + 1) for at in range(len(labels))}
    return Trees(questions, [DecisionTree(nodes)] * states)


def _text(labels: Sequence[str], states: int) -> bytes:
    """Return :func:`_trees` as they stand in a file."""
    trees = _trees(labels, states)
    lines = [f'QS {name} {{ "{question.patterns[0]}" }}' for name, question in trees.questions.items()]
    for state, tree in enumerate(trees.trees, 2):
        nodes = [f" {at} {node.question} {_child(node.no)} {_child(node.yes)}" for at, node in tree.nodes.items()]
        lines += ["", f"{{*}}[{state}]", "{", *nodes, "}"]
    return "\n".join([*lines, ""]).encode("ascii")


def _child(at: int) -> str:
    return f'"leaf_{at}"' if at > 0 else str(at)


def _pdf(trees: Sequence[npt.NDArray[np.floating]]) -> bytes:
    """Return the leaves of some trees as they stand in a file."""
    counts = np.array([len(leaves) for leaves in trees], dtype="<u4").tobytes()
    return b"".join([counts, *(leaves.astype("<f4").tobytes() for leaves in trees)])
