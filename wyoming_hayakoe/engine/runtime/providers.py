"""The processors on which ONNX Runtime can compute here."""

from functools import cache

from wyoming_hayakoe.engine.runtime.session import PROVIDERS, session_options


@cache
def has_cuda() -> bool:
    """Whether ONNX Runtime can compute on an NVIDIA GPU: the package for it, its libraries and a GPU are here."""
    import onnxruntime as ort

    cuda = PROVIDERS["cuda"]
    if cuda[0] not in ort.get_available_providers():
        return False
    # Without a GPU or its libraries, the package takes the CPU in silence: only a session shows which it took.
    session = ort.InferenceSession(_smallest_graph(), session_options(), providers=cuda)
    return cuda[0] in session.get_providers()


def _smallest_graph() -> bytes:
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "smallest", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    serialised: bytes = model.SerializeToString()
    return serialised
