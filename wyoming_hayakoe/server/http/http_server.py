"""HTTPServer: the sockets of one address, and the clients that are connected to them."""

import asyncio
import logging
import socket
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from ipaddress import ip_address
from operator import itemgetter

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import ServerState

from wyoming_hayakoe.server.acceptor import Acceptor
from wyoming_hayakoe.server.background import in_daemon_thread
from wyoming_hayakoe.server.discovery import reachable_addresses
from wyoming_hayakoe.server.http.app import application, monitoring
from wyoming_hayakoe.server.http.protocol import HEAD_LIMIT, KEEP_ALIVE, ClientProtocol, plain_response
from wyoming_hayakoe.server.http.services import Services
from wyoming_hayakoe.server.listeners import TcpAddress, open_tcp, parse_uri
from wyoming_hayakoe.server.log_limits import RareWarning
from wyoming_hayakoe.server.settings import ServerSettings

_LOGGER = logging.getLogger(__name__)

# Seconds in which requests that were sent before the server began to stop may still arrive.
_LAST_CALL = 0.5

MONITORS = 32
"""Monitors that may be connected at a time."""


class HTTPServer:
    """An ASGI application at one address, with a bound on its clients.

    Of uvicorn only the protocol is used: who may connect, how many, and when the server stops is decided here.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings, *, limit: int) -> None:
        """Serve ``app`` to at most ``limit`` clients at a time, those of the networks that ``settings`` allow."""
        self._settings = settings
        self._limit = limit
        self._config = Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            interface="asgi3",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=int(KEEP_ALIVE),
            h11_max_incomplete_event_size=HEAD_LIMIT,
        )
        self._config.load()
        self._state = ServerState()
        self._acceptors: list[Acceptor] = []
        self._lost = asyncio.Event()
        self._warn_of_strangers = RareWarning(_LOGGER, lines=10)
        self.endpoints: list[tuple[str, int]] = []
        """Address and port of every socket."""

    @property
    def connections(self) -> int:
        """The number of clients that are connected."""
        return len(self._state.connections)

    @property
    def _clients(self) -> list[ClientProtocol]:
        return [client for client in self._state.connections if isinstance(client, ClientProtocol)]

    async def listen(self, uri: str, flag: str) -> None:
        """Listen at tcp://HOST:PORT, which ``flag`` names.

        Raises:
            HayakoeError: the address is in use, or is not this machine's.
        """
        match parse_uri(uri):
            case TcpAddress() as address:
                # Name servers may be slow.
                for listener in await in_daemon_thread(partial(open_tcp, address, flag)):
                    self.endpoints.append(listener.getsockname()[:2])
                    self._acceptors.append(Acceptor(listener, self._welcome))

    async def finish(self) -> None:
        """Accept nobody any more, and return when every client has read its answer."""
        await self._stop_accepting()
        loop = asyncio.get_running_loop()
        for client in self._clients:
            if client.has_asked:
                client.shutdown()
            else:
                loop.call_later(_LAST_CALL, client.shutdown)
        while self._state.connections:
            self._lost.clear()
            await self._lost.wait()

    async def close(self) -> None:
        """Close every socket, and end every answer."""
        await self._stop_accepting()
        tasks = set(self._state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for client in self._clients:
            client.abort()

    async def _stop_accepting(self) -> None:
        while self._acceptors:
            await self._acceptors.pop().stop()

    async def _welcome(self, client: socket.socket) -> None:
        """Serve a client, unless its network is not allowed or all others need their places."""
        try:
            peer = client.getpeername()
        except OSError:
            client.close()  # it has left already
            return
        if not self._settings.allows(peer[0]):
            self._warn_of_strangers(f"{peer[0]}:{peer[1]}: refused: not in the networks of --allow")
            client.close()
            return
        if self.connections >= self._limit and not self._make_room():
            _refuse(client)
            return
        await asyncio.get_running_loop().connect_accepted_socket(self._make_protocol, client)

    def _make_protocol(self) -> ClientProtocol:
        patience = self._settings.stall_timeout
        return ClientProtocol(self._config, self._state, stall_timeout=patience, on_lost=self._lost.set)

    def _make_room(self) -> bool:
        """Disconnect the client that has asked for nothing for the longest; return False if all are being answered."""
        idle = [(client.idle_since, client) for client in self._clients if client.idle_since is not None]
        if not idle:
            return False
        _, spare = min(idle, key=itemgetter(0))
        self._state.connections.discard(spare)
        spare.abort()
        return True


def _refuse(client: socket.socket) -> None:
    """Tell a client that there is no place for it, if that can be done without waiting, and close."""
    line = "all connections are in use: try again later"
    with client:
        try:
            client.send(plain_response(HTTPStatus.SERVICE_UNAVAILABLE, line, Retry_After="1"))
        except OSError:
            _LOGGER.debug("a client that was to be refused has left")


async def serve_clients(services: Services, limit: int) -> HTTPServer:
    """Serve the page, and the programs that speak HTTP, at the address of --http.

    Raises:
        HayakoeError: the address is in use, or is not this machine's.
    """
    settings = services.context.settings
    server = HTTPServer(application(services), settings, limit=limit)
    await server.listen(settings.http or "", "--http")
    for address in page_addresses(server.endpoints):
        _LOGGER.info("page: %s", address)
    return server


async def serve_monitors(services: Services) -> HTTPServer:
    """Serve the pages for monitors alone at the address of --metrics.

    Raises:
        HayakoeError: the address is in use, or is not this machine's.
    """
    settings = services.context.settings
    server = HTTPServer(monitoring(services), settings, limit=MONITORS)
    await server.listen(settings.metrics or "", "--metrics")
    _LOGGER.info("metrics at %s", settings.metrics)
    return server


def page_addresses(endpoints: Sequence[tuple[str, int]]) -> list[str]:
    """Return one address of the page for each of the sockets; where these are for every address, the best one.

    That is an address which other hosts reach, or localhost where there is none.
    """
    found = []
    for host, port in endpoints:
        if ip_address(host.split("%")[0]).is_unspecified:
            host = next(iter(reachable_addresses([host])), "localhost")  # noqa: PLW2901
        found.append(f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/")
    return list(dict.fromkeys(found))
