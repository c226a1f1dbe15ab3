"""Who computes next: a few threads run the steps of all callers, in the order in which they were asked for.

A step is one window of sound. Whoever wants the next one queues for it again behind everybody else, so callers share
the machine window by window, and nobody waits for another's whole article.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


class Lane:
    """The threads that compute; an event loop never does. Serves any number of loops."""

    def __init__(self, width: int = 1) -> None:
        """Compute ``width`` steps at a time, at most."""
        self._executor = ThreadPoolExecutor(width, thread_name_prefix="lane")

    async def run(self, function: Callable[[], T]) -> T:
        """Run ``function`` as one step and return its result."""
        return await asyncio.wrap_future(self._executor.submit(function))

    async def iterate(self, windows: Generator[T, None, None]) -> AsyncGenerator[T, None]:
        """Yield what ``windows`` yields, one step for each.

        If this iterator is closed or its task cancelled, a step that waits is forgotten, one that runs is the last, and
        ``windows`` is closed after it. Close it (``contextlib.aclosing``) wherever it may not be exhausted.
        """
        step: Future[list[T]] | None = None
        try:
            while True:
                step = self._executor.submit(lambda: list(islice(windows, 1)))
                found = await asyncio.wrap_future(step)
                if not found:
                    return
                yield found[0]
        finally:
            if step is not None:
                # A generator cannot be closed while it runs, and its owner does not wait for that.
                step.add_done_callback(lambda _: self._close(windows))

    def stop(self) -> None:
        """Forget every step that waits; one that runs ends by itself."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _close(self, windows: Generator[T, None, None]) -> None:
        # A stopped lane takes no more steps; then nothing runs that could be closed.
        with contextlib.suppress(RuntimeError):
            self._executor.submit(windows.close)
