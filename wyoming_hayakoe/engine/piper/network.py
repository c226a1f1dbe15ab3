"""Piper's kind of network."""

from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_hayakoe.engine.graphs import cutting
from wyoming_hayakoe.engine.graphs.cutting import Stages
from wyoming_hayakoe.engine.piper.graph import adapted, read_graph
from wyoming_hayakoe.engine.piper.inputs import random_inputs
from wyoming_hayakoe.engine.piper.phonemes import LONGEST
from wyoming_hayakoe.engine.vits.kind import NetworkKind
from wyoming_hayakoe.engine.vits.synthesizer import prove

if TYPE_CHECKING:
    from onnx import ModelProto


def cut(model: "ModelProto") -> Stages:
    """Return the stages of a published Piper graph, which is not changed.

    Raises:
        UncuttableError: the graph is built otherwise.
    """
    return cutting.cut(adapted(model))


def prove_piper(model: Path) -> None:
    """Load a published graph and let it speak, for :mod:`~.prepare.proofs`.

    Raises:
        HayakoeError: it is missing, damaged, no Piper voice, not to be trusted, or fails.
    """
    prove(PIPER, model)


PIPER = NetworkKind(
    read=read_graph,
    cut=cut,
    random_inputs=random_inputs,
    longest=LONGEST,
    # The outermost frame changes joe's sound by 2e-6 of its peak, and that of tiny networks by a step of int16.
    faint=0,
    prove=prove_piper,
)
"""The kind of network of a published NAME.onnx."""
