"""Admission control: a request beyond what the machine can compute is refused at once, so that the others stay fast.

Two numbers are bounded:

- Requests that wait for their first audio. Each adds about one first window to the latency of the next, and so does a
  later window that is being computed: with two of them, the first audio comes within three times its latency on an idle
  server. A household has bursts, such as an automation that speaks in every room, and prefers to wait: the default is
  16.
- Requests that are being answered. Above the first bound there are no more than the machine can answer in real time,
  since each plays one second of audio a second.

Text streams that wait for text, and clients that do not read, need no computing and are not counted.
"""

import logging
import time

from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.lane import Lane
from wyoming_hayakoe.server.metrics import Timing

_LOGGER = logging.getLogger(__name__)

# Weight of an answer once the next one is measured: the last ten matter most.
_MEMORY = 0.9
_REPORT_SECONDS = 60.0


class Admission:
    """The limits on the requests to one lane."""

    def __init__(self, lane: Lane, max_queue: int) -> None:
        """Admit to ``lane`` at most ``max_queue`` requests that wait for their first audio.

        As many may be answered at a time, and more on a machine that can answer more in real time.
        """
        self._lane = lane
        self._max_queue = max_queue
        self._sound = 0.0
        self._computing = 0.0
        self._refused = 0
        self._next_report = 0.0

    def check(self) -> None:
        """Check that one more request may be answered now.

        Raises:
            RequestError: ``busy``.
        """
        demand = self._lane.demand()
        # Beside a later window, which may take long, a first one takes twice its time.
        if (before := demand.first + demand.later) >= self._max_queue:
            raise self._busy(f"{before} requests come first")
        if demand.callers >= max(self._max_queue, self._real_time_answers()):
            raise self._busy(f"{demand.callers} requests are being answered already")

    def learn(self, timing: Timing) -> None:
        """Update the measured speed of this machine with an answer."""
        self._sound = _MEMORY * self._sound + timing.sound
        self._computing = _MEMORY * self._computing + timing.computing

    def _busy(self, reason: str) -> RequestError:
        """Return the client's error, and log refusals once a minute: many clients may try again at once."""
        self._refused += 1
        if time.monotonic() >= self._next_report:
            _LOGGER.warning("busy: %s: %d requests refused since the last such line", reason, self._refused)
            self._refused = 0
            self._next_report = time.monotonic() + _REPORT_SECONDS
        return RequestError("busy", f"{reason}: try again soon")

    def _real_time_answers(self) -> float:
        """Return how many answers at a time this machine computes in real time, as measured; 0 before the first."""
        return self._sound / self._computing if self._computing else 0.0
