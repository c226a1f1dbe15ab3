"""One place for how graphs run on ONNX Runtime, and for what they say when they do not."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.errors import HayakoeError

_FATAL = 4
"""ONNX Runtime's least talkative level: what fails is raised, and told by us."""


class Session:
    """A graph that is ready to run. Safe to use from several threads."""

    def __init__(self, model: Path | bytes, origin: Path) -> None:
        """Load ``model``, which is ``origin`` or was made from it.

        Raises:
            HayakoeError: it is missing, cut short, or no ONNX graph.
        """
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.log_severity_level = _FATAL
        # Threads that wait for the next sentence would take the whole processor while nobody speaks.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # An arena keeps what the longest sentence so far has needed, 440 MB for 12 s, and was measured to be no faster.
        options.enable_cpu_mem_arena = False
        source = model if isinstance(model, bytes) else str(model)
        self._origin = origin
        try:
            self._session = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - ONNX Runtime raises classes of its own, below Exception only
            if not origin.exists():
                raise HayakoeError(f"{origin}: is missing: fetch the voice again") from None
            raise HayakoeError(f"{origin}: cannot be loaded ({_brief(error)}): fetch the voice again") from None
        self.inputs = [value.name for value in self._session.get_inputs()]
        """Names of what it takes."""

        self.outputs = [value.name for value in self._session.get_outputs()]
        """Names of what it gives."""

    def run(self, outputs: Sequence[str], feeds: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
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


def _brief(error: Exception) -> str:
    """Return the first line of ONNX Runtime's words, without the code before it."""
    return str(error).strip().splitlines()[0].split(" : ")[-1][:200]
