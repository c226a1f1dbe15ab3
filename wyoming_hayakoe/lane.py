"""Who computes next: a few threads run the steps of all callers, each when it is due.

A step is one window of sound. Whoever wants the next one queues for it again, so callers share the machine window by
window, and nobody waits for another's whole article. A step is due when it is asked for, unless its owner says that it
has time: whoever hears nothing comes before whoever still has sound to play.
"""

import asyncio
import contextlib
import heapq
import itertools
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")


class Lane:
    """The threads that compute; an event loop never does. Serves any number of loops."""

    def __init__(self, width: int = 1) -> None:
        """Compute ``width`` steps at a time, at most."""
        self._executor = ThreadPoolExecutor(width, thread_name_prefix="lane")
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: list[_Step] = []
        self._running: list[_Step] = []

    async def run(self, function: Callable[[], T]) -> T:
        """Run ``function`` as one step and return its result."""
        return await asyncio.wrap_future(self._submit(function, time.monotonic()))

    async def iterate(
        self, windows: Generator[T, None, None], due: Callable[[], float] = time.monotonic
    ) -> AsyncGenerator[T, None]:
        """Yield what ``windows`` yields, one step for each; ``due`` is asked when each is needed (monotonic seconds).

        If this iterator is closed or its task cancelled, a step that waits is forgotten, one that runs is the last, and
        ``windows`` is closed after it. Close it (``contextlib.aclosing``) wherever it may not be exhausted.
        """
        step: Future[list[T]] | None = None
        try:
            while True:
                step = self._submit(lambda: list(islice(windows, 1)), due())
                found = await asyncio.wrap_future(step)
                if not found:
                    return
                yield found[0]
        finally:
            if step is not None:
                # A generator cannot be closed while it runs, and its owner does not wait for that.
                step.add_done_callback(lambda _: self._close(windows))

    def overdue(self) -> int:
        """Return how many steps are wanted by now and not done: how many callers are being kept waiting."""
        now = time.monotonic()
        with self._lock:
            return sum(step.due <= now and not step.future.done() for step in (*self._waiting, *self._running))

    def stop(self) -> None:
        """Forget every step that waits; one that runs ends by itself."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for step in self._waiting:
                step.future.cancel()

    def _submit(self, function: Callable[[], T], due: float) -> Future[T]:
        """Have ``function`` run by the next thread that is free and finds nothing that is due before it."""
        future: Future[T] = Future()
        with self._lock:
            self._executor.submit(self._work)
            heapq.heappush(self._waiting, _Step(due, next(self._numbers), function, future))
        return future

    def _work(self) -> None:
        with self._lock:
            step = heapq.heappop(self._waiting)
            self._running.append(step)
        step.run()
        with self._lock:
            self._running.remove(step)

    def _close(self, windows: Generator[T, None, None]) -> None:
        # A stopped lane takes no more steps; then nothing runs that could be closed.
        with contextlib.suppress(RuntimeError):
            self._executor.submit(windows.close)


@dataclass(order=True, slots=True)
class _Step:
    """Something to compute; of two that are due at once, the one that was asked for first is less."""

    due: float
    number: int
    function: Callable[[], Any] = field(compare=False)
    future: Future[Any] = field(compare=False)

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.function()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where the step is awaited
            self.future.set_exception(error)
        else:
            self.future.set_result(result)
