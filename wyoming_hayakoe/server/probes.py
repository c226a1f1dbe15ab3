"""HTTP pages for monitors and load balancers: /metrics, /healthz, /readyz."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from wyoming_hayakoe.server.acceptor import Acceptor
from wyoming_hayakoe.server.listeners import TcpAddress, open_tcp, parse_uri
from wyoming_hayakoe.server.metrics import CONTENT_TYPE, Metrics

_LOGGER = logging.getLogger(__name__)

# Seconds for one exchange, from accepting the connection to closing it.
_TIMEOUT = 10.0
_MAX_CONNECTIONS = 32
_HEADER_LIMIT = 8 * 1024


@dataclass(frozen=True, slots=True)
class Page:
    """The answer to a GET."""

    status: HTTPStatus
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


class Probes:
    """An HTTP server of a few pages, with bounds on clients, header size and time; one exchange for each connection."""

    def __init__(self, pages: Mapping[str, Callable[[], Awaitable[Page]]], allows: Callable[[str], bool]) -> None:
        """Serve ``pages``, by path, to the hosts for which ``allows`` is true."""
        self._pages = pages
        self._allows = allows
        self._acceptors: list[Acceptor] = []
        self._exchanges: dict[asyncio.Task[None], None] = {}
        self.endpoints: list[tuple[str, int]] = []
        """Address and port of every socket."""

    async def listen(self, uri: str) -> None:
        """Listen at tcp://HOST:PORT.

        Raises:
            HayakoeError: the address is in use, or is not this machine's.
        """
        match parse_uri(uri):
            case TcpAddress() as address:
                for listener in open_tcp(address, "--metrics"):
                    self.endpoints.append(listener.getsockname()[:2])
                    self._acceptors.append(Acceptor(listener, self._accept, _HEADER_LIMIT))
        _LOGGER.info("metrics at %s", uri)

    async def close(self) -> None:
        """Close the sockets and cancel the running exchanges."""
        for acceptor in self._acceptors:
            await acceptor.stop()
        for exchange in self._exchanges:
            exchange.cancel()
        await asyncio.gather(*self._exchanges, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        # A client that has left already has no address any more.
        if not peer or not self._allows(peer[0]):
            writer.transport.abort()
            return
        if len(self._exchanges) >= _MAX_CONNECTIONS:
            # The oldest has had more time than an honest client needs: many clients must not shut out a balancer.
            oldest = next(iter(self._exchanges))
            del self._exchanges[oldest]
            oldest.cancel()
        exchange = asyncio.create_task(self._exchange(reader, writer))
        self._exchanges[exchange] = None
        exchange.add_done_callback(lambda done: self._exchanges.pop(done, None))
        # A task that is cancelled before its first step runs no line of its own.
        exchange.add_done_callback(lambda _: writer.transport.abort())

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, then close the connection."""
        try:
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                async with asyncio.timeout(_TIMEOUT):
                    writer.write(await self._answer(reader))
                    writer.close()
                    await writer.wait_closed()
        except Exception:
            _LOGGER.exception("internal error")

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _encode(_plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))
        method, _, rest = head.split(b"\r\n", 1)[0].partition(b" ")
        target, _, version = rest.partition(b" ")
        if not version.startswith(b"HTTP/1."):
            return _encode(_plain(HTTPStatus.BAD_REQUEST))
        page = self._pages.get(target.split(b"?")[0].decode("latin-1"))
        if page is None:
            return _encode(_plain(HTTPStatus.NOT_FOUND))
        if method not in {b"GET", b"HEAD"}:
            return _encode(_plain(HTTPStatus.METHOD_NOT_ALLOWED))
        return _encode(await page(), with_body=method == b"GET")


def pages_of(metrics: Metrics, is_ready: Callable[[], bool]) -> Mapping[str, Callable[[], Awaitable[Page]]]:
    """Return the three pages by path: the metrics, whether the process answers, whether it is ready for clients."""

    async def show_metrics() -> Page:
        return Page(HTTPStatus.OK, await metrics.page(), CONTENT_TYPE)

    async def show_health() -> Page:
        return _plain(HTTPStatus.OK)

    async def show_readiness() -> Page:
        return _plain(HTTPStatus.OK if is_ready() else HTTPStatus.SERVICE_UNAVAILABLE)

    return {"/metrics": show_metrics, "/healthz": show_health, "/readyz": show_readiness}


def _plain(status: HTTPStatus) -> Page:
    return Page(status, f"{status.phrase.lower()}\n".encode())


def _encode(page: Page, *, with_body: bool = True) -> bytes:
    head = (
        f"HTTP/1.1 {page.status.value} {page.status.phrase}\r\n"
        f"Content-Type: {page.content_type}\r\n"
        f"Content-Length: {len(page.body)}\r\n"
        + ("Allow: GET, HEAD\r\n" if page.status is HTTPStatus.METHOD_NOT_ALLOWED else "")
        + "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + (page.body if with_body else b"")
