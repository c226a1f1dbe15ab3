"""Measure on this machine: a server, the text front end, or a neural voice (beside others, or its sound in int8).

The program's own `bench`; the comparison with HayaKoe, the peer, in the environment that script/peer makes; that of a
voice of Kokoro's with the published way to speak with Kokoro; `bench quality`: the sound of a trained voice in int8
beside fp32; and `bench naturalness`: what models of listeners think of a voice of Kokoro's.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from script.bench_peer.chart import draw
from wyoming_hayakoe.cli import bench, run_command
from wyoming_hayakoe.cli.bench.engine import PRECISIONS, in_precisions, measure, named
from wyoming_hayakoe.cli.bench.figures import Comparison, Figure, show
from wyoming_hayakoe.cli.bench.processes import Library
from wyoming_hayakoe.cli.result_files import check_chart, check_json
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
    bench.add_arguments(parser, [*bench.SUBJECTS, "quality", "naturalness"])
    parser.add_argument("--joe", action="store_true", help="quality: of Piper's voice joe, which script/peer installs")
    parser.add_argument(
        "--against",
        choices=["peer", "kokoro-onnx"],
        help="engine: beside HayaKoe, as script/peer has installed it, or a voice of Kokoro's as published",
    )
    parser.add_argument("--threads", type=int, help="Kokoro: threads of each program (default: their own)")
    parser.add_argument("--nisqa", metavar="FILE", type=Path, help="naturalness: nisqa_tts.tar, if you may use it")
    parser.add_argument("--chart", metavar="FILE.png", help="engine: draw the ratios (needs matplotlib)")


def run(flags: argparse.Namespace) -> int:
    """Measure and print."""
    check_json(flags.json)
    check_chart(flags.chart)
    if flags.against is None:
        if flags.chart:
            raise UsageError("--chart: there is no ratio to draw: add --against peer")
        match flags.what:
            case "quality":
                show(_quality(flags), flags.json)
            case "naturalness":
                show(_naturalness(flags), flags.json)
            case _:
                return bench.run(flags)
        return 0
    if flags.what != "engine" or flags.profile:
        raise UsageError("--against: compares the time and memory of `bench engine` only")
    if flags.against == "kokoro-onnx":
        compared = measure_beside_published(flags)
    else:
        compared = measure_beside_peer(flags.voice, [flags.precision] if flags.precision else PRECISIONS)
    show(compared, flags.json)
    if flags.chart:
        title = f"{flags.voice or 'the default voice'} on {os.cpu_count()} processors ({platform.machine()})"
        draw(compared, title, Path(flags.chart))
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


def measure_beside_published(flags: argparse.Namespace) -> list[Comparison]:
    """Measure a voice of Kokoro's with this program and as published.

    Raises:
        UsageError: there is no such voice, or it is not installed.
    """
    from script.bench_peer import kokoro

    return kokoro.measure(flags.voice or kokoro.DEFAULT, _options(flags))


def _naturalness(flags: argparse.Namespace) -> Sequence[Figure]:
    from script.bench_peer import kokoro, naturalness

    name = kokoro.known(flags.voice or kokoro.DEFAULT)
    return naturalness.measure(name, _options(flags), flags.nisqa)


def _options(flags: argparse.Namespace) -> dict[str, str | int]:
    """Return what the TTS of a voice of Kokoro's is to be given."""
    return {name: value for name in ("precision", "threads") if (value := getattr(flags, name))}


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
