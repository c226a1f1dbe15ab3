"""Who computes next: one thread runs the steps of all clients, in the order in which they were asked for.

A step is one window of sound. Whoever wants the next one queues for it again behind everybody else, so clients share
the machine window by window, and nobody waits for another's whole article.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Lane:
    """The one thread that computes; the event loop never does."""

    def __init__(self, name: str = "lane") -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self.steps = 0
        """Steps computed so far."""

    async def run(self, function: Callable[[], T]) -> T:
        """Run ``function`` as one step and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._step, function)

    async def iterate(self, windows: Generator[T, None, None]) -> AsyncGenerator[T, None]:
        """Yield what ``windows`` yields, one step for each.

        If this iterator is closed or its task cancelled, a step that waits is forgotten, one that runs is the last, and
        ``windows`` is closed after it. Close it (``contextlib.aclosing``) wherever it may not be exhausted.
        """
        end = object()
        try:
            while (window := await self.run(lambda: next(windows, end))) is not end:
                yield window  # type: ignore[misc]
        finally:
            # A stopped lane takes no more steps; then nothing runs that could be closed.
            with contextlib.suppress(RuntimeError):
                self._executor.submit(windows.close)

    def stop(self) -> None:
        """Forget every step that waits; one that runs ends by itself."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _step(self, function: Callable[[], T]) -> T:
        self.steps += 1
        return function()
