"""The garbage collector at the worst moment: whenever a thread has just taken a lock."""

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

import pytest

from tests.support import DEADLINE


class _CollectingLock:
    """A lock whose holder collects garbage first, as any allocation in the locked section may."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()
        gc.collect()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


@contextmanager
def collecting_in(module: ModuleType) -> Iterator[None]:
    """Collect what becomes unreachable meanwhile only in the locked sections of what ``module`` makes meanwhile."""
    # What is there already is not looked at: each collection takes microseconds.
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "threading", SimpleNamespace(Lock=_CollectingLock))
            yield
    finally:
        gc.enable()
        gc.unfreeze()


def finishes(work: Callable[[], object]) -> bool:
    """Return whether ``work`` succeeds in a thread of its own, and does not block."""
    done: list[object] = []
    thread = threading.Thread(target=lambda: done.append(work()), daemon=True)
    thread.start()
    thread.join(DEADLINE)
    return bool(done)
