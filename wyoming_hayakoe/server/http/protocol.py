"""One HTTP connection: uvicorn's protocol on h11, with bounds on what a client sends, keeps open or leaves unread."""

import asyncio
import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope
    from uvicorn.server import ServerState

HEAD_LIMIT = 64 * 1024
"""Bytes of a request's head: a text of 5,000 kanji in a URL takes 45,000."""

KEEP_ALIVE = 30.0
"""Seconds without a request after which a connection is closed."""

# Seconds in which the head of a request must be complete, from its first byte or from the start of the connection.
_HEAD_TIME = 10.0
# Seconds in which a client may still send the rest of a request that is answered, so that it reads the answer: closing
# with unread input resets the connection. Also those in which it must read what it was sent of an answer that fails.
_LINGER = 2.0

# uvicorn's lines have the faults of clients, and tracebacks of what is logged here already.
_SILENT = logging.getLogger(f"{__name__}.uvicorn")
_SILENT.disabled = True


class ClientProtocol(H11Protocol):
    """The connection of one HTTP client."""

    def __init__(
        self, config: Config, server_state: "ServerState", *, stall_timeout: float, on_lost: Callable[[], None]
    ) -> None:
        """Serve a client.

        Args:
            config: uvicorn's, with the application.
            server_state: the connections and tasks of the server.
            stall_timeout: seconds after which a client that does not read the end of its answer is disconnected.
            on_lost: called when the connection has ended.
        """
        super().__init__(config, server_state, {})
        self._whole_app, self.app = self.app, self._answer
        self.logger = _SILENT
        self.access_log = False
        self._stall_timeout = stall_timeout
        self._on_lost = on_lost
        self._timer: asyncio.TimerHandle | None = None
        self._is_refused = False
        self.idle_since: float | None = time.monotonic()
        """Since when no request is being answered, on the monotonic clock; None while one is."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; the client has a while to send a request."""
        super().connection_made(transport)
        self._allow(_HEAD_TIME)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._forget_timer()
        super().connection_lost(exc)
        self._on_lost()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request, whose head must be complete within a while of its first byte."""
        if self._is_refused:
            return
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            if self._timer is None:
                self._allow(_HEAD_TIME)
        elif self.conn.our_state is not h11.DONE:
            self._forget_timer()
            self.idle_since = None

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the client to read the last response."""
        self.idle_since = time.monotonic()
        has_body_left = self.conn.their_state is h11.SEND_BODY
        super().on_response_complete()
        if self.transport.is_closing():
            self._allow(self._stall_timeout)
        elif has_body_left:
            self._allow(_LINGER)
        elif self.conn.their_state is not h11.IDLE:  # the next request was here already
            self.idle_since = None
        elif self.conn.trailing_data[0]:  # its beginning was
            self._allow(_HEAD_TIME)

    @property
    def has_asked(self) -> bool:
        """Whether a request has come."""
        return self.cycle is not None

    def shutdown(self) -> None:
        """Close the connection, once the request that is being answered is."""
        if not self.transport.is_closing():
            super().shutdown()

    async def _answer(self, scope: "Scope", receive: "ASGIReceiveCallable", send: "ASGISendCallable") -> None:
        """Answer a request; one that is cut off is closed even if its client does not read what was sent."""
        cycle = self.cycle
        try:
            await self._whole_app(scope, receive, send)
        finally:
            if cycle.response_started and not cycle.response_complete:
                self._allow(_LINGER)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection without requests, at once if its client has not read the last response."""
        self.abort()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, unless a response has begun, and close once the client has read the answer."""
        if self.conn.our_state is not h11.IDLE:
            self.transport.close()
            self._allow(self._stall_timeout)
            return
        self._is_refused = True
        is_long = len(self.conn.trailing_data[0]) >= HEAD_LIMIT
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if is_long else HTTPStatus.BAD_REQUEST
        self.transport.write(plain_response(status, msg))
        self.transport.write_eof()
        self._allow(_LINGER)

    def abort(self) -> None:
        """Close the socket at once."""
        self.transport.abort()

    def _allow(self, seconds: float) -> None:
        """Disconnect the client in so many seconds."""
        self._forget_timer()
        self._timer = self.loop.call_later(seconds, self.abort)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def plain_response(status: HTTPStatus, line: str, **headers: str) -> bytes:
    """Return a whole response that closes the connection."""
    body = f"{line}\n".encode()
    fields: dict[str, Any] = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": len(body),
        "Connection": "close",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{head}\r\n".encode() + body
