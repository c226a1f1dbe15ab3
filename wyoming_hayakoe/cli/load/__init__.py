"""Send concurrent requests to running servers: print the time to first audio, or the replicas that a fleet needs.

--clients is a closed loop: COUNT clients, each of which sends a request, gets its answer, pauses, and sends the next.
--rate is an open loop: a Poisson process of PER_SECOND requests a second, however slow the answers are. --size finds
the highest rate at which one replica gives 95 % of its requests their first audio within MILLISECONDS.
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
from wyoming_hayakoe.cli.result_files import check_chart, check_json
from wyoming_hayakoe.errors import HayakoeError

# Fewer requests do not measure the slowest 5 %.
_LEAST_REQUESTS = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""

    def number(low: float, high: float) -> Callable[[str], object]:
        return _allowed(converters.number(low, high))

    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--clients",
        type=_allowed(converters.whole(1, 10_000)),
        metavar="COUNT",
        help="closed loop of COUNT clients (1 to 10000)",
    )
    what.add_argument(
        "--rate",
        type=number(0.001, 10_000),
        metavar="PER_SECOND",
        help="open loop of PER_SECOND requests a second (0.001 to 10000)",
    )
    what.add_argument(
        "--size",
        type=number(1, 60_000),
        metavar="MILLISECONDS",
        help="replicas that a fleet needs for first audio within MILLISECONDS (1 to 60000)",
    )
    parser.add_argument(
        "--uri",
        type=_allowed(converters.uri),
        default="tcp://127.0.0.1:10200",
        metavar="URI",
        help="server or load balancer to measure (default: %(default)s)",
    )
    parser.add_argument("--voice", metavar="NAME", help="voice of the requests (default: the server's)")
    parser.add_argument(
        "--think",
        type=number(0, 3600),
        default=5.0,
        metavar="SECONDS",
        help="mean pause of a client with --clients (0 to 3600; default: 5)",
    )
    parser.add_argument(
        "--per-room",
        type=number(0.01, 3600),
        default=20.0,
        metavar="COUNT",
        help="requests of a room per hour, for --size (0.01 to 3600; default: 20)",
    )
    parser.add_argument(
        "--duration",
        type=number(0.1, 86_400),
        default=30.0,
        metavar="SECONDS",
        help="length of a run (0.1 to 86400; default: 30)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="NUMBER", help="seed of texts and pauses (default: 0)")
    parser.add_argument("--json", metavar="FILE", help="also write the figures as JSON; - prints JSON instead")
    parser.add_argument(
        "--chart", metavar="FILE.png", help="also draw the last run, as .png, .svg or .pdf (needs matplotlib)"
    )


def run(flags: argparse.Namespace) -> int:
    """Run the measurement and print its figures."""
    check_json(flags.json)
    check_chart(flags.chart)
    load = Load(flags.uri, voice=flags.voice, seed=flags.seed)
    show(asyncio.run(_measure(load, flags)), flags.json)
    if flags.chart:
        draw(load.outcomes, f"{load.what} at {flags.uri}, voice: {flags.voice or 'the default'}", Path(flags.chart))
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
        raise HayakoeError(f"--duration: no request was sent in {flags.duration:g} s: choose a longer one")
    return summarise(load.outcomes)


async def _size(load: Load, flags: argparse.Namespace) -> list[Figure]:
    # One client alone shows whether the limit can be met at all, and gives a rate to start from.
    await load.closed(1, 0, flags.duration)
    alone = _slowest_twentieth(load)
    if alone > flags.size:
        raise HayakoeError(f"--size: a single client waits {alone:.0f} ms for its first audio: allow more milliseconds")
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
    """Return the milliseconds within which 95 % of all requests had their first audio; a failed one counts as inf."""
    return 1000 * percentile([math.inf if outcome.problem else outcome.waited for outcome in load.outcomes], 95)


def _allowed(convert: Callable[[object], object]) -> Callable[[str], object]:
    """Return an argparse type made of an option's converter."""

    def check(text: str) -> object:
        try:
            return convert(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not {error}") from None

    return check
