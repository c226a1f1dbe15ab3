"""A machine of any pace, without waiting for it: a clock that goes on with what a stage computes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from wyoming_hayakoe.engine.windows import Pace


class SlowMachine:
    """A clock, and the stage that moves it on as long as its windows take by a pace."""

    def __init__(self, pace: Pace, factor: float = 1.0) -> None:
        """Take ``factor`` times as long as the pace says: within its safety, nothing is noticed."""
        self.now = 0.0
        self.windows: list[int] = []
        self._pace = pace
        self._factor = factor

    def decoder(self, name: str, run: Callable[[Sequence[str], Mapping[str, Any]], list[Any]]) -> "_SlowStage":
        """Return a stage that computes as ``run`` does; what it takes as ``name`` has its frames in the last axis."""
        return _SlowStage(self, name, run)

    def compute(self, frames: int) -> None:
        self.windows.append(frames)
        self.now += self._factor * self._pace.window(frames)

    def playback(self, windows: Iterator[np.ndarray], sample_rate: int) -> tuple[float, float, float]:
        """Play ``windows`` as they come; return when the first one does, the longest gap, and the seconds of sound."""
        began, sent, gap = None, 0, 0.0
        for window in windows:
            if began is None:
                began = self.now
            else:
                gap = max(gap, self.now - began - sent / sample_rate)
            sent += len(window)
        assert began is not None
        return began, gap, sent / sample_rate


class _SlowStage:
    def __init__(self, machine: SlowMachine, name: str, run: Callable[..., list[Any]]) -> None:
        self._machine, self._name, self._run = machine, name, run

    def run(self, outputs: Sequence[str], feeds: Mapping[str, Any]) -> list[Any]:
        self._machine.compute(feeds[self._name].shape[-1])
        return self._run(outputs, feeds)
