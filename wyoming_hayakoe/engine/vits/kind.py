"""What distinguishes one kind of VITS network from another."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wyoming_hayakoe.engine.graphs.cutting import Stages
from wyoming_hayakoe.engine.prepare.proofs import Prove
from wyoming_hayakoe.engine.runtime.session import Feeds
from wyoming_hayakoe.utterance import SynthesisParams

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

NOISE_SCALE = "noise_scale"
"""Name of the value [1] by which the prior's noise is scaled; every sentence's feeds have it."""


class NetworkInputs(Protocol):
    """One sentence as a kind of network takes it."""

    @property
    def phone_count(self) -> int:
        """The number of phones, blanks included."""

    def feeds(self, params: SynthesisParams) -> Feeds:
        """Return the values by the names of the graph's inputs, and :data:`NOISE_SCALE`."""


@dataclass(frozen=True, slots=True)
class NetworkKind:
    """One kind of VITS network: how its published graphs are read, cut and tried."""

    read: Callable[[Path], "ModelProto"]
    """Returns a published graph with all its weights, not edited; raises HayakoeError where it is of another kind."""

    cut: Callable[["ModelProto"], Stages]
    """Returns the stages of such a graph, which is not changed; raises UncuttableError where it is built otherwise."""

    random_inputs: Callable[["GraphProto", int], NetworkInputs]
    """Returns a sentence of so many phones, the same in each run, for a published graph or its encoder."""

    longest: int
    """Phones of the longest sentence that is spoken in one piece at speed 1, blanks included."""

    faint: int
    """How many of the outermost frames of a decoder's reach are too faint in the sound to be computed."""

    prove: Prove
    """Tries a published graph of this kind in a process of its own."""
