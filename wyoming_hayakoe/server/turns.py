"""Turns: how much is fetched at once, so that no source waits for another one that is slow."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager


class Turns:
    """Bounds what is fetched at once, from each source and in all.

    What takes long keeps the place at its own source, and gives the other one back: whatever the sources do, another
    one's turn comes within ``longest`` seconds for every ``total`` that are slow.
    """

    def __init__(self, *, each: int = 4, total: int = 8, longest: float = 60.0) -> None:
        """Let ``each`` fetch at once from one source and ``total`` in all, for ``longest`` seconds at most."""
        self._sources: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(each))
        self._total = asyncio.Semaphore(total)
        self._longest = longest

    @asynccontextmanager
    async def turn(self, source: str) -> AsyncIterator[None]:
        """Wait for a turn at a source, and have it within."""
        async with self._sources[source]:
            await self._total.acquire()
            with ExitStack() as place:
                place.callback(self._total.release)
                overdue = asyncio.get_running_loop().call_later(self._longest, place.close)
                place.callback(overdue.cancel)
                yield
