"""Steps of several callers on a few threads."""

import asyncio
import threading
from contextlib import aclosing

import pytest

from tests.support import DEADLINE, eventually, in_threads
from wyoming_hayakoe.lane import Demand, Lane


@pytest.fixture(params=[1, 3], ids=["one thread", "three threads"])
def lane(request):
    lane = Lane(request.param)
    yield lane
    lane.stop()


class Windows:
    """Windows that are computed when their gate opens, and know how they ended."""

    def __init__(self):
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.closed = threading.Event()
        self.started = 0
        # Kept, so that the garbage collector does not close what the lane forgets to.
        self.generator = self._generate()

    def _generate(self):
        try:
            while True:
                self.started += 1
                self.entered.set()
                assert self.gate.wait(DEADLINE)
                yield self.started
        finally:
            self.closed.set()

    async def consume(self, lane):
        async for _ in lane.iterate(self.generator):
            pass


async def reached(event, what):
    await eventually(event.is_set, what)


async def test_callers_take_turns_window_by_window():
    lane = Lane()
    order = []

    def windows(name):
        for index in range(3):
            order.append((index, name))
            yield index

    async def consume(name):
        async for _ in lane.iterate(windows(name)):
            pass

    await asyncio.gather(*(consume(name) for name in "abc"))
    assert order == sorted(order)
    lane.stop()


async def test_what_is_due_sooner_comes_first_and_a_first_window_before_all():
    lane = Lane()
    order = []
    busy = Windows()
    running = asyncio.create_task(busy.consume(lane))
    await reached(busy.entered, "the lane is busy")

    def windows(name):
        order.append(name)
        yield

    async def consume(name, due, *, is_first):
        async for _ in lane.iterate(windows(name), lambda: due, is_first=is_first):
            pass

    wanted = [("c", 3.0, False), ("b", 2.0, False), ("later first", 5.0, True), ("first", 4.0, True), ("a", 1.0, False)]
    callers = [asyncio.create_task(consume(name, due, is_first=is_first)) for name, due, is_first in wanted]
    await eventually(lambda: lane.demand() == Demand(callers=6, first=2, later=1), "all wait")
    running.cancel()
    busy.gate.set()
    await asyncio.gather(*callers)
    assert order == ["first", "later first", "a", "b", "c"]
    assert lane.demand() == Demand(callers=0, first=0, later=0)
    lane.stop()


async def test_a_first_window_runs_beside_a_later_one():
    lane = Lane(has_express=True)
    long, other, first = Windows(), Windows(), Windows()
    callers = [asyncio.create_task(one.consume(lane)) for one in (long, other)]
    await reached(long.entered, "the lane is busy")
    first.gate.set()
    async with aclosing(lane.iterate(first.generator, is_first=True)) as windows:
        assert await anext(windows) == 1
        # Its second window waits as all others do.
        second = asyncio.ensure_future(anext(windows))
        await eventually(lambda: lane.demand() == Demand(callers=3, first=0, later=1), "all wait")
        assert not other.entered.is_set()
        long.gate.set()
        other.gate.set()
        assert await second == 2
    for caller in callers:
        caller.cancel()
    lane.stop()


async def test_a_step_never_runs_on_the_event_loop(lane):
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def finish():
        done.set()

    # The step ends only when the loop has run something else meanwhile.
    await lane.run(lambda: asyncio.run_coroutine_threadsafe(finish(), loop).result(5))
    assert done.is_set()


async def test_no_more_steps_run_at_a_time_than_the_lane_is_wide():
    lane = Lane(2)
    windows = [Windows() for _ in range(4)]
    tasks = [asyncio.create_task(one.consume(lane)) for one in windows]
    await reached(windows[0].entered, "the first")
    await reached(windows[1].entered, "the second")
    assert not windows[2].entered.is_set()
    assert not windows[3].entered.is_set()
    for one in windows:
        one.gate.set()
    await reached(windows[3].entered, "the last has its turn")
    for task in tasks:
        task.cancel()
    for one in windows:
        await reached(one.closed, "closed")
    lane.stop()


async def test_leaving_while_a_window_is_computed_closes_behind_it(lane):
    windows = Windows()
    task = asyncio.create_task(windows.consume(lane))
    await reached(windows.entered, "a window is being computed")
    task.cancel()
    # It leaves at once, and does not wait for the window.
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not windows.closed.is_set()
    windows.gate.set()
    await reached(windows.closed, "closed")
    assert windows.started == 1


async def test_leaving_between_two_windows_closes_without_computing_more(lane):
    windows = Windows()
    windows.gate.set()
    async with aclosing(lane.iterate(windows.generator)) as iterator:
        assert await anext(iterator) == 1
    await reached(windows.closed, "closed")
    assert windows.started == 1


async def test_an_iterator_that_is_forgotten_closes_its_windows_too(lane):
    windows = Windows()
    windows.gate.set()
    iterator = lane.iterate(windows.generator)
    assert await anext(iterator) == 1
    del iterator
    await reached(windows.closed, "closed")


async def test_a_step_that_waits_is_forgotten_with_who_asked_for_it():
    lane = Lane()
    busy, waiting = Windows(), Windows()
    running = asyncio.create_task(busy.consume(lane))
    await reached(busy.entered, "the lane is busy")
    task = asyncio.create_task(waiting.consume(lane))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    running.cancel()
    busy.gate.set()
    await reached(busy.closed, "closed")
    await lane.run(lambda: None)
    assert waiting.started == 0
    lane.stop()


async def test_an_error_in_a_step_reaches_its_owner(lane):
    def windows():
        yield 1
        raise ZeroDivisionError

    iterator = lane.iterate(windows())
    assert await anext(iterator) == 1
    with pytest.raises(ZeroDivisionError):
        await anext(iterator)
    assert await lane.run(lambda: 5) == 5


def test_it_serves_loops_in_several_threads(lane):
    async def consume():
        return [window async for window in lane.iterate(iter_range())]

    def iter_range():
        yield from range(20)

    assert in_threads(lambda: asyncio.run(consume())) == [list(range(20))] * 8


async def test_a_stopped_lane_lets_go(lane):
    windows = Windows()
    task = asyncio.create_task(windows.consume(lane))
    await reached(windows.entered, "a window is being computed")
    lane.stop()
    windows.gate.set()
    with pytest.raises(RuntimeError, match="shutdown"):
        await task
