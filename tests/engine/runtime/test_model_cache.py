"""Which models are in memory."""

import gc
import logging
import weakref

from tests.engine.collecting import collecting_in, finishes
from tests.support import in_threads
from wyoming_hayakoe.engine.runtime import model_cache
from wyoming_hayakoe.engine.runtime.heap import resident_bytes
from wyoming_hayakoe.engine.runtime.model_cache import ModelCache


class Machine:
    """Memory that grows with each model and shrinks when one leaves."""

    def __init__(self, limit):
        self.loads = []
        self.cache = ModelCache(limit, self.resident)
        self.places = {}

    def resident(self):
        return 100 + 10 * len(self.cache.names)

    def get(self, name):
        place = self.places.setdefault(name, self.cache.place(name, 10))
        return place.get(lambda: self.loads.append(name) or name)


def test_a_model_is_loaded_once():
    machine = Machine(None)
    assert [machine.get(name) for name in ("a", "b", "a", "b")] == ["a", "b", "a", "b"]
    assert machine.loads == ["a", "b"]


def test_the_one_unused_for_longest_leaves():
    machine = Machine(120)
    for name in ("a", "b", "a", "c"):
        machine.get(name)
    assert machine.cache.names == ["a", "c"]
    machine.get("b")
    assert machine.loads == ["a", "b", "c", "b"]


def test_what_does_not_fit_is_loaded_with_a_warning(caplog):
    machine = Machine(50)
    with caplog.at_level(logging.WARNING):
        machine.get("a")
    assert machine.cache.names == ["a"]
    assert "--max-memory" in caplog.text


def test_many_threads_load_it_once():
    machine = Machine(None)
    assert set(in_threads(lambda: machine.get("a"), 8)) == {"a"}
    assert machine.loads == ["a"]


def test_this_process_has_a_size():
    assert resident_bytes() > 10_000_000


def test_what_a_long_sentence_leaves_is_given_back_and_little_is_left_alone(monkeypatch):
    now, given = 500 << 20, []
    monkeypatch.setattr(model_cache, "give_back", lambda: given.append(now))
    models = ModelCache(resident=lambda: now)
    models.trim()
    assert given == [500 << 20]
    now += 50 << 20
    models.trim()
    assert len(given) == 1
    now += 50 << 20
    models.trim()
    assert given == [500 << 20, 600 << 20]


class Owner:
    """A voice in a circle of references, as an exception's traceback or a cache of bound methods makes one."""

    def __init__(self, cache):
        self.place = cache.place("dropped", 10)
        self.place.get(lambda: "model")
        self.itself = self


def test_a_voice_that_is_collected_in_a_locked_section_blocks_nothing(monkeypatch):
    monkeypatch.setattr(model_cache, "give_back", lambda: None)

    def work():
        cache = ModelCache(limit=35, resident=lambda: 10 * len(cache.names))
        for number in range(20):
            held = [Owner(cache)]

            def load(held=held):
                held.clear()
                gc.collect()
                return "model"

            # Collected while a model is being loaded, and then whenever the cache takes its lock.
            cache.place(f"kept {number}", 10).get(load)
            Owner(cache)
            cache.trim()
        Owner(cache)
        assert "dropped" not in cache.names
        return True

    with collecting_in(model_cache):
        assert finishes(work)


def test_a_model_leaves_memory_with_its_place():
    cache = ModelCache()
    place, owner = cache.place("a", 10), Owner(cache)
    model = place.get(lambda: Owner(ModelCache()))
    assert cache.names == ["dropped", "a"]
    there = weakref.ref(model)
    del model, owner
    gc.collect()
    assert (cache.names, there() is not None) == (["a"], True)
    del place
    gc.collect()
    assert (cache.names, there()) == ([], None)
