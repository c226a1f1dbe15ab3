"""The connection of one client: one task reads its requests, another answers them in order.

The server therefore notices during an answer that the client leaves, and answers ping and describe at once.
"""

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

from wyoming.error import Error

from wyoming_hayakoe.errors import HayakoeError, RequestError, in_words
from wyoming_hayakoe.server.answer import Playback
from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.disconnect import disconnected
from wyoming_hayakoe.server.waiting_text import Room
from wyoming_hayakoe.server.wyoming.events import Outbox
from wyoming_hayakoe.server.wyoming.request import REQUEST_SIZE, Request, RequestQueue
from wyoming_hayakoe.server.wyoming.request_reader import RequestReader
from wyoming_hayakoe.server.wyoming.response import Response

if TYPE_CHECKING:
    from wyoming_hayakoe.server.metrics import Outcome

_LOGGER = logging.getLogger(__name__)

# Seconds that a client has to read an error before its connection is closed.
_LINGER = 1.0
# Where all places are taken, seconds after which a client without a request, and one that lets the server wait in the
# middle of an answer and has nothing left to play, give theirs up. A request follows its connection in a round trip.
_TIME_TO_ASK = 1.0
_PATIENCE = 2.0
# Seconds in which requests that were sent before the server began to stop may still arrive.
_LAST_CALL = 0.5


class Connection:
    """The connection of one client, from the first byte to the last."""

    def __init__(
        self,
        context: Context,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        peer: str,
        idle_timeout: float | None,
    ) -> None:
        """Serve the client ``peer``, which may be idle for ``idle_timeout`` seconds; None is for ever."""
        self._context = context
        self._reader = reader
        self._writer = writer
        self._peer = peer
        self._idle_timeout = idle_timeout
        self._outbox = Outbox(writer, context.settings.stall_timeout)
        self._room = Room(context.waiting_text)
        self._queue: RequestQueue = asyncio.Queue()
        self._request_reader = RequestReader(context, reader, outbox=self._outbox, queue=self._queue, room=self._room)
        self._is_answering = False
        self._response: Response | None = None
        self._playback = Playback()
        self._last_answer = 0.0
        self._is_finishing = False
        self._has_failed = False

    @property
    def is_answering(self) -> bool:
        """Whether a request is being answered now."""
        return self._is_answering

    @property
    def peer(self) -> str:
        """The client's address, for the log."""
        return self._peer

    def claim(self, now: float) -> tuple[int, float] | None:
        """Return how well this client can do without its place at ``now``, on the monotonic clock: the least does best.

        First those who have asked for nothing, then those whose requests are answered, then those who let the server
        wait for their text or do not read; among these, the one who has been silent longest. None: it needs its place.
        """
        if self._idle_timeout is None:
            return None
        if self._has_work and not self._has_failed:
            response = self._response
            if response is None or (since := response.waits_since) is None:
                return None
            # A stream that has brought no text yet is no more than a connection.
            return (2, since) if now - since >= (_PATIENCE if response.has_begun else 0.0) else None
        since = max(self._request_reader.last_event, self._last_answer)
        return (int(self._request_reader.has_asked or now - since < _TIME_TO_ASK), since)

    def abort(self) -> None:
        """Close the socket at once."""
        self._writer.transport.abort()

    async def run(self) -> None:
        """Serve until the client leaves, causes an error, or is idle for too long."""
        try:
            match await self._serve():
                case None:
                    await self._close()
                case OSError() as error:
                    _LOGGER.info("%s: connection lost: %s", self._peer, in_words(error))
                case error:
                    _LOGGER.error("%s: internal error", self._peer, exc_info=error)
        finally:
            await self._release()

    async def _serve(self) -> BaseException | None:
        """Run the tasks of the connection until all requests are answered or one of them fails; return its error.

        An error that is raised here, or in a TaskGroup, would hold the tasks and be held by them: such a circle keeps
        the texts of a client that has left until the garbage collector runs.
        """
        answering = asyncio.create_task(self._answer())
        others = (self._read(), self._end_with_client(), self._end_when_idle())
        tasks = [answering, *map(asyncio.create_task, others)]
        waiting = set(tasks)
        try:
            while not answering.done() and not any(map(_error, tasks)):
                _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.wait(tasks)
        errors = [error for error in map(_error, tasks) if error]
        return errors[0] if errors else None

    async def refuse(self, error: RequestError) -> None:
        """Send ``error`` instead of serving."""
        try:
            with contextlib.suppress(ConnectionError):
                await self._send_error(error)
            await self._close()
        finally:
            await self._release()

    def finish(self) -> None:
        """Answer the requests that have arrived or are arriving, then close: the server is stopping."""
        self._is_finishing = True
        asyncio.get_running_loop().call_later(_LAST_CALL, self._end_if_idle)

    @property
    def _has_work(self) -> bool:
        """Whether a request is not yet answered completely."""
        return self._is_answering or not self._queue.empty()

    def _end_if_idle(self) -> None:
        if not self._has_work:
            self._queue.put_nowait(None)

    async def _read(self) -> None:
        """Read to the end of the input, behind which the client may still wait for its answers."""
        await self._request_reader.run()
        if self._has_work:
            self._outbox.probe()
        self._queue.put_nowait(None)

    async def _end_with_client(self) -> None:
        """End the connection when the client has left."""
        await disconnected(self._writer)
        if self._has_work:
            raise ConnectionResetError("the client left before the end of its answer")
        self._end_if_idle()

    async def _end_when_idle(self) -> None:
        """End the connection when the client has sent nothing for the idle timeout."""
        while self._idle_timeout is not None:
            active = time.monotonic() if self._is_answering else max(self._request_reader.last_event, self._last_answer)
            if (left := active + self._idle_timeout - time.monotonic()) <= 0:
                raise ConnectionAbortedError(f"idle for {self._idle_timeout:g} s")
            await asyncio.sleep(left)

    async def _answer(self) -> None:
        """Answer requests in order; return after the last, or after an error."""
        try:
            while (request := await self._next_request()) is not None:
                if isinstance(request, RequestError):
                    return await self._send_error(request)
                self._room.give(REQUEST_SIZE)
                self._is_answering = True
                await self._respond(request)
                self._is_answering = False
                self._last_answer = time.monotonic()
                if self._is_finishing and self._queue.empty():
                    return None
        except RequestError as error:
            return await self._send_error(error)

    async def _next_request(self) -> Request | RequestError | None:
        """Return the next request, which has its own playback unless it was waiting behind others already."""
        if self._queue.empty():
            self._playback = Playback()
        return await self._queue.get()

    async def _respond(self, request: Request) -> None:
        self._response = response = Response(self._context, request, self._outbox, self._playback)
        voice = request.speaker.voice.name
        outcome: Outcome = "abandoned"
        try:
            await self._speak(response)
            outcome = "answered"
        except RequestError as error:
            outcome = "refused" if error.code == "busy" else "failed"
            raise
        finally:
            self._response = None
            timing = response.timing()
            if metrics := self._context.metrics:
                metrics.count_answer(voice, outcome, timing)
        _LOGGER.info("%s: %s: %s", self._peer, voice, response.describe())

    async def _speak(self, response: Response) -> None:
        """Run ``response``; every failure becomes an error for the client, unless the connection is lost."""
        try:
            await response.run()
        except (RequestError, ConnectionError):
            raise
        # The step of the lane that failed keeps the error, whose traceback would hold the step and this answer.
        except HayakoeError as error:
            raise RequestError("synthesis-failed", str(error.with_traceback(None))) from None
        except Exception as error:
            _LOGGER.exception("%s: speaking failed", self._peer)
            error.with_traceback(None)
            raise RequestError("synthesis-failed", "speaking failed: the server's log says why") from None

    async def _send_error(self, error: RequestError) -> None:
        # Home Assistant up to 2026.2 ignores the event and would wait for ever: so the connection is closed after it.
        level = logging.DEBUG if error.code == "busy" else logging.WARNING
        _LOGGER.log(level, "%s: %s: %s", self._peer, error.code, error.text)
        if metrics := self._context.metrics:
            metrics.count_error(error.code)
        self._has_failed = True
        await self._outbox.send(Error(text=error.text, code=error.code).event())

    async def _close(self) -> None:
        """Close so that what was sent arrives: with unread input, closing would reset the connection and discard it."""
        with contextlib.suppress(OSError, TimeoutError):
            if self._has_failed and self._writer.can_write_eof():
                self._writer.write_eof()
                async with asyncio.timeout(_LINGER):
                    await self._request_reader.discard()
            async with asyncio.timeout(self._context.settings.stall_timeout):
                # A transport of asyncio that is closed with bytes to send fails in abort() once they are sent.
                self._writer.transport.set_write_buffer_limits(0)
                await self._writer.drain()
                self._writer.close()
                await self._writer.wait_closed()

    async def _release(self) -> None:
        """End the connection, if it is open, and free what it holds."""
        self._room.close()
        self.abort()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        # asyncio keeps the error of a connection, and its traceback what was being sent.
        if error := self._reader.exception():
            error.with_traceback(None)


def _error(task: asyncio.Task[None]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None
