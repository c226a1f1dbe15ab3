"""The task that follows the configuration: nothing ends it, and nothing that is slow or hangs holds up the others."""

import asyncio
import concurrent.futures
import errno
import logging
import threading
from contextlib import AsyncExitStack
from functools import partial

import pytest

from tests.server.test_voice_updater import NEVER_ENDS, Configuration, Store, refusal, running, voices
from tests.support import DEADLINE, eventually
from wyoming_hayakoe.server import voice_jobs
from wyoming_hayakoe.server.background import beside_each_other
from wyoming_hayakoe.server.turns import Turns
from wyoming_hayakoe.server.voice_updater import VoiceUpdater
from wyoming_hayakoe.server.wanted_voices import WantedVoices

MET = [
    OSError(errno.EMFILE, "Too many open files"),
    UnicodeEncodeError("utf-8", "\udc82", 0, 1, "surrogates not allowed"),
    RecursionError("maximum recursion depth exceeded"),
    MemoryError(),
]
ODD = [
    Exception("odd"),
    KeyError("odd"),
    StopIteration("odd"),
    SystemExit(3),
    asyncio.CancelledError(),
    concurrent.futures.CancelledError(),
    KeyboardInterrupt(),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(voice_jobs, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr("wyoming_hayakoe.server.voice_updater._CHECK_SECONDS", 0.02)


class Faulty:
    """Raises an error in one of the calls of an object, while it has one."""

    def __init__(self, target: object, call: str) -> None:
        self._name, self._call = call, getattr(target, call)
        self.error: BaseException | None = None
        self.raised = 0
        setattr(target, call, self)

    def __call__(self, *arguments):
        if self.error is None:
            return self._call(*arguments)
        if self._name == "load":  # a voice that cannot be opened is chosen nevertheless
            self._call.__self__.chosen[arguments[0]] = arguments[1]
        self.raised += 1
        raise self.error


@pytest.mark.parametrize("call", ["stamp", "read", "load", "open", "unload", "reopen", "compile_command"])
async def test_whatever_a_call_raises_the_following_goes_on(call, caplog):
    store = Store()
    store.compiled = {"bob", "carl"}
    configuration = Configuration(store, "bob")
    faulty = Faulty(store if hasattr(store, call) else configuration, call)
    async with running(store, configuration) as server:
        await eventually(lambda: voices(server.updater) == ["bob", "mei"], "the first voice is offered")
        for error in [*MET, *ODD]:
            if call == "compile_command" and not isinstance(error, Exception):
                continue  # is called in the event loop, where only this program's own end comes so
            caplog.clear()
            store.compiled.discard("anna")
            faulty.raised, faulty.error = 0, error
            configuration.change(WantedVoices(dict.fromkeys(["anna", "carl"])))
            await eventually(lambda: bool(faulty.raised), f"{error!r} is raised")
            faulty.error = None
            await eventually(lambda: voices(server.updater) == ["anna", "carl", "mei"], f"{error!r}: it is followed")
            configuration.change(WantedVoices({"bob": None}))
            await eventually(lambda: voices(server.updater) == ["bob", "mei"], f"{error!r}: so is the next change")
            if error in MET:
                assert all(record.exc_info is None for record in caplog.records if record.levelno > logging.DEBUG)
        assert not server.task.done()


async def test_what_fails_all_the_time_is_logged_once(caplog):
    store = Store()
    store.compiled = {"anna"}
    configuration = Configuration(store, "anna")
    async with running(store, configuration) as server:
        await eventually(lambda: voices(server.updater) == ["anna", "mei"], "it is offered")
        faulty = Faulty(store, "unload")
        faulty.error = RuntimeError("odd")
        configuration.change(WantedVoices())
        await eventually(lambda: faulty.raised > 3, "it is tried again")
        assert sum("internal error" in record.message for record in caplog.records) == 1
        faulty.error = None
        await eventually(lambda: voices(server.updater) == ["mei"], "the change is followed")


async def test_slow_sources_hold_up_no_other(monkeypatch):
    monkeypatch.setattr(voice_jobs, "Turns", partial(Turns, longest=0.1))
    store = Store()
    store.compiled = {"good"}
    slow = {f"slow{number}": f"hf://slow/source{number}" for number in range(20)}
    store.slow = {name: threading.Event() for name in slow}
    async with running(store, Configuration(store, **slow, good="hf://good/source")) as server:
        await eventually(lambda: voices(server.updater) == ["good", "mei"], "the other one comes")
        assert refusal(server.updater, "slow0").text == "slow0 is being fetched: try again"


async def test_voices_of_one_slow_source_hold_up_no_other_source():
    store = Store()
    store.compiled = {"good"}
    slow = {f"slow{number}": f"hf://slow/source#{number}" for number in range(20)}
    store.slow = {name: threading.Event() for name in slow}
    async with running(store, Configuration(store, **slow, good="hf://good/source")) as server:
        await eventually(lambda: voices(server.updater) == ["good", "mei"], "the other one comes")
        assert len(store.asked) == 5


async def test_turns_are_few_for_a_source_and_in_all():
    turns = Turns(each=2, total=3, longest=DEADLINE)
    having: list[str] = []

    async def take(source: str, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(turns.turn(source))
        having.append(source)

    async with AsyncExitStack() as stack:
        waiting = [asyncio.create_task(take(source, stack)) for source in "aaabbb"]
        await eventually(lambda: len(having) == 3, "as many as may have one")
        assert sorted(having) == ["a", "a", "b"]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    async with AsyncExitStack() as stack:
        for source in "aab":
            await take(source, stack)


async def test_a_turn_that_takes_too_long_gives_its_place_back_once():
    turns = Turns(each=1, total=1, longest=0.5)
    async with turns.turn("slow"), turns.turn("good"):
        pass  # the second begins when the first has given its place back
    third, fourth = turns.turn("third"), turns.turn("fourth")
    entering = [asyncio.create_task(turn.__aenter__()) for turn in (third, fourth)]
    await eventually(entering[0].done, "a place is free again")
    assert not entering[1].done(), "and no second one"
    await eventually(entering[1].done, "the third takes too long as well")
    for turn in (third, fourth):
        await turn.__aexit__(None, None, None)


def hanging(store: Store, name: str) -> threading.Event:
    """Let a voice's disk hang: a network disk that has left blocks whoever opens a file, in the kernel, for ever."""
    gate = threading.Event()
    load, start = store.load, store.open

    def hang(call, chosen, *arguments):
        if chosen == name:
            assert gate.wait(DEADLINE)
        return call(chosen, *arguments)

    store.load, store.open = partial(hang, load), partial(hang, start)
    store.slow["gate"] = gate
    return gate


async def test_a_disk_that_hangs_holds_up_neither_the_start_nor_a_change(caplog):
    store = Store()
    store.here = store.compiled = {"anna", "bob", "carl", "dora"}
    gate = hanging(store, "anna")
    configuration = Configuration(store, "anna", "bob", "carl")
    updater = VoiceUpdater(store, configuration, lambda _: None, longest_opening=0.2)
    assert voices(updater) == ["bob", "carl", "mei"]
    assert "does not answer, they come when it does: anna" in caplog.text

    async def make_ready(speaker):
        pass

    task = asyncio.create_task(updater.run(lambda _: None, make_ready, preload=False))
    try:
        configuration.change(WantedVoices(dict.fromkeys(["anna", "dora"])))
        await eventually(lambda: voices(updater) == ["dora", "mei"], "the change is followed")
        gate.set()
        await eventually(lambda: voices(updater) == ["anna", "dora", "mei"], "it comes when the disk is back")
    finally:
        gate.set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_configuration_that_hangs_is_followed_when_it_answers():
    store = Store()
    store.compiled = {"bob"}
    configuration = Configuration(store)
    gate = threading.Event()
    stamp = configuration.stamp
    async with running(store, configuration) as server:
        asked = threading.Event()
        configuration.stamp = lambda: asked.set() or (gate.wait(DEADLINE) and stamp())
        configuration.change(WantedVoices({"bob": None}))
        await eventually(asked.is_set, "it hangs")
        assert voices(server.updater) == ["mei"]
        gate.set()
        await eventually(lambda: voices(server.updater) == ["bob", "mei"], "it is followed")


async def test_the_end_does_not_wait_for_a_disk_that_hangs():
    store = Store()
    configuration = Configuration(store, "bob")
    configuration.command = NEVER_ENDS
    gate = threading.Event()
    async with running(store, configuration) as server:
        asked = threading.Event()
        configuration.stamp = lambda: asked.set() or gate.wait(DEADLINE)
        await eventually(asked.is_set, "it hangs")
        server.task.cancel()
        await asyncio.wait({server.task}, timeout=DEADLINE / 4)
        assert server.task.done()
    gate.set()


def test_calls_are_made_in_order_as_long_as_they_are_quick():
    made: list[str] = []
    gate = threading.Event()

    def wait() -> str:
        assert gate.wait(DEADLINE)
        return "late"

    def fail() -> str:
        raise OSError("odd")

    work = {name: partial(made.append, name) for name in "abcdefgh"}
    beside_each_other(work, headstart=DEADLINE, longest=DEADLINE)
    assert made == [*"abcdefgh"]
    found = beside_each_other({"late": wait, "bad": fail, "good": lambda: "good"}, headstart=0.01, longest=0.05)
    gate.set()
    assert found["good"] == "good"
    assert isinstance(found["bad"], OSError)
    assert "late" not in found
