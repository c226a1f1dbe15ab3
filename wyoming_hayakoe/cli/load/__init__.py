"""Ask running servers for much at once: print how soon they speak, or how many replicas a fleet needs.

--clients is a closed loop: so many homes, each of which asks, listens, pauses, and asks again. --rate is an open one:
requests come at random times, so many a second, however slow the answers are. --size looks for the highest rate that
one replica holds with 95 % of its first sounds within so many milliseconds.
"""

import argparse
import asyncio
import math
import sys
from collections.abc import Callable
from pathlib import Path

from wyoming_hayakoe.cli.bench.figures import Figure, percentile, show
from wyoming_hayakoe.cli.load import sizing
from wyoming_hayakoe.cli.load.chart import draw
from wyoming_hayakoe.cli.load.drive import Load
from wyoming_hayakoe.cli.load.report import problems, summarise
from wyoming_hayakoe.cli.options import converters
from wyoming_hayakoe.errors import HayakoeError

# Fewer say nothing of the slowest twentieth.
_LEAST_REQUESTS = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""

    def number(low: float, high: float) -> Callable[[str], object]:
        return _allowed(converters.number(low, high))

    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--clients", type=_allowed(converters.whole(1, 10_000)), metavar="COUNT", help="closed loop")
    what.add_argument("--rate", type=number(0.001, 10_000), metavar="PER_SECOND", help="open loop")
    what.add_argument("--size", type=number(1, 60_000), metavar="MILLISECONDS", help="how many replicas a fleet needs")
    parser.add_argument(
        "--uri",
        type=_allowed(converters.uri),
        default="tcp://127.0.0.1:10200",
        help="server or balancer to ask (default: %(default)s)",
    )
    parser.add_argument("--voice", metavar="NAME", help="voice to ask for (default: the server's)")
    parser.add_argument(
        "--think", type=number(0, 3600), default=5.0, metavar="SECONDS", help="mean pause of a client (default: 5)"
    )
    parser.add_argument(
        "--per-room", type=number(0.01, 3600), default=20.0, metavar="COUNT", help="requests an hour (default: 20)"
    )
    parser.add_argument(
        "--duration", type=number(0.1, 86_400), default=30.0, metavar="SECONDS", help="length of a run (default: 30)"
    )
    parser.add_argument("--seed", type=int, default=0, help="same seed, same texts and pauses (default: 0)")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON too; - prints them instead")
    parser.add_argument("--chart", metavar="FILE.png", help="draw the (last) run too (needs matplotlib)")


def run(flags: argparse.Namespace) -> int:
    """Ask, and print."""
    load = Load(flags.uri, voice=flags.voice, seed=flags.seed)
    show(asyncio.run(_measure(load, flags)), flags.json)
    if flags.chart:
        draw(load.outcomes, flags.uri, Path(flags.chart))
    return 0


async def _measure(load: Load, flags: argparse.Namespace) -> list[Figure]:
    await load.warm_up()
    if flags.size:
        return await _size(load, flags)
    if flags.rate:
        await load.open(flags.rate, flags.duration)
    else:
        await load.closed(flags.clients, flags.think, flags.duration)
    if not load.outcomes:
        raise HayakoeError(f"nothing was asked in {flags.duration:g} s: choose a longer --duration")
    return summarise(load.outcomes)


async def _size(load: Load, flags: argparse.Namespace) -> list[Figure]:
    # One client alone tells what is possible at all, and about how much.
    await load.closed(1, 0, flags.duration)
    alone = _slowest_twentieth(load)
    if alone > flags.size:
        raise HayakoeError(f"--size: a client that is alone waits {alone:.0f} ms: allow more milliseconds")
    start = len(load.outcomes) / load.outcomes[-1].ended / 2

    async def holds(rate: float) -> bool:
        await load.open(rate, max(flags.duration, _LEAST_REQUESTS / rate))
        late = _slowest_twentieth(load)
        failed = sum(problems(load.outcomes).values())
        print(f"{rate:.2f}/s: first audio of 95 % within {late:.0f} ms, {failed} failed", file=sys.stderr)
        return late <= float(flags.size)

    rate = await sizing.highest(holds, start)
    return [
        Figure(f"a replica holds, with first audio of 95 % within {flags.size:g} ms", rate, "/s", ""),
        *sizing.size(flags.per_room, rate),
    ]


def _slowest_twentieth(load: Load) -> float:
    """Return the milliseconds within which 95 % of all requests had their first audio; who failed waits for ever."""
    return 1000 * percentile([math.inf if outcome.problem else outcome.waited for outcome in load.outcomes], 95)


def _allowed(convert: Callable[[object], object]) -> Callable[[str], object]:
    """Make a type for argparse of what converts options."""

    def check(text: str) -> object:
        try:
            return convert(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not {error}") from None

    return check
