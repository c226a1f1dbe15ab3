"""One place for how graphs run on ONNX Runtime, and for what they say when they do not."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.errors import HayakoeError, in_brief

if TYPE_CHECKING:
    import onnxruntime as ort
    from onnx import ModelProto

Feeds = Mapping[str, npt.NDArray[Any]]
"""Values by the names of a graph's inputs."""

Device = Literal["cpu", "cuda"]

PROVIDERS: Mapping[Device, list[str]] = {
    "cpu": ["CPUExecutionProvider"],
    "cuda": ["CUDAExecutionProvider", "CPUExecutionProvider"],
}
"""What ONNX Runtime computes with on each device, best first: what a GPU cannot do, the CPU does."""

_FATAL = 4
"""ONNX Runtime's least talkative level: what fails is raised, and told by us."""

_PROFILES: ContextVar[Path | None] = ContextVar("_PROFILES", default=None)


@dataclass(frozen=True, slots=True)
class Execution:
    """How graphs run."""

    threads: int = 0
    """Threads that compute one step; 0 is one for each physical core."""

    low_memory: bool = False
    """Whether weights of a graph that is not prepared stay in the order of its file, instead of being copied into a
    faster one. A prepared graph has them in that order, mapped and shared."""

    device: Device = "cpu"
    """What computes."""


class Session:
    """A graph that is ready to run. Safe to use from several threads."""

    def __init__(
        self,
        model: "Path | ModelProto",
        origin: Path,
        execution: Execution | None = None,
        *,
        is_optimised: bool = False,
        plans_memory: bool = True,
    ) -> None:
        """Load ``model``, which is ``origin`` or was made from it.

        Args:
            model: the graph.
            origin: the file that errors name.
            execution: how it runs.
            is_optimised: whether :func:`optimise` has made it.
            plans_memory: whether values are written over each other. Planning that takes longer than all else in
                loading, and gains something only where values are as large as a decoder's.

        Raises:
            HayakoeError: it is missing, cut short, or no ONNX graph.
        """
        self._origin = origin
        execution = execution or Execution()
        options = session_options(execution, is_optimised=is_optimised)
        options.enable_mem_reuse = plans_memory
        if (folder := _PROFILES.get()) is not None:
            options.enable_profiling = True
            options.profile_file_prefix = str(folder / f"{(model if isinstance(model, Path) else origin).stem}@")
        self._session = _open(model, origin, options, execution.device)
        self.inputs = [value.name for value in self._session.get_inputs()]
        """Names of what it takes."""

        self.outputs = [value.name for value in self._session.get_outputs()]
        """Names of what it gives."""

    def run(self, outputs: Sequence[str], feeds: Feeds) -> list[npt.NDArray[Any]]:
        """Compute ``outputs``; of ``feeds`` it takes what it knows.

        Raises:
            HayakoeError: the graph does not work with such values, or gives something that is no number.
        """
        try:
            results: list[npt.NDArray[Any]] = self._session.run(
                list(outputs), {name: feeds[name] for name in self.inputs}
            )
        except Exception as error:  # noqa: BLE001 - as above
            raise HayakoeError(f"{self._origin}: fails ({_brief(error)}): choose another voice") from None
        if not all(np.isfinite(result).all() for result in results):
            raise HayakoeError(f"{self._origin}: gives values that are no numbers: fetch the voice again")
        return results


@contextmanager
def profiled(folder: Path) -> Iterator[None]:
    """Have each session that is loaded meanwhile write into ``folder``, when it goes, how long each node took."""
    token = _PROFILES.set(folder)
    try:
        yield
    finally:
        _PROFILES.reset(token)


def optimise(source: Path, target: Path, origin: Path, *, packs_weights: bool = False) -> int:
    """Write a graph as ONNX Runtime would run it here, its weights beside it, and return how many nodes it has.

    Args:
        source: the graph.
        target: where to.
        origin: the file that errors name.
        packs_weights: whether weights are written also in the order in which kernels want them: they can stay mapped
            then, and loading the BERT need not copy 264 MB. Not every kernel reads what it has written: prove it.

    Raises:
        HayakoeError: it cannot be loaded, or not be written.
    """
    import onnx

    options = session_options()
    options.optimized_model_filepath = str(target)
    entries = {"file_name": f"{target.stem}.data", "min_size_in_bytes": "1024"}
    for name, value in entries.items():
        options.add_session_config_entry(f"session.optimized_model_external_initializers_{name}", value)
    if packs_weights:
        options.add_session_config_entry("session.save_external_prepacked_constant_initializers", "1")
    _open(source, origin, options)
    return len(onnx.load(target, load_external_data=False).graph.node)


def fold(source: Path, target: Path) -> None:
    """Write a graph as ONNX Runtime simplifies it for any machine: constants folded, duplicates and copies removed.

    Only the standard's operators are in it, and its weights.

    Raises:
        Exception: a class of ONNX Runtime's own; the graph cannot be loaded, or not be written.
    """
    import onnxruntime as ort

    options = session_options()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    ort.InferenceSession(str(source), options, providers=PROVIDERS["cpu"])


def session_options(execution: Execution | None = None, *, is_optimised: bool = False) -> "ort.SessionOptions":
    """Return the options that every session of this program begins with; nothing else makes any."""
    import onnxruntime as ort

    execution = execution or Execution()
    options = ort.SessionOptions()
    options.log_severity_level = _FATAL
    options.intra_op_num_threads = execution.threads
    # Threads that wait for the next sentence would take the whole processor while nobody speaks.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # An arena keeps what the longest sentence so far has needed, 440 MB for 12 s, and was measured to be no faster.
    options.enable_cpu_mem_arena = False
    if execution.low_memory and not is_optimised:
        options.add_session_config_entry("session.disable_prepacking", "1")
    if is_optimised:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return options


def _open(
    model: "Path | ModelProto", origin: Path, options: "ort.SessionOptions", device: Device = "cpu"
) -> "ort.InferenceSession":
    if isinstance(model, Path):
        return _load(str(model), origin, options, device)
    # By way of a file: from bytes, a session would keep them beside its own.
    try:
        with tempfile.TemporaryDirectory(prefix="wyoming-hayakoe-") as folder:
            path = Path(folder, "stage.onnx")
            path.write_bytes(model.SerializeToString())
            return _load(str(path), origin, options, device)
    except OSError:  # there is nowhere to write
        return _load(model.SerializeToString(), origin, options, device)


def _load(source: str | bytes, origin: Path, options: "ort.SessionOptions", device: Device) -> "ort.InferenceSession":
    import onnxruntime as ort

    try:
        return ort.InferenceSession(source, options, providers=PROVIDERS[device])
    except Exception as error:  # noqa: BLE001 - ONNX Runtime raises classes of its own, below Exception only
        if not origin.exists():
            raise HayakoeError(f"{origin}: is missing: fetch the voice again") from None
        raise HayakoeError(f"{origin}: cannot be loaded ({_brief(error)}): fetch the voice again") from None


def _brief(error: Exception) -> str:
    """Return the first line of ONNX Runtime's words, without the code before it."""
    return in_brief(error).split(" : ")[-1]
