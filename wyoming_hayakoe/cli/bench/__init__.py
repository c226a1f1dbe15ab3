"""Measure on this machine: a server, the text front end, or a neural voice."""

import argparse
import asyncio
from collections.abc import Sequence

from wyoming_hayakoe.cli.bench import engine, serving, text
from wyoming_hayakoe.cli.bench.figures import Comparison, Figure, show
from wyoming_hayakoe.cli.result_files import check_json

SUBJECTS = ("server", "text", "engine")
"""What can be measured."""


def add_arguments(parser: argparse.ArgumentParser, subjects: Sequence[str] = SUBJECTS) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "what",
        nargs="?",
        choices=subjects,
        default="server",
        metavar="SUBJECT",
        help=f"{', '.join(subjects)} (default: server)",
    )
    parser.add_argument(
        "--requests",
        type=int,
        default=1000,
        metavar="COUNT",
        help="server: requests of the memory test (default: 1000)",
    )
    parser.add_argument("--voice", metavar="NAME=SOURCE", help="engine: voice to measure")
    parser.add_argument("--precision", choices=engine.PRECISIONS, help="engine: this precision only")
    parser.add_argument("--profile", action="store_true", help="engine: computing time of each stage of the voice")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON too; - prints JSON instead")


def run(flags: argparse.Namespace) -> int:
    """Measure and print."""
    check_json(flags.json)
    show(_measure(flags), flags.json)
    return 0


def _measure(flags: argparse.Namespace) -> Sequence[Figure | Comparison]:
    match flags.what:
        case "text":
            return text.measure()
        case "engine":
            precisions = [flags.precision] if flags.precision else engine.PRECISIONS
            if flags.profile:
                return engine.profile_all(flags.voice, precisions)
            return engine.measure(flags.voice, engine.in_precisions(precisions))
        case _:
            return asyncio.run(serving.measure(flags.requests))
