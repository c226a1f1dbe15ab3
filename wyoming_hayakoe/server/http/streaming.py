"""Responses whose body is sound that is still being computed."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from wyoming_hayakoe.errors import HayakoeError, in_words
from wyoming_hayakoe.server.http.caller import caller_of
from wyoming_hayakoe.server.http.services import context_of

_LOGGER = logging.getLogger(__name__)

# Bytes that are sent at once, of which a client must have read most before the next: a third of a second of speech.
_PART = 32 * 1024


class AudioResponse(Response):
    """A response that sends each window as soon as it is there.

    It ends when the client leaves, or reads nothing for the stall timeout. The body is closed in any case.
    """

    def __init__(
        self, body: AsyncGenerator[bytes, None], media_type: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send ``body`` with status 200, in chunks unless ``headers`` has its length."""
        # Without the length 0 that an empty body would have.
        self.status_code = 200
        self.background = None
        self.media_type = media_type
        self.init_headers(headers)
        self._windows = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response; one that fails midway is cut off, which HTTP clients notice."""
        caller = caller_of(scope)
        patience = context_of(scope["app"]).settings.stall_timeout
        async with aclosing(self._windows):
            try:
                await caller.unless_left(self._send(send, patience))
            except ConnectionError as error:
                _LOGGER.info("%s: connection lost: %s", caller.peer, in_words(error))
            except HayakoeError as error:
                _LOGGER.warning("%s: the answer ends early: %s", caller.peer, error)
            except Exception:
                _LOGGER.exception("%s: internal error", caller.peer)

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """Make the headers of a response of unknown length, unless one is given."""
        self.body = b""
        super().init_headers(headers)
        if "content-length" not in (headers or {}):
            del self.headers["content-length"]

    async def _send(self, send: Send, patience: float) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for window in self._windows:
            for start in range(0, len(window), _PART):
                part = window[start : start + _PART]
                await _in_time(send, {"type": "http.response.body", "body": part, "more_body": True}, patience)
        await _in_time(send, {"type": "http.response.body", "body": b""}, patience)


async def _in_time(send: Send, message: dict[str, object], patience: float) -> None:
    """Send ``message`` once the client has read what was sent before.

    Raises:
        ConnectionAbortedError: it does not.
    """
    try:
        async with asyncio.timeout(patience):
            await send(message)
    except TimeoutError:
        raise ConnectionAbortedError(f"read nothing or next to nothing of its answer for {patience:g} s") from None
