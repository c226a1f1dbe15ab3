"""Which models are in memory: each is loaded at its first use, and the least recently used goes to make room."""

import ctypes
import gc
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

_LOGGER = logging.getLogger(__name__)

# Giving back takes some 20 ms: worth it for what a sentence of several seconds leaves, not for a greeting's.
_MUCH = 64 << 20

# Of mallopt, as malloc.h numbers it; and from what size on it holds.
_MMAP_THRESHOLD = -3
_LARGE = 1 << 20

Model = TypeVar("Model")


class ModelCache:
    """Loads models and keeps them as long as there is room. Safe to use from several threads.

    Whoever speaks with a model keeps it until the sentence is over, also when it has to go.
    """

    def __init__(self, limit: int | None = None, resident: Callable[[], int] | None = None) -> None:
        """Keep the process, as large as ``resident`` says, under ``limit`` bytes as far as letting models go can."""
        self._limit = limit
        self._resident = resident or resident_bytes
        self._lock = threading.Lock()
        # Models are loaded one at a time, since the process is measured before each.
        self._loading = threading.Lock()
        self._models: OrderedDict[str, Any] = OrderedDict()
        self._settled = 0

    def get(self, name: str, load: Callable[[], Model], size: int) -> Model:
        """Return the model ``name``, from memory or with ``load``, which is going to take about ``size`` bytes."""
        if (model := self.find(name)) is None:
            with self._loading:
                if (model := self.find(name)) is None:
                    self._make_room(name, size)
                    model = load()
                    # What loading needed beside the model is as large as the model.
                    give_back()
                    with self._lock:
                        self._models[name] = model
        found: Model = model
        return found

    def settle(self) -> None:
        """Give back to the system what a long sentence has left, where that is much."""
        if self._resident() > self._settled + _MUCH:
            give_back()
            self._settled = self._resident()

    def drop(self, name: str) -> None:
        """Let a model go that nobody will ask for again."""
        with self._lock:
            gone = self._models.pop(name, None)
        if gone is not None:
            del gone
            give_back()

    @property
    def names(self) -> list[str]:
        """The models in memory, the least recently used first."""
        with self._lock:
            return list(self._models)

    def find(self, name: str) -> Any | None:
        """Return the model ``name`` if it is in memory; it has been used then."""
        with self._lock:
            if name in self._models:
                self._models.move_to_end(name)
            return self._models.get(name)

    def _make_room(self, name: str, size: int) -> None:
        if self._limit is None:
            return
        while self._resident() + size > self._limit:
            with self._lock:
                if not self._models:
                    break
                leaving, _ = self._models.popitem(last=False)
            give_back()
            _LOGGER.info("voice %s leaves memory to make room for %s", leaving, name)
        else:
            return
        _LOGGER.warning(
            "voice %s takes more than --max-memory leaves it (%d MB wanted beside %d of %d MB): loaded all the same",
            *(name, size >> 20, self._resident() >> 20, self._limit >> 20),
        )


def resident_bytes() -> int:
    """Return the resident memory of this process; 0 where the system does not tell (it does on Linux)."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def give_back() -> None:
    """Return to the system what is free: glibc keeps it otherwise, and the process would look as large as before."""
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def give_back_at_once() -> None:
    """From now on return to the system each large piece as soon as it is free, which takes a tenth more time.

    For a process that works on whole graphs, and then ends: glibc would keep room for the largest step.
    """
    if tune := getattr(ctypes.CDLL(None), "mallopt", None):
        tune(_MMAP_THRESHOLD, _LARGE)
