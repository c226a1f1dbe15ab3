"""The client of one HTTP request: whether it is still there, and the room that the body of its request takes."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable
from typing import Any, TypeVar

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.waiting_text import Room

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")

_KEY = "hayakoe.caller"


class Caller:
    """One request's client, from the head of the request to the end of the response."""

    def __init__(self, context: Context, scope: Scope, receive: Receive) -> None:
        """Watch the client of ``scope``."""
        self._receive = receive
        self._watch: asyncio.Task[None] | None = None
        self._has_left = asyncio.Event()
        self.room = Room(context.waiting_bodies)
        """Where the body of the request waits."""
        self.at_end = contextlib.AsyncExitStack()
        """What is closed when the response has ended."""
        client = scope.get("client")
        self.peer = f"{client[0]}:{client[1]}" if client else "http"
        """Its address, for the log."""

    @property
    def has_left(self) -> bool:
        """Whether it has left; known only once :meth:`watch` was called."""
        return self._has_left.is_set()

    def watch(self) -> None:
        """Notice from now on that the client leaves; what it still sends of its request is discarded."""
        if self._watch is None:
            self._watch = asyncio.create_task(self._wait())

    async def unless_left(self, work: Awaitable[T]) -> T:
        """Return what ``work`` returns; cancel it when the client leaves.

        Raises:
            ConnectionResetError: the client has left.
        """
        self.watch()
        task, left = asyncio.ensure_future(work), asyncio.create_task(self._has_left.wait())
        try:
            await asyncio.wait({task, left}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            await _cancelled(task, left)
        raise ConnectionResetError("the client left before the end of its answer")

    async def close(self) -> None:
        """Close what belongs to the request, stop watching, and give the room back: the response has ended."""
        await self.at_end.aclose()
        self.room.close()
        if self._watch is not None:
            await _cancelled(self._watch)

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._has_left.set()


class Callers:
    """ASGI application that gives each request its :class:`Caller`."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, and end what belongs to the request."""
        if scope["type"] != "http":
            return
        scope[_KEY] = caller = Caller(self._context, scope, receive)
        try:
            await self._app(scope, receive, send)
        except Exception:  # noqa: BLE001
            # It has been logged, and answered if the response had not begun; one that is not complete is cut off.
            _LOGGER.debug("%s: a request has failed", caller.peer)
        finally:
            await caller.close()


def caller_of(request: HTTPConnection | Scope) -> Caller:
    """Return the client of a request."""
    scope = request.scope if isinstance(request, HTTPConnection) else request
    caller: Caller = scope[_KEY]
    return caller


async def _cancelled(*tasks: asyncio.Future[Any]) -> None:
    """Cancel those of ``tasks`` that run, and wait for their end; their errors are of no interest any more."""
    running: list[Awaitable[Any]] = []
    for task in tasks:
        if not task.done():
            task.cancel()
            running.append(task)
    if running:
        with contextlib.suppress(Exception):
            await asyncio.gather(*running, return_exceptions=True)
