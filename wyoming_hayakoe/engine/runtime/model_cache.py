"""Models in memory: each is loaded at its first use, and the least recently used one is evicted to make room."""

import itertools
import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from wyoming_hayakoe.engine.runtime.heap import give_back, resident_bytes

_LOGGER = logging.getLogger(__name__)

# Returning memory takes some 20 ms: worth it after a sentence of several seconds, not after a greeting.
_MUCH = 64 << 20

Model = TypeVar("Model")


class ModelCache:
    """Keeps models in memory as far as there is room. Safe to use from several threads.

    A caller that computes with a model keeps it until its sentence is over, also when the model is evicted meanwhile.

    The cache refers to its places weakly, and a model leaves memory with its place. So nothing has to be done when the
    garbage collector takes a place, which can be at any moment, also while this thread holds a lock of the cache.
    """

    def __init__(self, limit: int | None = None, resident: Callable[[], int] | None = None) -> None:
        """Keep the process under ``limit`` bytes as far as evicting models can; ``resident`` measures it."""
        self._limit = limit
        self._resident = resident or resident_bytes
        self._lock = threading.Lock()
        # Models are loaded one at a time, since the process is measured before each.
        self._loading = threading.Lock()
        self._places: weakref.WeakSet[Place[Any]] = weakref.WeakSet()
        self._clock = itertools.count(1)
        self._after_return = 0

    def place(self, name: str, size: int) -> "Place[Any]":
        """Return a place for one model, which is going to take about ``size`` bytes; the log calls it ``name``."""
        place: Place[Any] = Place(self, name, size)
        with self._lock:
            self._places.add(place)
        return place

    @property
    def names(self) -> list[str]:
        """The models in memory, the least recently used first."""
        with self._lock:
            return [place.name for place in self._loaded()]

    def trim(self) -> None:
        """Return to the system the memory that a long sentence has freed, if it is more than 64 MiB."""
        if self._resident() > self._after_return + _MUCH:
            give_back()
            self._after_return = self._resident()

    def find(self, place: "Place[Model]") -> Model | None:
        """Return the model of a place if it is in memory; that counts as a use."""
        with self._lock:
            place.used = next(self._clock)
            return place.model

    def get(self, place: "Place[Model]", load: Callable[[], Model]) -> Model:
        """Return the model of a place, from memory or with ``load``."""
        if (model := self.find(place)) is None:
            with self._loading:
                if (model := self.find(place)) is None:
                    self._make_room(place)
                    model = load()
                    # Loading needs as much memory again as the model itself.
                    give_back()
                    with self._lock:
                        place.model = model
        return model

    def _loaded(self) -> "list[Place[Any]]":
        """Return the places with a model, the least recently used first; the caller holds the lock."""
        return sorted((place for place in self._places if place.model is not None), key=lambda place: place.used)

    def _make_room(self, place: "Place[Any]") -> None:
        if self._limit is None or self._resident() + place.size <= self._limit:
            return
        # Models that left with their places may have freed much.
        give_back()
        while self._resident() + place.size > self._limit:
            with self._lock:
                leaving = next(iter(self._loaded()), None)
                if leaving is None:
                    break
                leaving.model = None
            give_back()
            _LOGGER.info("voice %s leaves memory to make room for %s", leaving.name, place.name)
        else:
            return
        _LOGGER.warning(
            "voice %s takes more than --max-memory leaves it (%d MB wanted beside %d of %d MB): loaded all the same",
            *(place.name, place.size >> 20, self._resident() >> 20, self._limit >> 20),
        )


class Place(Generic[Model]):
    """The place of one model in a cache; the model leaves memory with it."""

    def __init__(self, cache: ModelCache, name: str, size: int) -> None:
        """See :meth:`ModelCache.place`."""
        self.name = name
        self.size = size
        self.model: Model | None = None
        """The model, if it is in memory; the cache writes it."""

        self.used = 0
        """When it was used last; the cache writes it."""

        self._cache = cache

    def get(self, load: Callable[[], Model]) -> Model:
        """Return the model, from memory or with ``load``."""
        return self._cache.get(self, load)

    def find(self) -> Model | None:
        """Return the model if it is in memory."""
        return self._cache.find(self)
