"""The clients of a server: which get a place, and which give theirs up where all are taken."""

import asyncio
import logging
import socket
import time
from collections.abc import Coroutine
from operator import itemgetter

from wyoming_hayakoe.errors import RequestError, counted
from wyoming_hayakoe.server.background import owned
from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.log_limits import RareWarning
from wyoming_hayakoe.server.wyoming.connection import Connection
from wyoming_hayakoe.server.wyoming.events import HEADER_LIMIT

_LOGGER = logging.getLogger(__name__)


class Clients:
    """The tasks that serve the connected clients, and those that disconnect others."""

    def __init__(self, context: Context) -> None:
        """Serve nobody yet."""
        self._context = context
        self._served: dict[asyncio.Task[None], Connection] = {}
        self._leaving: dict[asyncio.Task[None], Connection] = {}
        self._warn_of_strangers = RareWarning(_LOGGER, lines=10)
        self._warn_of_crowd = RareWarning(_LOGGER)
        self.limit = context.settings.max_clients
        """Clients that are served at the same time, and also those that may be told that they are not."""

    @property
    def connections(self) -> list[Connection]:
        """The clients that are served."""
        return list(self._served.values())

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """All that runs for clients."""
        return {*self._served, *self._leaving}

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client in its own task, unless its network is not allowed or all others need their places."""
        settings = self._context.settings
        address = writer.get_extra_info("peername")
        peer = f"{address[0]}:{address[1]}" if address else "unix"
        if address and not settings.allows(address[0]):
            self._warn_of_strangers(f"{peer}: refused: not in the networks of --allow")
            writer.transport.abort()
            return
        connection = Connection(self._context, reader, writer, peer=peer, idle_timeout=settings.idle_timeout)
        if len(self._served) < self.limit or self._make_room():
            self._served[self._start(connection, connection.run())] = connection
        elif len(self._leaving) < self.limit:
            error = RequestError(
                "too-many-clients", f"{counted(self.limit, 'client')} connected already: try again later"
            )
            self._leaving[self._start(connection, connection.refuse(error))] = connection
        else:
            writer.transport.abort()

    async def serve_stdio(self, end: socket.socket) -> None:
        """Serve the client behind standard input and output, which keeps its place to its end."""
        reader, writer = await asyncio.open_connection(sock=end, limit=HEADER_LIMIT)
        connection = Connection(self._context, reader, writer, peer="stdio", idle_timeout=None)
        task = self._start(connection, connection.run())
        self._served[task] = connection
        await task

    def finish(self) -> None:
        """Answer the requests that have arrived or are arriving, then close the connections."""
        for connection in self._served.values():
            connection.finish()

    def _make_room(self) -> bool:
        """Disconnect the client that needs its place the least; return False if each needs it."""
        now = time.monotonic()
        claims = ((connection.claim(now), task) for task, connection in self._served.items())
        spare = min(((claim, task) for claim, task in claims if claim is not None), key=itemgetter(0), default=None)
        if spare is None:
            return False
        _, task = spare
        self._leaving[task] = connection = self._served.pop(task)
        self._warn_of_crowd(f"{connection.peer}: disconnected: idle, and its place is needed")
        task.cancel()
        return True

    def _start(self, connection: Connection, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Start ``work`` as the task of ``connection``, which is forgotten and closed at its end."""

        def end(task: asyncio.Task[None]) -> None:
            self._served.pop(task, None)
            self._leaving.pop(task, None)
            # A task that is cancelled before its first step runs no line of its own.
            connection.abort()

        task = owned(work)
        task.add_done_callback(end)
        return task
