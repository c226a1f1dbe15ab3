"""Export of a PyTorch network to the ONNX files of a repository."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from wyoming_hayakoe.engine.pytorch.network.text_encoder import BERT_CHANNELS, STYLE_CHANNELS, Sentence
from wyoming_hayakoe.engine.pytorch.network.vits import Rhythm, Vits
from wyoming_hayakoe.engine.runtime.session import fold

OPSET = 17
# Bytes that a protobuf file can hold.
_LARGEST = 2**31 - 1
# Length of the traced example: equal to no size of the network, so that no constant is taken for the length.
_EXAMPLE_PHONES = 23
_TIME = {"x": 1, "tone": 1, "language": 1, "bert": 2, "audio": 2, "durations": 1}


class _WholeNetwork(nn.Module):
    """The whole network with the graph's list of inputs."""

    def __init__(self, network: Vits) -> None:
        super().__init__()
        self.network = network

    def forward(self, *values: Tensor) -> tuple[Tensor, Tensor]:
        noise_scale, length_scale, noise_scale_w, sdp_ratio = values[-4:]
        return self.network(Sentence(*values[:-4]), noise_scale, Rhythm(length_scale, noise_scale_w, sdp_ratio))


class _Durations(nn.Module):
    """The duration predictors with the graph's list of inputs."""

    def __init__(self, network: Vits) -> None:
        super().__init__()
        self.network = network

    def forward(self, *values: Tensor) -> Tensor:
        return self.network.durations(Sentence(*values[:-3]), Rhythm(*values[-3:]))


def export_synthesizer(network: Vits, path: Path) -> None:
    """Write ``synthesizer.onnx``: a sentence and four numbers in, ``audio`` and ``durations`` out."""
    numbers = ("noise_scale", "length_scale", "noise_scale_w", "sdp_ratio")
    _export(_WholeNetwork(network), numbers, ("audio", "durations"), path)


def export_duration_predictor(network: Vits, path: Path) -> None:
    """Write ``duration_predictor.onnx``: a sentence and three numbers in, ``durations`` out."""
    _export(_Durations(network), ("length_scale", "noise_scale_w", "sdp_ratio"), ("durations",), path)


def _export(module: nn.Module, numbers: Sequence[str], outputs: Sequence[str], path: Path) -> None:
    names = [*Sentence._fields, *numbers]
    # Exported by tracing, as the published voices were.
    torch.onnx.export(
        module.eval(),
        (*_example(), *(torch.ones(1) for _ in numbers)),
        str(path),
        input_names=names,
        output_names=list(outputs),
        opset_version=OPSET,
        dynamo=False,
        dynamic_axes={name: {_TIME[name]: name} for name in (*names, *outputs) if name in _TIME},
    )


def tidy(path: Path) -> None:
    """Remove constant subgraphs, copies and unused nodes that tracing leaves in a graph.

    ONNX Runtime's basic level uses only standard operators, so every runtime accepts the result. Weights of over 2 GB
    are written beside it, to ``NAME.onnx.data``.
    """
    import onnx

    tidied = path.with_suffix(".tidied")
    fold(path, tidied)
    model = onnx.load(tidied)
    tidied.unlink()
    standard = [entry for entry in model.opset_import if entry.domain == ""]
    del model.opset_import[:]
    model.opset_import.extend(standard)
    # Shapes of intermediate values, which ONNX Runtime has inferred.
    del model.graph.value_info[:]
    is_large = model.ByteSize() > _LARGEST
    onnx.save(model, path, save_as_external_data=is_large, location=f"{path.name}.data" if is_large else None)


def _example() -> Sentence:
    phones = torch.arange(_EXAMPLE_PHONES).unsqueeze(0)
    return Sentence(
        x=phones,
        x_lengths=torch.tensor([_EXAMPLE_PHONES]),
        sid=torch.zeros(1, dtype=torch.int64),
        tone=torch.full_like(phones, 6),
        language=torch.ones_like(phones),
        bert=torch.randn(1, BERT_CHANNELS, _EXAMPLE_PHONES),
        style_vec=torch.randn(1, STYLE_CHANNELS),
    )
