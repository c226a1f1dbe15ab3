"""Admission control: a request beyond what the machine can compute is refused at once, so that the others stay fast.

Two numbers are bounded:

- Requests that wait for their first audio. Each adds about one first window to the latency of the next, and so does a
  later window that is being computed: with two of them, the first audio comes within three times its latency on an idle
  server. A household has bursts, such as an automation that speaks in every room, and prefers to wait: the default is
  16.
- Requests that are being answered. Above the first bound there are no more than the machine can answer in real time,
  since each plays one second of audio a second.

Text streams that wait for text, and clients that do not read, need no computing and are not counted. Nor are those
whose next window can wait: clients that read faster than they play and are ahead, and long texts, once they have had
their share. Sixteen texts of an hour would otherwise keep everybody out for as long as they take to compute.
"""

import logging

from wyoming_hayakoe.errors import RequestError, counted
from wyoming_hayakoe.lane import Lane
from wyoming_hayakoe.server.log_limits import RareWarning

_LOGGER = logging.getLogger(__name__)

# Weight of a sentence once the next one is measured: the last ten matter most.
_MEMORY = 0.9
# Seconds until its next window is due with which a request holds no place. With none, a crowd would be let in one
# after another on the sound of its first windows, and all would run dry together.
_AHEAD = 3.0


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
        self._warn = RareWarning(_LOGGER)

    def check(self) -> None:
        """Check that one more request may be answered now.

        Raises:
            RequestError: ``busy``.
        """
        demand = self._lane.demand(within=_AHEAD)
        # Beside a later window, which may take long, a first one takes twice its time.
        if (before := demand.first + demand.later) >= self._max_queue:
            raise self._busy(f"{counted(before, 'request')} to be answered first")
        if demand.callers >= max(self._max_queue, self._real_time_answers()):
            raise self._busy(f"{counted(demand.callers, 'request')} being answered already")

    def learn(self, *, sound: float, computing: float) -> None:
        """Update the measured speed of this machine with a sentence: the seconds that it lasts, and took."""
        self._sound = _MEMORY * self._sound + sound
        self._computing = _MEMORY * self._computing + computing

    def _busy(self, reason: str) -> RequestError:
        """Return the client's error, and log refusals once a minute: many clients may try again at once."""
        self._warn(f"busy: {reason}")
        return RequestError("busy", f"{reason}: try again soon")

    def _real_time_answers(self) -> float:
        """Return how many answers at a time this machine computes in real time, as measured; 0 before the first."""
        return self._sound / self._computing if self._computing else 0.0
