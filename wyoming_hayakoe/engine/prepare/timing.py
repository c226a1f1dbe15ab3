"""Times of forms of one computation, measured in turn."""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

Key = TypeVar("Key")

_ROUNDS = 3


def times_in_turn(runs: Mapping[Key, Callable[[], object]]) -> dict[Key, float]:
    """Return the least processor seconds of each of ``runs``, which are run in turn."""
    for run in runs.values():
        run()
    times: dict[Key, list[float]] = {key: [] for key in runs}
    for _ in range(_ROUNDS):
        for key, run in runs.items():
            start = time.process_time()
            run()
            times[key].append(time.process_time() - start)
    return {key: min(found) for key, found in times.items()}
