"""What the server counts, as Prometheus reads it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from wyoming_hayakoe.errors import Code
from wyoming_hayakoe.version import __version__

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Half a window of the fastest board to an article on the slowest.
_SECONDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30)
_FACTORS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 4)
# Seconds for which a page is shown again: whoever asks a thousand times a second takes no time from the voices.
_FRESH = 0.5

Outcome = Literal["answered", "refused", "failed", "abandoned"]
"""How a request ended: abandoned is one whose client left, or that a stop cut off."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long an answer took, in seconds, from when its first sentence was there to be spoken."""

    first_audio: float | None
    """Until its first chunk was sent; None if there was none."""

    total: float
    """Until its end, or until now."""

    sound: float
    """What it sounds for."""

    computing: float
    """What the lane worked on it."""


@dataclass(frozen=True, slots=True)
class State:
    """How the server is at one moment."""

    queue: int
    """Requests that wait for their next sound, whether it is being computed or not yet."""

    in_flight: int
    """Requests that are being answered: beside those, ones whose client reads slowly, or is still writing."""

    connections: int
    """Clients."""

    is_ready: bool
    """Whether new clients are welcome."""


class Metrics:
    """Counters of one server, in a registry of their own.

    Every label's values are the server's own words: its voices, its outcomes, its error codes. What clients send is
    never one, so the number of series is bounded.
    """

    def __init__(self, state: Callable[[], State], max_queue: int) -> None:
        """Count from zero; ``state`` tells the rest whenever somebody asks."""
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
        Info("hayakoe", "What runs.", registry=registry).info({"version": __version__})
        self._requests = counter("requests", "Requests by how they ended.", "voice", "outcome")
        self._errors = counter("errors", "Errors sent to clients.", "code")
        for code in get_args(Code):
            self._errors.labels(code)
        self._sound = counter("audio_seconds", "Sound sent.", "voice")
        self._computing = counter("computing_seconds", "Time spent making sound.", "voice")
        self._first_audio = histogram(
            "first_audio_seconds", "From the first complete sentence to its first sound.", _SECONDS
        )
        self._answers = histogram(
            "answer_seconds",
            "From the first complete sentence to the end of the answer; a text stream's waits for its text.",
            _SECONDS,
        )
        self._factors = histogram(
            "real_time_factor", "Seconds of computing for each second of an answer's sound.", _FACTORS
        )
        self._queue = gauge("queue_depth", "Requests that wait for their next sound, computed or not.")
        self._in_flight = gauge("requests_in_flight", "Requests being answered.")
        self._connections = gauge("connections", "Clients connected.")
        self._ready = gauge("ready", "1 if new clients are welcome.")
        gauge("queue_limit", "Of --max-queue.").set(max_queue)
        self._page: asyncio.Task[bytes] | None = None
        self._page_expires = 0.0

    def count_answer(self, voice: str, outcome: Outcome, timing: Timing) -> None:
        """Count a request to one of the server's voices."""
        for each in get_args(Outcome):
            # The others too, at zero: what appears with its first event has no rate that would show it.
            self._requests.labels(voice, each).inc(each == outcome)
        self._sound.labels(voice).inc(timing.sound)
        self._computing.labels(voice).inc(timing.computing)
        if timing.first_audio is not None:
            self._first_audio.labels(voice).observe(timing.first_audio)
        if outcome == "answered" and timing.sound:
            self._answers.labels(voice).observe(timing.total)
            self._factors.labels(voice).observe(timing.computing / timing.sound)

    def count_error(self, code: Code) -> None:
        """Count an error that a client was sent."""
        self._errors.labels(code).inc()

    async def page(self) -> bytes:
        """Return all of it in Prometheus' text format; who asks while it is being written waits for the same page."""
        if self._page is None or (self._page.done() and time.monotonic() >= self._page_expires):
            self._page = asyncio.create_task(self._write())
        return await asyncio.shield(self._page)

    async def _write(self) -> bytes:
        """Write it beside the event loop."""
        from prometheus_client import generate_latest

        state = self._state()
        self._queue.set(state.queue)
        self._in_flight.set(state.in_flight)
        self._connections.set(state.connections)
        self._ready.set(state.is_ready)
        page = await asyncio.to_thread(generate_latest, self._registry)
        self._page_expires = time.monotonic() + _FRESH
        return page
