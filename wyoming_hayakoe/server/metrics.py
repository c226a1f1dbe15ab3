"""Counters and histograms of the server, in Prometheus' text format."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from wyoming_hayakoe.errors import Code
from wyoming_hayakoe.version import __version__

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Bucket limits in seconds: from half a window on the fastest board to an article on the slowest.
_SECONDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30)
_FACTORS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 4)
# Seconds for which a page is sent again: a thousand requests a second take no time from the voices.
_FRESH = 0.5

Outcome = Literal["answered", "refused", "failed", "abandoned"]
"""How a request ended: abandoned means that the client left, or that the server stopped."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of one answer, in seconds from when its first sentence was complete."""

    first_audio: float | None
    """Until the first chunk was sent; None if no chunk was sent."""

    total: float
    """Until the end of the answer, or until now."""

    sound: float
    """Duration of the audio that was sent."""

    computing: float
    """Time that the lane computed for it."""


@dataclass(frozen=True, slots=True)
class State:
    """The state of the server, as sampled."""

    queue: int
    """Requests that wait for their next window, whether it is being computed or not yet."""

    in_flight: int
    """Requests that are being answered: those in the queue, and those whose client reads slowly or is still writing."""

    connections: int
    """Connected clients."""

    is_ready: bool
    """Whether the server is ready for new clients."""


class Metrics:
    """The metrics of one server, in a registry of their own.

    The values of labels are the server's: voices, outcomes and error codes, never text of a client, so that the number
    of series is bounded.
    """

    def __init__(self, state: Callable[[], State], max_queue: int) -> None:
        """Count from zero; ``state`` is sampled for each page."""
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

        self._state = state
        self._registry = registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"hayakoe_{name}", text, labels, registry=registry)

        def histogram(name: str, text: str, buckets: Sequence[float]) -> Histogram:
            return Histogram(f"hayakoe_{name}", text, ["voice"], registry=registry, buckets=buckets)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"hayakoe_{name}", text, registry=registry)

        ProcessCollector(registry=registry)
        Info("hayakoe", "The version that runs.", registry=registry).info({"version": __version__})
        self._requests = counter("requests", "Requests by how they ended.", "voice", "outcome")
        self._errors = counter("errors", "Errors sent to clients.", "code")
        for code in get_args(Code):
            self._errors.labels(code)
        self._sound = counter("audio_seconds", "Audio sent.", "voice")
        self._computing = counter("computing_seconds", "Time spent computing audio.", "voice")
        self._first_audio = histogram(
            "first_audio_seconds", "From the first complete sentence to its first audio.", _SECONDS
        )
        self._answers = histogram(
            "answer_seconds",
            "From the first complete sentence to the end of the answer, with a text stream's waits for text.",
            _SECONDS,
        )
        self._factors = histogram(
            "real_time_factor", "Seconds of computing for each second of an answer's audio.", _FACTORS
        )
        self._queue = gauge("queue_depth", "Requests that wait for their next window, computed or not.")
        self._in_flight = gauge("requests_in_flight", "Requests being answered.")
        self._connections = gauge("connections", "Clients connected.")
        self._ready = gauge("ready", "1 if the server is ready for new clients.")
        gauge("queue_limit", "The value of --max-queue.").set(max_queue)
        self._page: asyncio.Task[bytes] | None = None
        self._page_expires = 0.0

    def count_answer(self, voice: str, outcome: Outcome, timing: Timing) -> None:
        """Count a request to one of the server's voices, with its outcome and times."""
        for each in get_args(Outcome):
            # The other outcomes too, at zero: a series that appears with its first event has no rate.
            self._requests.labels(voice, each).inc(each == outcome)
        self._sound.labels(voice).inc(timing.sound)
        self._computing.labels(voice).inc(timing.computing)
        if timing.first_audio is not None:
            self._first_audio.labels(voice).observe(timing.first_audio)
        if outcome == "answered" and timing.sound:
            self._answers.labels(voice).observe(timing.total)
            self._factors.labels(voice).observe(timing.computing / timing.sound)

    def count_error(self, code: Code) -> None:
        """Count an error that was sent to a client."""
        self._errors.labels(code).inc()

    async def page(self) -> bytes:
        """Return all metrics in Prometheus' text format; concurrent callers get the same page."""
        if self._page is None or (self._page.done() and time.monotonic() >= self._page_expires):
            self._page = asyncio.create_task(self._write())
        return await asyncio.shield(self._page)

    async def _write(self) -> bytes:
        """Write the page in a thread, beside the event loop."""
        from prometheus_client import generate_latest

        state = self._state()
        self._queue.set(state.queue)
        self._in_flight.set(state.in_flight)
        self._connections.set(state.connections)
        self._ready.set(state.is_ready)
        page = await asyncio.to_thread(generate_latest, self._registry)
        self._page_expires = time.monotonic() + _FRESH
        return page
