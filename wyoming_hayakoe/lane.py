"""Scheduling of the computation: a few threads run the steps of all callers, the most urgent first.

A step is one window of sound. A caller queues again for each window, so callers share the machine window by window,
and none waits for another's whole article. A step is due at once, unless its caller gives a later time: a client
without sound comes before one that still has sound to play, and a first window before all others.
"""

import asyncio
import contextlib
import heapq
import itertools
import math
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Demand:
    """The callers that wait for a lane at one moment."""

    callers: int
    """Callers that wait for a step of theirs to be done."""

    first: int
    """Those among them whose step is their first window."""

    later: int
    """Those whose step is a later one, and is being computed: it cannot be interrupted."""


class Lane:
    """The threads that compute, for any number of event loops."""

    def __init__(self, width: int = 1, *, has_express: bool = False) -> None:
        """Compute ``width`` steps at a time, at most, and with ``has_express`` one first window beside them.

        A later window takes up to five times as long as a first one, and cannot be interrupted: with a thread of its
        own, a first window takes its share of the processor at once.
        """
        self._executor = ThreadPoolExecutor(width, thread_name_prefix="lane")
        self._express = ThreadPoolExecutor(1, thread_name_prefix="lane-express") if has_express else None
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: list[_Step] = []
        self._awaited: dict[_Step, Callable[[], bool]] = {}

    async def run(self, function: Callable[[], T]) -> T:
        """Run ``function`` as one step and return its result."""
        step = self._submit(function, time.monotonic(), is_first=False)
        result: T = await self._result(step)
        return result

    async def iterate(
        self,
        windows: Generator[T, None, None],
        due: Callable[[], float] = time.monotonic,
        *,
        is_first: bool = False,
        silent_steps: int = 0,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> AsyncGenerator[T, None]:
        """Yield what ``windows`` yields, one step for each.

        ``due`` is asked when each is needed (monotonic seconds); ``is_first`` says that the first is a first window, as
        is the one behind ``silent_steps`` windows of silence, which take no computing;
        ``is_wanted`` is asked by :meth:`demand` whether there is still a client for them.

        If this iterator is closed or its task cancelled, a step that waits is forgotten, one that runs is the last, and
        ``windows`` is closed after it. Close it (``contextlib.aclosing``) wherever it may not be exhausted.
        """
        step: _Step | None = None
        try:
            for number in itertools.count():
                is_urgent = is_first and number <= silent_steps
                step = self._submit(lambda: list(islice(windows, 1)), due(), is_first=is_urgent)
                found: list[T] = await self._result(step, is_wanted)
                if not found:
                    return
                yield found[0]
        finally:
            if step is not None:
                # A generator cannot be closed while it runs, and its owner does not wait for that.
                step.future.add_done_callback(lambda _: self._close(windows))

    def demand(self, within: float = math.inf) -> Demand:
        """Return the callers that wait for this lane now, and whose step is due ``within`` that many seconds."""
        horizon = time.monotonic() + within
        with self._lock:
            awaited = [(step, is_wanted) for step, is_wanted in self._awaited.items() if step.due <= horizon]
        steps = [step for step, is_wanted in awaited if is_wanted()]
        return Demand(
            callers=len(steps),
            first=sum(not step.is_later for step in steps),
            later=sum(step.is_later and step.future.running() for step in steps),
        )

    def stop(self) -> None:
        """Cancel every waiting step; a running one ends by itself."""
        for executor in filter(None, (self._executor, self._express)):
            executor.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for step in self._waiting:
                step.future.cancel()

    def _submit(self, function: Callable[[], Any], due: float, *, is_first: bool) -> "_Step":
        """Have ``function`` run by the next thread that is free and finds nothing that comes before it."""
        step = _Step(not is_first, due, next(self._numbers), function)
        with self._lock:
            self._executor.submit(self._work)
            if is_first and self._express:
                self._express.submit(self._work, only_first=True)
            heapq.heappush(self._waiting, step)
        return step

    async def _result(self, step: "_Step", is_wanted: Callable[[], bool] = lambda: True) -> Any:
        """Wait for ``step``; until its caller is back here it counts as one who wants something."""
        with self._lock:
            self._awaited[step] = is_wanted
        try:
            return await asyncio.wrap_future(step.future)
        finally:
            with self._lock:
                self._awaited.pop(step)

    def _work(self, *, only_first: bool = False) -> None:
        """Run the most urgent step; another thread may have taken the step that was submitted with this call."""
        with self._lock:
            if not self._waiting or (only_first and self._waiting[0].is_later):
                return
            step = heapq.heappop(self._waiting)
        step.run()

    def _close(self, windows: Generator[T, None, None]) -> None:
        # A stopped lane takes no more steps; then nothing runs that could be closed.
        with contextlib.suppress(RuntimeError):
            self._executor.submit(windows.close)


@dataclass(order=True, frozen=True, slots=True)
class _Step:
    """One computation; the more urgent of two is the lesser."""

    is_later: bool
    """Whether it is not its caller's first window."""

    due: float
    number: int
    function: Callable[[], Any] = field(compare=False)
    future: Future[Any] = field(compare=False, default_factory=Future)

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.function()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where the step is awaited
            self.future.set_exception(error)
        else:
            self.future.set_result(result)
