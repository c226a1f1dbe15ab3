#!/usr/bin/env python3
"""Writes Piper's voices in every published layout, without anybody's voice: their weights are random.

All are traced: PyTorch's newer exporter, the default since 2.9, refuses Piper's splines (tried with 2.13). So what
differs between the years is what was done with a graph afterwards.

It needs PyTorch: run it with the Python of script/peer, .venv-peer/bin/python script/make_piper_voices OUT.
"""

import argparse
import json
import math
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

try:
    import onnx
    import torch
except ImportError as missing:
    sys.exit(
        f"make_piper_voices: {missing.name} is not here: run it with .venv-peer/bin/python, which script/peer makes"
    )

from script.make_piper_voices import configurations, decoders
from script.make_piper_voices.graphs import gather_constants, half_weights, number_values, show_frames
from script.make_piper_voices.network import PiperNetwork, Sizes

OPSET = 15
LEVEL = 0.12
FRAMES_PER_PHONEME = 2.8
SPREAD = 0.35
"""Deviation of the logarithms of the durations."""

# The published exports are traced with 50 phonemes.
_EXAMPLE_PHONEMES = 50


@dataclass(frozen=True)
class Layout:
    """A published layout of a voice."""

    sizes: Sizes
    configuration: Callable[[Sizes], Mapping[str, object]]
    config_name: str = "{model}.json"
    model_name: str = "random.onnx"
    further: tuple[str, ...] = ()
    """Inputs after input, input_lengths and scales, in the graph's order."""
    outputs: tuple[str, ...] = ("output",)
    is_nested: bool = False
    """The samples are [1, 1, 1, samples], which Piper's export makes of [1, 1, samples]."""
    edits: tuple[Callable[[onnx.ModelProto], None], ...] = ()
    """What is done with the exported graph."""


_PIPER = Sizes(decoders.MEDIUM)
_PLUS = Sizes(decoders.MULTI_BAND, gated_dilation=2, symbols=configurations.JAPANESE_SYMBOLS)
_PLUS_LANGUAGES = replace(
    _PLUS, symbols=configurations.ALL_SYMBOLS, languages=6, accent_channels=16, condition_channels=512
)
_PLUS_LAYOUT = Layout(_PLUS, configurations.piper_plus, "config.json", "model.onnx", outputs=("output", "durations"))

_PIPER_2023 = Layout(_PIPER, configurations.piper_2023, is_nested=True, edits=(gather_constants,))
LAYOUTS = {
    "piper-2023": _PIPER_2023,
    "piper-2023-speakers": replace(
        _PIPER_2023, sizes=replace(_PIPER, speakers=3, condition_channels=512), further=("sid",)
    ),
    "piper-2023-high": replace(_PIPER_2023, sizes=replace(_PIPER, decoder=decoders.HIGH)),
    # What piper-tts 1.8 adds: an output with the frames of each phoneme, by its script for alignments.
    "piper-2026": Layout(_PIPER, configurations.piper_2026, is_nested=True, edits=(show_frames,)),
    "piper-plus-plain": _PLUS_LAYOUT,
    # As its published Japanese voices are: 16-bit weights, six languages, accents.
    "piper-plus": replace(
        _PLUS_LAYOUT, sizes=_PLUS_LANGUAGES, further=("lid", "prosody_features"), edits=(half_weights,)
    ),
    # The newest export of several speakers: any speaker's embedding.
    "piper-plus-embedding": replace(
        _PLUS_LAYOUT,
        sizes=replace(_PLUS_LANGUAGES, speakers=20, embedding=192),
        further=("speaker_embedding", "lid", "prosody_features"),
        edits=(half_weights,),
    ),
    # The export before it: HiFi-GAN, and a mask that chooses between the speaker's number and the embedding.
    "piper-plus-mask": replace(
        _PLUS_LAYOUT,
        sizes=replace(_PLUS_LANGUAGES, decoder=decoders.MEDIUM, speakers=2, embedding=256, embedding_mask=True),
        further=("sid", "lid", "prosody_features", "speaker_embedding", "speaker_embedding_mask"),
    ),
}


def main() -> None:
    """Write the voices that the command line names."""
    parser = argparse.ArgumentParser(prog="make_piper_voices", description=__doc__)
    parser.add_argument(
        "--size", choices=("tiny", "full"), default="tiny", help="full is as large as a published voice"
    )
    parser.add_argument("--layout", choices=LAYOUTS, action="append", help="only this one; may be given several times")
    parser.add_argument("out", metavar="OUT", type=Path, help="folder to write: one folder per layout")
    flags = parser.parse_args()
    # So that the result depends on no machine; several would fight over the cores of a busy one.
    torch.set_num_threads(1)
    for name in flags.layout or LAYOUTS:
        layout = LAYOUTS[name]
        write(tiny(layout) if flags.size == "tiny" else layout, flags.out / name)


def tiny(layout: Layout) -> Layout:
    """Return a layout with every kind of layer and few of each."""
    sizes = replace(
        layout.sizes,
        decoder=replace(layout.sizes.decoder, initial=16),
        channels=8,
        filter_channels=16,
        layers=1,
        splines=1,
        accent_channels=min(layout.sizes.accent_channels, 4),
        condition_channels=min(layout.sizes.condition_channels, 8),
    )
    return replace(layout, sizes=sizes, edits=(*layout.edits, number_values))


def write(layout: Layout, folder: Path) -> None:
    """Write a voice's graph and configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    network = audible(PiperNetwork(layout.sizes).eval(), example(layout))
    path = folder / layout.model_name
    export(network, layout, path)
    if layout.edits:
        model = onnx.load(path)
        for edit in layout.edits:
            edit(model)
        onnx.save(model, path)
    config = json.dumps(layout.configuration(layout.sizes), indent=2, ensure_ascii=False)
    (folder / layout.config_name.format(model=layout.model_name)).write_text(config + "\n", encoding="utf-8")


def example(layout: Layout) -> dict[str, torch.Tensor]:
    """Return inputs by name."""
    sizes = layout.sizes
    phonemes = torch.randint(0, sizes.symbols, (1, _EXAMPLE_PHONEMES))
    values = {
        "sid": torch.tensor([0]),
        "lid": torch.tensor([0]),
        "prosody_features": torch.zeros(1, _EXAMPLE_PHONEMES, 3, dtype=torch.int64),
        "speaker_embedding": torch.zeros(1, sizes.embedding),
        "speaker_embedding_mask": torch.zeros(1, 1, dtype=torch.int64),
    }
    always = {
        "input": phonemes,
        "input_lengths": torch.tensor([_EXAMPLE_PHONEMES]),
        "scales": torch.tensor([0.667, 1.0, 0.8]),
    }
    return always | {name: values[name] for name in layout.further}


def audible(network: PiperNetwork, inputs: dict[str, torch.Tensor]) -> PiperNetwork:
    """Return a network that speaks nonsense at a speaker's pace and level: its last layers are scaled by a trial."""
    pace = math.log(FRAMES_PER_PHONEME)
    with torch.no_grad():
        for layer in network.dec.modules():
            if isinstance(layer, torch.nn.Conv1d | torch.nn.ConvTranspose1d):
                # PyTorch's own weights and biases fade to a constant; these keep the latent's movement.
                layer.weight.normal_(0.0, layer.weight[0].numel() ** -0.5)
                if layer.bias is not None:
                    layer.bias.zero_()
        network.enc_p.proj.bias[network.channels :] -= 1.0
        affine = network.dp.flows["0"]
        affine.logs.fill_(-math.log(SPREAD))
        affine.m.fill_(-pace / SPREAD)
        phonemes, lengths, scales, *_ = inputs.values()
        further = dict(list(inputs.items())[3:])
        level = network(phonemes, lengths, scales, further).samples.std()
        network.dec.scale(LEVEL / float(level))
    return network


def export(network: PiperNetwork, layout: Layout, path: Path) -> None:
    """Write a graph by tracing, as both packages do."""
    inputs = example(layout)
    speak = network.forward

    def traced(phonemes: torch.Tensor, lengths: torch.Tensor, scales: torch.Tensor, *further: torch.Tensor) -> object:
        spoken = speak(phonemes, lengths, scales, dict(zip(layout.further, further, strict=True)))
        outputs = {
            "output": spoken.samples.unsqueeze(1) if layout.is_nested else spoken.samples,
            "durations": spoken.durations,
        }
        return tuple(outputs[name] for name in layout.outputs)

    # In place of its own, as the packages do it: a module around it would prefix the names of all weights.
    network.forward = traced
    axes = {
        "input": {0: "batch_size", 1: "phonemes"},
        "prosody_features": {0: "batch_size", 1: "phonemes"},
        "output": {0: "batch_size", 2: "time"},
        "durations": {0: "batch_size", 1: "phonemes"},
    }
    batched = ("input_lengths", "lid", "speaker_embedding", "speaker_embedding_mask")
    names = {*inputs, *layout.outputs}
    with warnings.catch_warnings():
        # Of sizes that are read while tracing, and of the older exporter.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=list(layout.outputs),
            opset_version=OPSET,
            dynamo=False,
            dynamic_axes={name: axes.get(name, {0: "batch_size"}) for name in names if name in axes or name in batched},
        )


if __name__ == "__main__":
    main()
