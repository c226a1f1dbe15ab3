"""Number of replicas for a number of rooms."""

import math
from collections.abc import Awaitable, Callable

from wyoming_hayakoe.cli.bench.figures import Figure
from wyoming_hayakoe.errors import HayakoeError

_ROOMS = (10, 30, 100, 300, 1000, 3000, 10_000)
_LEAST_RATE = 0.02
_PRECISION = 1.15


async def highest(holds: Callable[[float], Awaitable[bool]], start: float) -> float:
    """Return the highest rate for which ``holds`` is true, to 15 %: doubled or halved from ``start``, then bisected.

    Raises:
        HayakoeError: it is false for every rate down to 0.02 a second.
    """
    low = high = start
    if await holds(start):
        while await holds(high := 2 * low):
            low = high
    else:
        while not await holds(low := high / 2):
            high = low
            if high < _LEAST_RATE:
                raise HayakoeError("--size: the server meets it at no rate: allow more milliseconds")
    while high / low > _PRECISION:
        middle = math.sqrt(low * high)
        if await holds(middle):
            low = middle
        else:
            high = middle
    return low


def size(per_hour: float, rate: float) -> list[Figure]:
    """Return the replicas for several numbers of rooms.

    Args:
        per_hour: requests of a room per hour.
        rate: requests per second that one replica holds.

    Each figure includes one spare replica, for a restart or a fault.
    """
    return [
        Figure(f"replicas for {rooms:,} rooms", math.ceil(rooms * per_hour / 3600 / rate) + 1, "", "")
        for rooms in _ROOMS
    ]
