"""Measure on this machine: a server, the text front end, or a neural voice (beside the peer)."""

import argparse
import asyncio
import json
from dataclasses import asdict

from wyoming_hayakoe.cli.bench import engine, server, text
from wyoming_hayakoe.cli.bench.figures import Figure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument(
        "what", nargs="?", choices=["server", "text", "engine"], default="server", help="what to measure"
    )
    parser.add_argument("--requests", type=int, default=1000, help="server: requests for the memory figures")
    parser.add_argument("--voice", metavar="NAME=SOURCE", help="engine: the voice to measure")
    parser.add_argument("--against", choices=["peer"], help="engine: beside HayaKoe, as script/peer has installed it")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(flags: argparse.Namespace) -> int:
    """Measure and print."""
    figures = _measure(flags)
    if flags.json:
        print(json.dumps([asdict(figure) for figure in figures], indent=2))
    else:
        for figure in figures:
            print(f"{figure.what:<58} {figure.value:>8.2f} {figure.unit:<3} {figure.goal}")
    return 0


def _measure(flags: argparse.Namespace) -> list[Figure]:
    match flags.what:
        case "text":
            return text.measure()
        case "engine":
            return engine.measure(flags.voice, beside_peer=flags.against is not None)
        case _:
            return asyncio.run(server.measure(flags.requests))
