"""Memory that answers have freed goes back to the system while the server runs, whichever voice has spoken."""

import asyncio

from wyoming_hayakoe.engine.runtime.heap import resident_bytes, trim_heap

_SECONDS = 10.0
# Returning 100 MB takes 10 ms of one thread, and to take it again costs the next answers as much.
_MUCH = 4 << 20


async def return_freed_memory() -> None:
    """Return what has been freed, every ten seconds in which memory has grown. Runs until it is cancelled."""
    after = resident_bytes()
    while True:
        await asyncio.sleep(_SECONDS)
        if resident_bytes() > after + _MUCH:
            await asyncio.to_thread(trim_heap)
            after = resident_bytes()
