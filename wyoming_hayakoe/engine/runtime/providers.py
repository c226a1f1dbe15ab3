"""Which processor computes, as far as ONNX Runtime goes."""

from functools import cache
from typing import Literal

Device = Literal["cpu", "cuda"]

_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"


def providers(device: Device) -> list[str]:
    """Return what ONNX Runtime may compute with, best first; what a GPU cannot, the CPU does."""
    return [_CUDA, _CPU] if device == "cuda" else [_CPU]


@cache
def has_cuda() -> bool:
    """Whether ONNX Runtime can compute on an NVIDIA GPU: the package for it, its libraries and a GPU are here."""
    import onnxruntime as ort

    if _CUDA not in ort.get_available_providers():
        return False
    options = ort.SessionOptions()
    options.log_severity_level = 4
    # Without a GPU or its libraries, the package says nothing and takes the CPU: only a session tells.
    session = ort.InferenceSession(_smallest_graph(), options, providers=providers("cuda"))
    return _CUDA in session.get_providers()


def _smallest_graph() -> bytes:
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "smallest", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    serialised: bytes = model.SerializeToString()
    return serialised
