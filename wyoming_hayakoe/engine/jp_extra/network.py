"""JP-Extra's kind of network: which graphs belong to it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wyoming_hayakoe.engine.graphs.cutting import cut
from wyoming_hayakoe.engine.graphs.model_file import read_model
from wyoming_hayakoe.engine.jp_extra.inputs import LONGEST, Inputs, random_inputs
from wyoming_hayakoe.engine.vits.kind import NetworkKind
from wyoming_hayakoe.engine.vits.synthesizer import prove
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.utterance import SynthesisParams

if TYPE_CHECKING:
    from onnx import ModelProto


def read_synthesizer(model: Path) -> "ModelProto":
    """Return the graph at ``model`` with all its weights.

    Raises:
        HayakoeError: it is missing, damaged, or no JP-Extra voice.
    """
    proto = read_model(model)
    _check_inputs(proto, model)
    return proto


def _check_inputs(proto: "ModelProto", origin: Path) -> None:
    """Refuse a graph that takes something else than a JP-Extra synthesizer."""
    zero = np.zeros(1, dtype=np.int64)
    known = Inputs(zero, zero, zero, zero.astype(np.float32), zero.astype(np.float32), 0).feeds(SynthesisParams())
    weights = {tensor.name for tensor in proto.graph.initializer}
    names = {value.name for value in proto.graph.input} - weights
    needed = {"bert", "style_vec", "sid", "length_scale"}
    if strange := sorted(names - set(known)) or sorted(needed - names):
        raise HayakoeError(
            f"{origin}: is no Style-Bert-VITS2 JP-Extra voice ({', '.join(map(repr, strange))[:80]} is "
            f"{'not known to those' if names - set(known) else 'missing'}): choose another file"
        )


def prove_synthesizer(model: Path) -> None:
    """Load a published graph and let it speak, for :mod:`~.prepare.proofs`.

    Raises:
        HayakoeError: it is missing, damaged, no JP-Extra voice, not to be trusted, or fails.
    """
    prove(JP_EXTRA, model)


JP_EXTRA = NetworkKind(
    read=read_synthesizer,
    cut=cut,
    random_inputs=lambda _, length: random_inputs(length),
    longest=LONGEST,
    # It comes through the outermost tap of every convolution only, and was measured to change the sound by 3e-7 of its
    # peak.
    faint=1,
    prove=prove_synthesizer,
)
"""The kind of network of a published synthesizer.onnx."""
