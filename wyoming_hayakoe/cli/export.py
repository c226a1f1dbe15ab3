"""Make the voice of a checkpoint: the ONNX graphs that this server and HayaKoe speak with."""

import argparse
from pathlib import Path

from wyoming_hayakoe.publish.conversion import convert


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "checkpoint",
        type=Path,
        metavar="CHECKPOINT",
        help="a .safetensors file of a JP-Extra training, with config.json and style_vectors.npy beside it",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the voice to write")


def run(flags: argparse.Namespace) -> int:
    """Export it."""
    convert(flags.checkpoint.expanduser(), flags.out.expanduser())
    print(
        f"{flags.out} is a voice: wyoming-hayakoe say --voice 'NAME={flags.out.expanduser().absolute()}' こんにちは。"
    )
    return 0
