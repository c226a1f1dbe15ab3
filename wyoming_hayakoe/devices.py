"""What computes voices: ONNX Runtime on the CPU or a GPU, or, with the extra [publish], PyTorch."""

from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn, Protocol

from wyoming_hayakoe.engine.jp_extra.synthesizer import Synthesizer
from wyoming_hayakoe.engine.jp_extra.voice_files import VoiceFiles
from wyoming_hayakoe.engine.runtime.providers import has_cuda
from wyoming_hayakoe.engine.runtime.session import Device
from wyoming_hayakoe.errors import HayakoeError, UsageError

WANTED = ("auto", "cpu", "cuda", "pytorch")
"""A GPU where one can be used, else the CPU; the CPU; a GPU; PyTorch, on a GPU where it has one."""


class Network(Protocol):
    """What runs voices from their checkpoints; :class:`wyoming_hayakoe.engine.pytorch.backend.PyTorch` does."""

    compiles: bool
    """Whether networks that are loaded from now on are compiled first."""

    def read(self, place: Path) -> VoiceFiles:
        """Read what is small in it."""
        ...

    def load(self, checkpoint: Path) -> Synthesizer:
        """Return its network, ready to run."""
        ...


def choose(wanted: str) -> tuple[Device, Network | None]:
    """Return what ONNX Runtime computes on, and what takes its place for voices, if anything does.

    Args:
        wanted: one of :data:`WANTED`.

    Raises:
        UsageError: there is no such device.
        HayakoeError: it cannot be used here.
    """
    match wanted:
        case "cpu":
            return "cpu", None
        case "pytorch":
            return "cpu", _pytorch(needs_gpu=False) or _lacking(
                "device pytorch: PyTorch is not installed: pip install 'wyoming-hayakoe[publish]', or choose cpu"
            )
        case "auto" | "cuda":
            if network := _pytorch(needs_gpu=True):
                return "cpu", network
            if has_cuda():
                return "cuda", None
            return (
                ("cpu", None)
                if wanted == "auto"
                else _lacking(
                    "device cuda: neither PyTorch nor ONNX Runtime finds an NVIDIA GPU: mend its driver, and install "
                    "'wyoming-hayakoe[publish]', or onnxruntime-gpu in place of onnxruntime; or choose cpu"
                )
            )
    raise UsageError(f"device {wanted!r}: choose {', '.join(WANTED[:-1])} or {WANTED[-1]}")


def _lacking(line: str) -> NoReturn:
    raise HayakoeError(line)


def _pytorch(*, needs_gpu: bool) -> Network | None:
    """Return PyTorch where it is here."""
    if find_spec("torch") is None or find_spec("safetensors") is None:
        return None
    from wyoming_hayakoe.engine.pytorch.backend import PyTorch, has_gpu

    if needs_gpu and not has_gpu():
        return None
    return PyTorch("cuda" if has_gpu() else "cpu")
