"""Who may be spoken to: past what the machine can do, one is told so at once, rather than all being kept waiting.

Two things are bounded. How many wait for their first sound: each of them adds about one first window to what the next
waits for, and so does a later window that is being computed. Where two may wait, they hear it within three times what
it takes on an idle server; a household has bursts, an automation that speaks in every room, and would rather wait, so
that the default is 16. And how many are spoken to: beyond that number no more than the machine can keep supplied, since
each takes a second of sound a second.
Text streams that wait for text, and clients that do not read, want nothing of the lane and are not counted.
"""

import logging
import time

from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.lane import Lane
from wyoming_hayakoe.server.metrics import Timing

_LOGGER = logging.getLogger(__name__)

# What an answer counts for when the next one is measured: the last ten matter most.
_MEMORY = 0.9
_REPORT_SECONDS = 60.0


class Admission:
    """Lets requests onto a lane, or not."""

    def __init__(self, lane: Lane, max_queue: int) -> None:
        """Guard ``lane``: ``max_queue`` requests at a time may wait for their first sound, and as many be spoken to.

        More are spoken to where the machine is faster than that.
        """
        self._lane = lane
        self._max_queue = max_queue
        self._sound = 0.0
        self._computing = 0.0
        self._refused = 0
        self._next_report = 0.0

    def check(self) -> None:
        """Return if one more request may be spoken now.

        Raises:
            RequestError: ``busy``.
        """
        demand = self._lane.demand()
        # Beside a later window, which may take long, a first one takes twice its time.
        if (before := demand.first + demand.later) >= self._max_queue:
            raise self._busy(f"{before} requests come first")
        if demand.callers >= max(self._max_queue, self._listeners()):
            raise self._busy(f"{demand.callers} requests are being spoken already")

    def learn(self, timing: Timing) -> None:
        """Learn how fast this machine is from an answer."""
        self._sound = _MEMORY * self._sound + timing.sound
        self._computing = _MEMORY * self._computing + timing.computing

    def _busy(self, reason: str) -> RequestError:
        """Return what the client is told; the log is told now and then, since a crowd may come back at once."""
        self._refused += 1
        if time.monotonic() >= self._next_report:
            _LOGGER.warning("busy: %s: %d requests refused since this was said last", reason, self._refused)
            self._refused = 0
            self._next_report = time.monotonic() + _REPORT_SECONDS
        return RequestError("busy", f"{reason}: try again soon")

    def _listeners(self) -> float:
        """Return how many can be supplied with sound in real time, as far as is known."""
        return self._sound / self._computing if self._computing else 0.0
