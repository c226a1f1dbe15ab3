"""The prepared form of the BERT: optimised, its position tables sliced, its weights in eight bits or in four."""

import logging
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from wyoming_hayakoe.engine.graphs.edits import drop_dead
from wyoming_hayakoe.engine.prepare.bert_int4 import to_four_bits
from wyoming_hayakoe.engine.prepare.bert_positions import slice_positions
from wyoming_hayakoe.engine.runtime.session import Feeds, Session, optimise
from wyoming_hayakoe.errors import HayakoeError

Bits = Literal[8, 4]
"""Bits of a weight: 8 as published, or 4 at the cost of an error that the report names."""

_LOGGER = logging.getLogger(__name__)

# As shares of the features' size. Four bits are the user's choice, and cost more; a larger error is a fault.
_TOLERANCE, _FOUR_BITS_TOLERANCE = 1e-3, 0.7


def make_bert(model: Path, samples: Callable[[], Sequence[Feeds]], bits: Bits, folder: Path) -> dict[str, Any]:
    """Write ``bert.onnx`` and its weights into ``folder``; return the report for JSON.

    Args:
        model: the published graph.
        samples: sentences on which the prepared form is compared with it.
        bits: of a weight.
        folder: where to write.

    Raises:
        HayakoeError: the graph cannot be loaded, or fails.
    """
    import onnx

    draft, edited, target = folder / "draft.onnx", folder / "edited.onnx", folder / "bert.onnx"
    optimise(model, draft, model)
    graph = onnx.load(draft)
    products = to_four_bits(graph) if bits == 4 else 0
    drop_dead(graph)
    tables = slice_positions(graph)
    onnx.save(graph, edited)
    del graph
    sentences = samples()
    # ONNX Runtime 1.31 packs MatMulNBits' weights, and misreads them afterwards.
    for source, packs_weights in ((edited, not products), (edited, False), (draft, False)):
        nodes = optimise(source, target, model, packs_weights=packs_weights)
        error = distance(draft, target, sentences, model)
        if error <= (_FOUR_BITS_TOLERANCE if products and source is edited else _TOLERANCE):
            break
    is_edited = source is edited
    if products and is_edited:
        _LOGGER.info("the BERT in four bits: its features are %.0f %% of their size away from eight bits'", 100 * error)
    for path in (draft, draft.with_suffix(".data"), edited):
        path.unlink(missing_ok=True)
    return {
        "nodes": {"bert": nodes},
        "bits": 4 if products and is_edited else 8,
        "sliced_tables": tables if is_edited else 0,
        "packed": packs_weights,
        "error": float(f"{error:.2g}"),
    }


def distance(published: Path, made: Path, samples: Sequence[Feeds], origin: Path) -> float:
    """Return the distance of the features of ``made`` from those published, as a share of their size."""
    one, other = (Session(path, origin, is_optimised=True, plans_memory=False) for path in (published, made))
    away, whole = 0.0, 0.0
    for feeds in samples:
        expected = one.run(one.outputs[:1], feeds)[0]
        try:
            found = other.run(other.outputs[:1], feeds)[0]
        except HayakoeError:  # it fails, or gives values that are not finite
            return math.inf
        away += float(np.square(found - expected).sum())
        whole += float(np.square(expected).sum())
    return math.sqrt(away / max(whole, 1e-30))
