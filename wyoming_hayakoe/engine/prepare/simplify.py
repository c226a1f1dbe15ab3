"""Simplification of a VITS network's stages: a fraction of the nodes, the same values.

A traced graph computes masks for every sentence, although one unpadded sentence goes through it and every mask is all
ones. And it reads a band of nine diagonals out of a square of attention by padding, reshaping and slicing arrays of
twice its size: for a sentence of 11 s a tenth of the flow's work, and more of its time, since one thread does it. Both
are recognised by their structure, and the result is compared with the graph as it was. Where they differ, only
constants are folded, and the stage's metadata says why.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wyoming_hayakoe.disk import nameless
from wyoming_hayakoe.engine.graphs.edits import drop_dead, drop_masks, merge_pads
from wyoming_hayakoe.engine.prepare.relative_attention import lean_attention
from wyoming_hayakoe.engine.runtime.session import Feeds, Session, fold
from wyoming_hayakoe.errors import in_brief

if TYPE_CHECKING:
    from onnx import ModelProto

_LOGGER = logging.getLogger(__name__)

REMARK = "simplified"
"""Key of the remark in a stage's metadata."""

_NOWHERE = Path("stage.onnx")
# As a share of the largest value: more than another order of the same sums makes, less than any error of structure.
_TOLERANCE = 1e-4


def simplify(stage: "ModelProto", samples: Sequence[Feeds]) -> "ModelProto":
    """Return ``stage`` simplified, or as it is where that is not possible.

    The two are compared on ``samples``, unpadded sentences of several lengths as the stage takes them.
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
        kept, done = folded, f"constants only: {in_brief(error)}"
    else:
        is_same = difference <= _TOLERANCE
        kept = lean if is_same else folded
        done = f"{masks} masks, {attentions} attentions" if is_same else f"constants only: differs by {difference:.0e}"
    helper.set_model_props(kept, {REMARK: f"{done}; {len(stage.graph.node)} nodes, now {len(kept.graph.node)}"})
    _LOGGER.debug("%s: %s", stage.graph.output[0].name, remark(kept))
    return kept


def remark(stage: "ModelProto") -> str:
    """Return the remark of :func:`simplify` on a stage."""
    return next((entry.value for entry in stage.metadata_props if entry.key == REMARK), "")


def largest_difference(expected: Session, found: Session, samples: Sequence[Feeds]) -> float:
    """Return the largest difference of two graphs' values on ``samples``, as a share of the largest value.

    Raises:
        HayakoeError: one of them cannot be run.
        ValueError: values have other shapes.
    """
    largest = 0.0
    for feeds in samples:
        for one, other in zip(*(each.run(expected.outputs, feeds) for each in (expected, found)), strict=True):
            if one.shape != other.shape:
                raise ValueError(f"gives {other.shape} instead of {one.shape}")
            largest = max(largest, float(np.abs(one - other).max() / max(1e-9, float(np.abs(one).max()))))
    return largest


def _folded(model: "ModelProto") -> "ModelProto":
    """Return ``model`` as :func:`fold` writes it."""
    import onnx

    with nameless(model.SerializeToString()) as source, nameless() as target:
        fold(source, target)
        return onnx.load(target)


def _difference(expected: "ModelProto", found: "ModelProto", samples: Sequence[Feeds]) -> float:
    return largest_difference(Session(expected, _NOWHERE), Session(found, _NOWHERE), samples)
