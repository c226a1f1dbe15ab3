"""Work in the background: tasks whose failures are logged, and threads that nobody waits for at the end."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress
from typing import TypeVar

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")


async def in_daemon_thread(function: Callable[[], T]) -> T:
    """Return what ``function`` returns, computed in a daemon thread of its own: for work that may take hours."""
    return await asyncio.wrap_future(_started(function))


def beside_each_other(
    work: Mapping[str, Callable[[], T]], *, headstart: float, longest: float
) -> Mapping[str, T | Exception]:
    """Return what each of several calls returns or raises; those that take too long go on, and are missing here.

    Args:
        work: the calls by name. They are made in their order, one after another as long as they are quick.
        headstart: seconds after which the call that has not returned is no longer waited for by those after it.
        longest: seconds for all that are still running when the last one has been made.
    """
    running: dict[str, Future[T]] = {}
    for name, call in work.items():
        running[name] = future = _started(call)
        if wait([future], headstart).not_done:
            headstart = 0.0
    wait(running.values(), longest)
    found: dict[str, T | Exception] = {}
    for name, future in running.items():
        if future.done():
            error = future.exception()
            found[name] = error if isinstance(error, Exception) else future.result()
    return found


def _started(function: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where this is awaited
            # The event loop may be closed already.
            with suppress(RuntimeError):
                future.set_exception(_as_ordinary(error))
        else:
            with suppress(RuntimeError):
                future.set_result(result)

    threading.Thread(target=work, name="background", daemon=True).start()
    return future


def _as_ordinary(error: BaseException) -> Exception:
    """Return an error as one that ends nothing but its own call: no task is cancelled and no program exits by it."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration | CancelledError):
        return error
    ordinary = RuntimeError(f"{type(error).__name__} in a thread")
    ordinary.__cause__ = error
    return ordinary


def owned(work: Coroutine[None, None, None]) -> asyncio.Task[None]:
    """Start a task whose failure is logged when it happens, and not only when it is awaited."""
    task = asyncio.create_task(work)
    task.add_done_callback(_log_failure)
    return task


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _LOGGER.error("internal error", exc_info=error)
