"""Work in the background: tasks whose failures are logged, and threads that nobody waits for at the end."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")


async def in_daemon_thread(function: Callable[[], T]) -> T:
    """Return what ``function`` returns, computed in a daemon thread of its own: for work that may take hours."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where this is awaited
            # The event loop may be closed already.
            with suppress(RuntimeError):
                future.set_exception(error)
        else:
            with suppress(RuntimeError):
                future.set_result(result)

    threading.Thread(target=work, name="background", daemon=True).start()
    return await asyncio.wrap_future(future)


def owned(work: Coroutine[None, None, None]) -> asyncio.Task[None]:
    """Start a task whose failure is logged when it happens, and not only when it is awaited."""
    task = asyncio.create_task(work)
    task.add_done_callback(_log_failure)
    return task


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _LOGGER.error("internal error", exc_info=error)
