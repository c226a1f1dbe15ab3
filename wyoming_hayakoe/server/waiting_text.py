"""Room for the texts that wait for their turn, in bytes: bounded on each connection, and on all of them together.

A text takes room before it is read, and gives it back while it is cut into sentences for speaking. A client whose text
finds no room is not read meanwhile; its other events are.

- One connection has room for 64 KiB of text. A single text that is larger is read when no other waits there.
- Each connection has a share of the total that is its own, so that clients that read nothing of their answers, however
  many, never keep a shorter text out.
- What exceeds the shares comes from one pool, first come, first served: a text waits there until stalled clients are
  disconnected, and is refused if the pool is full of others' texts for longer.
"""

import asyncio

from wyoming_hayakoe.errors import RequestError

CONNECTION_LIMIT = 64 * 1024
"""Bytes of text that may wait on one connection, unless a single text is larger."""


class WaitingText:
    """The room on all connections of a server."""

    def __init__(self, size: int, clients: int, patience: float) -> None:
        """Divide ``size`` bytes: half as the shares of ``clients`` connections, the rest as the pool.

        A text waits for the pool for ``patience`` seconds at most.
        """
        self.share = size // 2 // clients
        """Bytes of text that may wait on each connection whatever the others do."""
        self._patience = patience
        self._free = self._pool = size - self.share * clients
        self._turn = asyncio.Lock()
        self._given = asyncio.Event()

    @property
    def pooled(self) -> int:
        """Bytes that are taken from the pool now."""
        return self._pool - self._free

    async def take(self, size: int) -> None:
        """Take ``size`` bytes from the pool, once they are free; more than it has are taken when nobody else uses it.

        Raises:
            RequestError: ``busy``: they were not free in time.
        """
        try:
            async with asyncio.timeout(self._patience), self._turn:
                while size > self._free < self._pool:
                    self._given.clear()
                    await self._given.wait()
                self._free -= size
        except TimeoutError:
            raise RequestError("busy", "too much text of other clients waits: try again soon") from None

    def give(self, size: int) -> None:
        """Give ``size`` bytes back to the pool; a negative size takes them, though they may not be free."""
        self._free += size
        self._given.set()


class Room:
    """The room of one connection; one task reserves it."""

    def __init__(self, shared: WaitingText) -> None:
        self._shared = shared
        self._pooled = 0
        self._reserved = 0
        self._given = asyncio.Event()
        self.held = 0
        """Bytes that wait here or are reserved."""

    async def reserve(self, size: int) -> None:
        """Wait until ``size`` bytes of text may wait here, what is reserved already included.

        Raises:
            RequestError: ``busy``: other clients' texts left no room for them.
        """
        more = max(0, size - self._reserved)
        while self.held > self._reserved and self.held + more > CONNECTION_LIMIT:
            self._given.clear()
            await self._given.wait()
        if (pooled := self._beyond_share(self.held + more) - self._pooled) > 0:
            await self._shared.take(pooled)
            self._pooled += pooled
        self._reserved += more
        self._hold(self.held + more)

    def keep(self, size: int) -> None:
        """Hold ``size`` bytes until they are given back, first of all those that are reserved."""
        reserved = min(size, self._reserved)
        self._reserved -= reserved
        self._hold(self.held + size - reserved)

    def give(self, size: int) -> None:
        """Give back ``size`` bytes that were kept."""
        self._hold(self.held - size)

    def give_reserved(self) -> None:
        """Give back what is reserved and was not kept."""
        size, self._reserved = self._reserved, 0
        self._hold(self.held - size)

    def close(self) -> None:
        """Give everything back: the connection has ended."""
        self._reserved = 0
        self._hold(0)

    def _hold(self, size: int) -> None:
        self.held = size
        pooled = self._beyond_share(size)
        if pooled != self._pooled:
            self._shared.give(self._pooled - pooled)
            self._pooled = pooled
        self._given.set()

    def _beyond_share(self, size: int) -> int:
        return max(0, size - self._shared.share)
