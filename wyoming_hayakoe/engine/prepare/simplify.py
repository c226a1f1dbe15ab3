"""Simplifies the stages of a synthesizer: a fraction of the nodes, the same values.

A traced graph computes for every sentence what the cut has made certain: that one sentence, unpadded, goes through it,
so that every mask is all ones. And it reads a band of nine diagonals out of a square of attention by padding, reshaping
and slicing arrays of twice its size: for a sentence of 11 s a tenth of the flow's work, and more of its time, since one
thread does it. Both are found by their structure, and what came of it is compared with the graph as it was. Where it is
not the same, the graph stays as it was but for folded constants, and its metadata says why.
"""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wyoming_hayakoe.engine.graphs.edits import drop_dead, drop_masks, merge_pads
from wyoming_hayakoe.engine.prepare.relative_attention import lean_attention
from wyoming_hayakoe.engine.runtime.session import Feeds, Session, fold
from wyoming_hayakoe.errors import in_brief

if TYPE_CHECKING:
    from onnx import ModelProto

_LOGGER = logging.getLogger(__name__)

REMARK = "simplified"
"""Under this key a stage's metadata tells what was done to it."""

_NOWHERE = Path("stage.onnx")
# Of the largest value: what another order of the same sums makes, and less than any error of structure.
_TOLERANCE = 1e-4


def simplify(stage: "ModelProto", samples: Sequence[Feeds]) -> "ModelProto":
    """Return ``stage`` simplified, or as it is where it cannot be.

    ``samples`` are unpadded sentences of several lengths, as the stage takes them: it is compared on them.
    """
    from onnx import ModelProto, helper

    try:
        folded = _folded(stage)
    except Exception as error:  # noqa: BLE001 - ONNX Runtime raises classes of its own, below Exception only
        _LOGGER.debug("a stage is not simplified: %s", error)
        return stage
    lean = ModelProto()
    lean.CopyFrom(folded)
    masks = drop_masks(lean.graph)
    attentions = lean_attention(lean)
    try:
        drop_dead(lean)
        merge_pads(lean.graph)
        lean = _folded(lean)
        drop_dead(lean)
        difference = _difference(stage, lean, samples)
    except Exception as error:  # noqa: BLE001 - as above
        kept, told = folded, f"constants only: {in_brief(error)}"
    else:
        is_same = difference <= _TOLERANCE
        kept = lean if is_same else folded
        told = f"{masks} masks, {attentions} attentions" if is_same else f"constants only: differs by {difference:.0e}"
    helper.set_model_props(kept, {REMARK: f"{told}; {len(stage.graph.node)} nodes, now {len(kept.graph.node)}"})
    _LOGGER.debug("%s: %s", stage.graph.output[0].name, remark(kept))
    return kept


def remark(stage: "ModelProto") -> str:
    """Return what :func:`simplify` did to a stage, in a few words."""
    return next((entry.value for entry in stage.metadata_props if entry.key == REMARK), "")


def _folded(model: "ModelProto") -> "ModelProto":
    """Return ``model`` as ONNX Runtime simplifies it for any machine: constants, duplicates, what does nothing."""
    import onnx

    with tempfile.TemporaryDirectory(prefix="wyoming-hayakoe-") as folder:
        source, target = Path(folder, "source.onnx"), Path(folder, "target.onnx")
        source.write_bytes(model.SerializeToString())
        fold(source, target)
        return onnx.load(target)


def _difference(expected: "ModelProto", found: "ModelProto", samples: Sequence[Feeds]) -> float:
    """Return by how much two graphs differ at most, as a share of the largest value."""
    sessions = [Session(model, _NOWHERE) for model in (expected, found)]
    outputs = [value.name for value in expected.graph.output]
    largest = 0.0
    for feeds in samples:
        for one, other in zip(*(session.run(outputs, feeds) for session in sessions), strict=True):
            if one.shape != other.shape:
                raise ValueError(f"gives {other.shape} instead of {one.shape}")
            largest = max(largest, float(np.abs(one - other).max() / max(1e-9, float(np.abs(one).max()))))
    return largest
