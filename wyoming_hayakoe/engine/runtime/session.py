"""Sessions of ONNX Runtime: the options of all of them, and one line for each of their errors."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.disk import nameless
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
"""ONNX Runtime's lowest level of logging: errors are raised, and reported by this program."""

_UNHELPFUL = ["NhwcTransformer", "QDQSelectorActionTransformer"]
"""Optimisers that are left out: the one sets transpositions around int8 convolutions, which then take longer; the other
joins a rectifier with the grids around it, for which there is no kernel where these have a step for each channel."""

_PROFILES: ContextVar[Path | None] = ContextVar("_PROFILES", default=None)


@dataclass(frozen=True, slots=True)
class Execution:
    """The configuration of sessions."""

    threads: int = 0
    """Threads that compute one step; 0 means one for each physical core."""

    low_memory: bool = False
    """Whether the weights of an unprepared graph stay in the order of its file, instead of being copied into a faster
    order. A prepared graph has its weights in that order, mapped and shared."""

    device: Device = "cpu"
    """The processor that computes."""


class Session:
    """A graph in memory, ready to run. Safe to use from several threads."""

    def __init__(
        self,
        model: "Path | ModelProto",
        origin: Path,
        execution: Execution | None = None,
        *,
        is_optimised: bool = False,
        plans_memory: bool = True,
    ) -> None:
        """Load a graph.

        Args:
            model: the graph.
            origin: the published file that ``model`` is or was made from; errors name it.
            execution: the configuration.
            is_optimised: whether :func:`optimise` has made the graph.
            plans_memory: whether values share memory. Planning that takes longer than the rest of loading, and gains
                memory only where values are as large as a decoder's.

        Raises:
            HayakoeError: the graph is missing, cut short, or no ONNX graph.
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
        """Names of the inputs."""

        self.outputs = [value.name for value in self._session.get_outputs()]
        """Names of the outputs."""

    def run(self, outputs: Sequence[str], feeds: Feeds) -> list[npt.NDArray[Any]]:
        """Compute ``outputs`` of those ``feeds`` that are inputs; others are ignored.

        Raises:
            HayakoeError: the graph fails with such values, or gives values that are not finite.
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


def shapes(feeds: Feeds) -> dict[str, tuple[int, ...]]:
    """Return the shapes of values by their names."""
    return {name: value.shape for name, value in feeds.items()}


@contextmanager
def profiled(folder: Path) -> Iterator[None]:
    """Profile the sessions that are loaded meanwhile: each writes the time of its nodes into ``folder`` at its end."""
    token = _PROFILES.set(folder)
    try:
        yield
    finally:
        _PROFILES.reset(token)


def optimise(source: "Path | ModelProto", target: Path, origin: Path, *, packs_weights: bool = False) -> int:
    """Write a graph as ONNX Runtime runs it on this machine, its weights beside it, and return its number of nodes.

    Args:
        source: the graph.
        target: the file to write.
        origin: the published file that errors name.
        packs_weights: whether weights are written also in the order in which kernels read them: they can stay mapped
            then, and loading the BERT need not copy 264 MB. Some kernels misread what they have written: the caller
            has to compare.

    Raises:
        HayakoeError: the graph cannot be loaded, or not be written.
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
    # Threads that spin while they wait for the next sentence would take the whole processor.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # An arena keeps the memory of the longest sentence so far, 440 MB for 12 s, and was measured to be no faster.
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
    # By way of a file: a session would keep bytes beside its own copy.
    try:
        with nameless(model.SerializeToString()) as path:
            return _load(str(path), origin, options, device)
    except OSError:  # no folder can be written
        return _load(model.SerializeToString(), origin, options, device)


def _load(source: str | bytes, origin: Path, options: "ort.SessionOptions", device: Device) -> "ort.InferenceSession":
    import onnxruntime as ort

    try:
        return ort.InferenceSession(source, options, providers=PROVIDERS[device], disabled_optimizers=_UNHELPFUL)
    except Exception as error:  # noqa: BLE001 - ONNX Runtime raises classes of its own, below Exception only
        if not origin.exists():
            raise HayakoeError(f"{origin}: is missing: fetch the voice again") from None
        raise HayakoeError(f"{origin}: cannot be loaded ({_brief(error)}): fetch the voice again") from None


def _brief(error: Exception) -> str:
    """Return the first line of ONNX Runtime's words, without the code before it."""
    return in_brief(error).split(" : ")[-1]
