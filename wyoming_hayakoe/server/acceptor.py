"""Accepting the clients of a listening socket, also while the process has no file descriptor left.

asyncio's own server logs a hundred tracebacks a second then, and hands on as many clients as wait before anybody else
has a turn. Here one task accepts one client after another.
"""

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import Awaitable, Callable

from wyoming_hayakoe.server.background import owned
from wyoming_hayakoe.server.listeners import BACKLOG
from wyoming_hayakoe.server.log_limits import RareWarning

_LOGGER = logging.getLogger(__name__)

# Seconds after which a client that could not be accepted is tried again.
_RETRY = 0.1
# Descriptors that a client takes (its socket, and an epoll that notices it leaving), with one for a client that is
# being refused; and those of the program beside all clients: 40 on an idle server, more while voices are fetched.
_EACH = 3
_OTHERS = 128
_ENOUGH = 1 << 16

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]
Welcome = Callable[[socket.socket], Awaitable[None]]
"""Takes a client over by its socket, which is closed where this fails."""


def with_streams(serve: Serve, limit: int) -> Welcome:
    """Return a welcome that hands a client on to ``serve``, whose reader buffers ``limit`` bytes."""

    async def welcome(client: socket.socket) -> None:
        serve(*await asyncio.open_connection(sock=client, limit=limit))

    return welcome


class Acceptor:
    """The task that accepts the clients of one listening socket, in the order in which they connected."""

    def __init__(self, listener: socket.socket, welcome: Welcome) -> None:
        """Hand each client on to ``welcome``."""
        self._listener = listener
        self._welcome = welcome
        self._woken = asyncio.Event()
        self._is_stopping = False
        self._warn = RareWarning(_LOGGER)
        self._task = owned(self._run())

    async def stop(self) -> None:
        """Hand on the clients that the system has let in already, which closing would disconnect; then close."""
        self._is_stopping = True
        self._woken.set()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        with self._listener:
            while not self._is_stopping:
                if not await self._accept():
                    await self._wait_for_clients()
            for _ in range(BACKLOG):
                if not await self._accept():
                    return

    async def _accept(self) -> bool:
        """Hand on the next client; return False where none waits or can be accepted now."""
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return False
        except ConnectionAbortedError:
            return True
        except OSError as error:  # EMFILE, ENFILE, ENOBUFS, ENOMEM: the socket stays readable
            self._warn(f"{_shown(self._listener)}: no client can be accepted now: {error.strerror or error}")
            await asyncio.sleep(_RETRY)
            return False
        try:
            client.setblocking(False)
            await self._welcome(client)
        except Exception:
            # Whatever it is, the next client is accepted.
            client.close()
            _LOGGER.exception("internal error")
        return True

    async def _wait_for_clients(self) -> None:
        if self._is_stopping:
            return
        loop = asyncio.get_running_loop()
        self._woken.clear()
        loop.add_reader(self._listener, self._woken.set)
        try:
            await self._woken.wait()
        finally:
            loop.remove_reader(self._listener)


def _shown(listener: socket.socket) -> str:
    """Return the port or the path at which clients connect."""
    name = listener.getsockname()
    return f"port {name[1]}" if isinstance(name, tuple) else str(name)


def clients_with_descriptors(wanted: int, *, protocols: int = 1) -> int:
    """Allow this process as many descriptors as ``wanted`` clients take; return for how many clients there are enough.

    So many clients may be connected for each of ``protocols``.

    The system's soft limit, often 1,024, is for programs that use select(2); the hard limit binds all.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    most = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    fitting = max(1, min(wanted, (soft - _OTHERS) // (_EACH * protocols)))
    if fitting < wanted:
        _LOGGER.warning(
            "at most %d clients, not %d: the system allows %d open files: raise its limit, or lower --max-clients",
            fitting,
            wanted,
            soft,
        )
    return fitting
