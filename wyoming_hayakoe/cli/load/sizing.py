"""How many replicas so many rooms need."""

import math
from collections.abc import Awaitable, Callable

from wyoming_hayakoe.cli.bench.figures import Figure
from wyoming_hayakoe.errors import HayakoeError

_ROOMS = (10, 30, 100, 300, 1000, 3000, 10_000)
_LEAST_RATE = 0.02
_PRECISION = 1.15


async def highest(holds: Callable[[float], Awaitable[bool]], start: float) -> float:
    """Return the highest rate for which ``holds``, to 15 percent: doubled or halved from ``start``, then bisected.

    Raises:
        HayakoeError: none does.
    """
    low = high = start
    if await holds(start):
        while await holds(high := 2 * low):
            low = high
    else:
        while not await holds(low := high / 2):
            high = low
            if high < _LEAST_RATE:
                raise HayakoeError("--size: the server holds no rate at all: allow more milliseconds")
    while high / low > _PRECISION:
        middle = math.sqrt(low * high)
        if await holds(middle):
            low = middle
        else:
            high = middle
    return low


def size(per_hour: float, rate: float) -> list[Figure]:
    """Return the replicas for some numbers of rooms, if a room asks ``per_hour`` and a replica holds ``rate`` a second.

    One is to spare, for a restart or a fault.
    """
    return [
        Figure(f"replicas for {rooms:,} rooms", math.ceil(rooms * per_hour / 3600 / rate) + 1, "", "")
        for rooms in _ROOMS
    ]
