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
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.graphs.cutting import Stages
from wyoming_hayakoe.engine.graphs.edits import drop_dead, drop_masks, merge_pads
from wyoming_hayakoe.engine.jp_extra.inputs import Inputs
from wyoming_hayakoe.engine.prepare.relative_attention import lean_attention
from wyoming_hayakoe.engine.runtime.session import Feeds, Session, fold
from wyoming_hayakoe.errors import in_brief
from wyoming_hayakoe.symbols import SYMBOLS, language_ids, tone_ids
from wyoming_hayakoe.utterance import SynthesisParams

if TYPE_CHECKING:
    from onnx import ModelProto

_LOGGER = logging.getLogger(__name__)

REMARK = "simplified"
"""Under this key a stage's metadata tells what was done to it."""

_NOWHERE = Path("stage.onnx")
_LENGTHS = (1, 7, 50)
# Of the largest value: what another order of the same sums makes, and less than any error of structure.
_TOLERANCE = 1e-4


def simplify(stages: Stages) -> Stages:
    """Return ``stages`` simplified; each by itself stays as it is where it cannot be."""
    sentences = [sentence(stages.encoder, length) for length in _LENGTHS]
    encoder, flow, decoder = (_simplified(stage, sentences) for stage in (stages.encoder, stages.flow, stages.decoder))
    return replace(stages, encoder=encoder, flow=flow, decoder=decoder)


def remark(stage: "ModelProto") -> str:
    """Return what :func:`simplify` did to a stage, in a few words."""
    return next((entry.value for entry in stage.metadata_props if entry.key == REMARK), "")


def _simplified(stage: "ModelProto", sentences: Sequence[Feeds]) -> "ModelProto":
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
        difference = _difference(stage, lean, sentences)
    except Exception as error:  # noqa: BLE001 - as above
        kept, told = folded, f"constants only: {in_brief(error)}"
    else:
        is_same = difference <= _TOLERANCE
        kept = lean if is_same else folded
        told = f"{masks} masks, {attentions} attentions" if is_same else f"constants only: differs by {difference:.0e}"
    helper.set_model_props(kept, {REMARK: f"{told}; {len(stage.graph.node)} nodes, now {len(kept.graph.node)}"})
    _LOGGER.debug("%s: %s", stage.graph.output[0].name, remark(kept))
    return kept


def _folded(model: "ModelProto") -> "ModelProto":
    """Return ``model`` as ONNX Runtime simplifies it for any machine: constants, duplicates, what does nothing."""
    import onnx

    with tempfile.TemporaryDirectory(prefix="wyoming-hayakoe-") as folder:
        source, target = Path(folder, "source.onnx"), Path(folder, "target.onnx")
        source.write_bytes(model.SerializeToString())
        fold(source, target)
        return onnx.load(target)


def _difference(expected: "ModelProto", found: "ModelProto", sentences: Sequence[Feeds]) -> float:
    """Return by how much two graphs differ at most, as a share of the largest value."""
    sessions = [Session(model, _NOWHERE) for model in (expected, found)]
    outputs = [value.name for value in expected.graph.output]
    largest = 0.0
    for feeds in sentences:
        for one, other in zip(*(session.run(outputs, feeds) for session in sessions), strict=True):
            if one.shape != other.shape:
                raise ValueError(f"gives {other.shape} instead of {one.shape}")
            largest = max(largest, float(np.abs(one - other).max() / max(1e-9, float(np.abs(one).max()))))
    return largest


def sentence(encoder: "ModelProto", length: int) -> Feeds:
    """Return values for every stage: of a sentence of as many phones, and as many frames for each."""
    random = np.random.default_rng(length)

    def normal(*shape: int) -> npt.NDArray[np.float32]:
        return random.standard_normal(shape, dtype=np.float32)

    inputs = Inputs(
        phones=random.integers(1, len(SYMBOLS), length),
        tones=np.array(tone_ids(random.integers(0, 2, length).tolist())),
        languages=np.array(language_ids(length)),
        bert=normal(1024, length),
        style=normal(256),
        speaker_id=0,
    )
    feeds = {**inputs.feeds(SynthesisParams()), cutting.DURATION_NOISE: normal(1, 2, length)}
    mean = Session(encoder, _NOWHERE).run([cutting.MEAN], feeds)[0]
    return {
        **feeds,
        cutting.DURATIONS: np.ones((1, 1, length), dtype=np.float32),
        cutting.PRIOR: normal(*mean.shape),
        cutting.LATENT: normal(*mean.shape),
    }
