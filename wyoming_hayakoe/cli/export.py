"""Export a training checkpoint as a voice: the ONNX graphs that this server and HayaKoe run."""

import argparse
import sys
from pathlib import Path

from wyoming_hayakoe.cli.progress import log_progress, progress_on
from wyoming_hayakoe.publish.conversion import convert


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "checkpoint",
        type=Path,
        metavar="CHECKPOINT",
        help=".safetensors file of a JP-Extra training, with config.json and style_vectors.npy in the same folder",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the voice to write")


def run(flags: argparse.Namespace) -> int:
    """Export the checkpoint."""
    log_progress()
    convert(flags.checkpoint.expanduser(), flags.out.expanduser(), progress_on(sys.stderr))
    print(
        f"{flags.out} is a voice: wyoming-hayakoe say --voice 'NAME={flags.out.expanduser().absolute()}' こんにちは。"
    )
    return 0
