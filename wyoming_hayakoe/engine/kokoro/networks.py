"""The stages of Kokoro's network, ready to run: from a prepared form, or from the published graph."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from wyoming_hayakoe.engine.graphs.model_file import read_model
from wyoming_hayakoe.engine.kokoro.division import divided
from wyoming_hayakoe.engine.kokoro.norms import switchable
from wyoming_hayakoe.engine.kokoro.voice_files import KokoroFiles, pieces
from wyoming_hayakoe.engine.prepare.artifact import Artifact
from wyoming_hayakoe.engine.prepare.pace import kept_pace
from wyoming_hayakoe.engine.runtime.session import Execution, Session
from wyoming_hayakoe.engine.windows import Pace

if TYPE_CHECKING:
    from onnx import ModelProto

GRAPHS = ("prosody", "source", "blocks", "generator")
"""The stages, see :class:`~.division.KokoroStages`; the generator as :func:`~.norms.switchable` makes it."""


@dataclass(frozen=True, slots=True)
class KokoroNetworks:
    """The stages of the network, loaded.

    Their values do not share memory by a plan: for the generator that was measured to take 370 MB for a window of 2.9 s
    instead of 80 MB.
    """

    prosody: Session
    source: Session
    blocks: Session
    generator: Session

    origin: Path
    """The published file, or the first of them, that errors name."""

    pace: Pace | None = None
    """What its windows take on this machine, as measured when the form was made."""

    @classmethod
    def open(cls, files: KokoroFiles, compiled: Artifact | None, execution: Execution | None) -> Self:
        """Load what has been ``compiled`` of ``files``, else divide the published graph now.

        Raises:
            HayakoeError: a file is missing or damaged, or the graph is no Kokoro.
        """
        origin = files.model[0]
        if compiled is not None:
            paths = {name: compiled.graph(name) for name in GRAPHS}
            return cls.of_paths(paths, origin, execution, pace=kept_pace(compiled.report))
        # One after another: each is dropped when its session has its own copy.
        prosody, source, blocks, generator = (
            Session(loadable(name, graph), origin, execution, plans_memory=False)
            for name, graph in divided(read_published(files))
        )
        return cls(prosody, source, blocks, generator, origin)

    @classmethod
    def of_paths(
        cls, paths: Mapping[str, Path], origin: Path, execution: Execution | None, *, pace: Pace | None = None
    ) -> Self:
        """Load graphs that have been optimised for this machine, by the names in :data:`GRAPHS`.

        Raises:
            HayakoeError: one of them cannot be loaded.
        """

        def load(name: str) -> Session:
            return Session(paths[name], origin, execution, is_optimised=True, plans_memory=False)

        return cls(load("prosody"), load("source"), load("blocks"), load("generator"), origin, pace)


def loadable(name: str, graph: "ModelProto") -> "ModelProto":
    """Return a stage as it is loaded: the generator with both ways to its statistics."""
    return switchable(graph) if name == "generator" else graph


def read_published(files: KokoroFiles) -> "ModelProto":
    """Return the published graph, whose parts are put together in memory.

    Raises:
        HayakoeError: a part is missing, or the graph is damaged or not the one that is pinned.
    """
    if files.sha256 is None:
        return read_model(files.model[0])
    import onnx

    whole = bytearray()
    for piece in pieces(files):
        whole += piece
    model = onnx.ModelProto()
    model.ParseFromString(memoryview(whole))
    return model
