"""Measure on this machine: a server, the text front end, or a neural voice (beside the peer, or its sound in int8).

The program's own `bench`, the comparison with HayaKoe, the peer, in the environment that script/peer makes, and
`bench quality`: the sound of a trained voice in int8 beside fp32.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from script.bench_peer.chart import draw
from wyoming_hayakoe.cli import bench, run_command
from wyoming_hayakoe.cli.bench.engine import PRECISIONS, Library, in_precisions, measure, named
from wyoming_hayakoe.cli.bench.figures import Comparison, Figure, show
from wyoming_hayakoe.errors import UsageError

PEER = Path(__file__).parents[2] / ".venv-peer" / "bin" / "python"

# Least ratio of the peer's figure to the program's, by the figure's name, on a voice with a trained decoder.
_WHOLE = {"fp32": 1.25, "int8": 2.0}
GOALS: Mapping[str, Mapping[str, float]] = {
    "start to first audio of a greeting": {"fp32": 10.0, "int8": 10.0},
    "first audio of a greeting": {"int8": 4.0},
    "first audio of 71 characters": {"int8": 12.0},
    "all of a greeting": _WHOLE,
    "all of 71 characters": _WHOLE,
    "all of 213 characters": _WHOLE,
    "all of 71 characters, streamed": _WHOLE,
    "all of 213 characters, streamed": _WHOLE,
    "resident memory": {"fp32": 2.2, "int8": 2.8},
    "anonymous memory": {"int8": 3.5},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `bench`, and those of the comparison."""
    bench.add_arguments(parser, [*bench.SUBJECTS, "quality"])
    parser.add_argument("--joe", action="store_true", help="quality: of Piper's voice joe, which script/peer installs")
    parser.add_argument("--against", choices=["peer"], help="engine: beside HayaKoe, as script/peer has installed it")
    parser.add_argument("--chart", metavar="FILE.png", help="engine: draw the ratios (needs matplotlib)")


def run(flags: argparse.Namespace) -> int:
    """Measure and print."""
    if flags.against is None:
        if flags.chart:
            raise UsageError("--chart: there is no ratio to draw: add --against peer")
        if flags.what == "quality":
            show(_quality(flags), flags.json)
            return 0
        return bench.run(flags)
    if flags.what != "engine" or flags.profile:
        raise UsageError("--against: compares the time and memory of `bench engine` only")
    compared = measure_beside_peer(flags.voice, [flags.precision] if flags.precision else PRECISIONS)
    show(compared, flags.json)
    if flags.chart:
        draw(compared, Path(flags.chart))
    return 0


def measure_beside_peer(voice: str | None, precisions: Sequence[str]) -> list[Comparison]:
    """Measure the voice NAME=SOURCE with this program in some precisions, and with the peer.

    Raises:
        UsageError: there is no such voice, or no peer.
    """
    if not PEER.exists():
        raise UsageError("--against peer: it is not installed: run script/peer")
    ours = in_precisions([precision for precision in PRECISIONS if precision in precisions])
    peer = Library("hayakoe", str(PEER), loads_another=False)
    compared = measure(voice, {**ours, "peer": peer})
    return [replace(each, reference="peer", goals=GOALS.get(each.what, {})) for each in compared]


def _quality(flags: argparse.Namespace) -> Sequence[Figure]:
    # It loads much that the other measurements should not.
    from script.bench_peer import quality

    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if flags.joe:
            return quality.measure(quality.joe_network(folder), quality.JOE_GOALS, folder)
        name, source = named(flags.voice)
        repository = Path(source.removeprefix("file://")).expanduser()
        network = quality.voice_network(name, repository, folder)
        figures = quality.measure(network, quality.VOICE_GOALS, folder / "voice")
        if (speech := quality.speech_network(network, repository / "onnx" / "speakers" / name)) is not None:
            measured = quality.measure(speech, quality.VOICE_GOALS, folder / "speech")
            figures += [replace(each, what=f"real speech, {each.what}") for each in measured]
        return figures


if __name__ == "__main__":
    sys.exit(run_command(sys.modules[__name__], "script/bench", sys.argv[1:]))
