"""Which processor computes, as far as ONNX Runtime goes."""

from typing import Literal

Device = Literal["cpu", "cuda"]

_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"


def has_cuda() -> bool:
    """Whether the ONNX Runtime that is installed can compute on an NVIDIA GPU (the package onnxruntime-gpu)."""
    import onnxruntime as ort

    return _CUDA in ort.get_available_providers()


def providers(device: Device) -> list[str]:
    """Return what ONNX Runtime may compute with, best first; what a GPU cannot, the CPU does."""
    return [_CUDA, _CPU] if device == "cuda" else [_CPU]
