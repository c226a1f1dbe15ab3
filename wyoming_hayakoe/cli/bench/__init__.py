"""Measure on this machine: a server, the text front end, or a neural voice (beside the peer)."""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from wyoming_hayakoe.cli.bench import engine, server, text
from wyoming_hayakoe.cli.bench.chart import draw
from wyoming_hayakoe.cli.bench.figures import Comparison, Figure, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "what", nargs="?", choices=["server", "text", "engine"], default="server", help="what to measure"
    )
    parser.add_argument("--requests", type=int, default=1000, help="server: requests for the memory figures")
    parser.add_argument("--voice", metavar="NAME=SOURCE", help="engine: the voice to measure")
    parser.add_argument("--against", choices=["peer"], help="engine: beside HayaKoe, as script/peer has installed it")
    parser.add_argument("--precision", choices=engine.PRECISIONS, help="engine: only this one")
    parser.add_argument("--profile", action="store_true", help="engine: where its own time goes, stage by stage")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON too; - prints them instead")
    parser.add_argument("--chart", metavar="FILE.png", help="engine: draw the figures too (needs matplotlib)")


def run(flags: argparse.Namespace) -> int:
    """Measure and print."""
    figures = _measure(flags)
    show(figures, flags.json)
    if flags.chart:
        draw([figure for figure in figures if isinstance(figure, Comparison)], Path(flags.chart))
    return 0


def _measure(flags: argparse.Namespace) -> Sequence[Figure | Comparison]:
    match flags.what:
        case "text":
            return text.measure()
        case "engine":
            precisions = [flags.precision] if flags.precision else engine.PRECISIONS
            if flags.profile:
                return engine.profile_all(flags.voice, precisions)
            return engine.measure(flags.voice, precisions, beside_peer=flags.against is not None)
        case _:
            return asyncio.run(server.measure(flags.requests))
