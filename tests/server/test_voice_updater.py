"""The task that owns the set of offered voices: configuration, sources and child processes that misbehave."""

import asyncio
import sys
import threading
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from tests.support import DEADLINE, FRONT_END, eventually
from tests.voices import BeepVoice
from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.errors import HayakoeError, RequestError, UsageError
from wyoming_hayakoe.server import voice_jobs
from wyoming_hayakoe.server.catalogue import Requested
from wyoming_hayakoe.server.voice_updater import VoiceUpdater
from wyoming_hayakoe.server.wanted_voices import WantedVoices
from wyoming_hayakoe.speaker import Speaker

COMPILES = [sys.executable, "-c", ""]
NEVER_ENDS = [sys.executable, "-c", "import time; time.sleep(600)"]


class Voice(BeepVoice):
    """A voice whose form for this machine is as the test says."""

    def __init__(self, name: str, *, compiled: bool, spoken: bool) -> None:
        super().__init__()
        self.name = name
        self.is_compiled = compiled
        self.has_spoken = spoken
        self.runs_as_it_is = False

    def run_as_it_is(self) -> None:
        self.runs_as_it_is = True


class Store:
    """Sources that are slow, fail and recover at the test's word, behind the face of a TTS."""

    def __init__(self) -> None:
        self.built_in = Speaker(OpenJTalkVoice(), FRONT_END)
        self.store = SimpleNamespace(built_in=self.built_in, bert_source=None)
        self.chosen: dict[str, str | None] = {}
        self.opened: dict[str, Speaker] = {}
        self.compiled: set[str] = set()
        """Names whose form for this machine is kept."""
        self.spoken: set[str] = set()
        self.here: set[str] = set()
        """Names that open without their source."""
        self.failing: dict[str, Exception] = {}
        self.slow: dict[str, threading.Event] = {}
        self.asked: list[str] = []

    @property
    def speakers(self):
        return {"mei": self.built_in} | self.opened

    def load(self, name, source=None):
        self.chosen[name] = source
        if name in self.here:
            self.reopen(name)

    def unload(self, name):
        self.chosen.pop(name, None)
        self.opened.pop(name, None)

    def open(self, name, progress=None):
        self.asked.append(name)
        if gate := self.slow.get(name):
            assert gate.wait(DEADLINE)
        if error := self.failing.get(name):
            raise error
        if name not in self.chosen:
            raise HayakoeError(f"no voice {name!r} was loaded")
        return self.opened[name] if name in self.opened else self.reopen(name)

    def reopen(self, name):
        voice = Voice(name, compiled=name in self.compiled, spoken=name in self.spoken)
        self.opened[name] = Speaker(voice, FRONT_END)
        return self.opened[name]


class Configuration:
    """A configuration in memory."""

    def __init__(self, store: Store, *names: str, **sources: str | None) -> None:
        self.store = store
        self.wanted = WantedVoices(dict.fromkeys(names) | sources)
        self.error: Exception | None = None
        self.changes = 0
        self.command = COMPILES

    def stamp(self) -> str:
        return str(self.changes)

    def read(self) -> WantedVoices:
        if self.error:
            raise self.error
        return self.wanted

    def change(self, wanted: WantedVoices | None = None, error: Exception | None = None) -> None:
        self.wanted, self.error = wanted or self.wanted, error
        self.changes += 1

    def compile_command(self, name, source, bert_source):
        if self.command is COMPILES:
            # As if the child had made it.
            self.store.compiled.add(name)
            self.store.opened[name].voice.is_compiled = True
        return self.command


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(voice_jobs, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr("wyoming_hayakoe.server.voice_updater._CHECK_SECONDS", 0.02)


@asynccontextmanager
async def running(store, configuration, *, preload=False):
    """Run an updater; yield it and the catalogues that it publishes."""
    published = []
    loaded = []

    async def make_ready(speaker):
        loaded.append(speaker.voice.name)

    updater = VoiceUpdater(store, configuration, lambda _: None)
    task = asyncio.create_task(updater.run(published.append, make_ready, preload=preload))
    try:
        yield SimpleNamespace(updater=updater, published=published, loaded=loaded, task=task)
        assert task.cancelling() or not task.done()
    finally:
        for gate in store.slow.values():
            gate.set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def voices(updater):
    return [name for name in updater.catalogue.names if ":" not in name]


def refusal(updater, name):
    with pytest.raises(RequestError) as error:
        updater.catalogue.find(Requested(name=name))
    return error.value


async def test_a_voice_that_is_removed_while_it_is_compiled_leaves_the_following_alive():
    store = Store()
    configuration = Configuration(store, "anna")
    configuration.command = NEVER_ENDS
    async with running(store, configuration) as server:
        await eventually(lambda: "being prepared" in refusal(server.updater, "anna").text, "it is compiled")
        configuration.change(WantedVoices({"bob": None}))
        configuration.command = COMPILES
        await eventually(lambda: voices(server.updater) == ["bob", "mei"], "the new voice is offered")
        assert refusal(server.updater, "anna").code == "unknown-voice"


async def test_a_compiler_that_cannot_be_started_leaves_the_others_alive():
    store = Store()
    store.compiled = {"bob"}
    configuration = Configuration(store, "anna", "bob")
    configuration.command = ["/nope/python"]
    async with running(store, configuration) as server:
        await eventually(lambda: voices(server.updater) == ["bob", "mei"], "the other voice is offered")
        await eventually(lambda: "cannot be started" in refusal(server.updater, "anna").text, "it says why")
        configuration.command = COMPILES
        await eventually(lambda: voices(server.updater) == ["anna", "bob", "mei"], "it is tried again")
        assert all("bob" in catalogue.names for catalogue in server.published[1:])


async def test_a_voice_that_is_removed_while_its_download_fails_does_not_come_back():
    store = Store()
    store.slow["anna"] = threading.Event()
    store.failing["anna"] = HayakoeError("the source is down")
    store.compiled = {"bob"}
    configuration = Configuration(store, "anna")
    async with running(store, configuration) as server:
        await eventually(lambda: store.asked == ["anna"], "it is being fetched")
        configuration.change(WantedVoices({"bob": None}))
        await eventually(lambda: voices(server.updater) == ["bob", "mei"], "the change is followed")
        store.slow["anna"].set()
        # A retry would come after 20 ms; each change takes at least two looks at the configuration.
        configuration.change(WantedVoices({"bob": None, "carl": None}))
        store.compiled.add("carl")
        await eventually(lambda: "carl" in voices(server.updater), "the next change is followed")
        assert store.asked.count("anna") == 1
        assert refusal(server.updater, "anna").code == "unknown-voice"


async def test_what_arrives_late_for_an_earlier_configuration_is_dropped():
    store = Store()
    store.compiled = {"anna", "bob"}
    store.slow["anna"] = threading.Event()
    configuration = Configuration(store, anna="/old")
    async with running(store, configuration) as server:
        await eventually(lambda: store.asked == ["anna"], "it is being fetched")
        configuration.change(WantedVoices({"bob": None}))
        await eventually(lambda: voices(server.updater) == ["bob", "mei"], "the change is followed")
        store.slow["anna"].set()
        configuration.change(WantedVoices({"mei2": None}))
        store.compiled.add("mei2")
        await eventually(lambda: voices(server.updater) == ["mei2", "mei"], "the next change is followed")
        assert all("anna" not in catalogue.names for catalogue in server.published)


async def test_a_catalogue_is_published_only_when_it_differs():
    store = Store()
    names = [f"voice{number}" for number in range(8)]
    store.compiled = {*names}
    async with running(store, Configuration(store, *names)) as server:
        await eventually(lambda: len(voices(server.updater)) == 9, "all are offered")
        listed = [catalogue.names for catalogue in server.published]
        assert len(listed) == len({tuple(each) for each in listed}) <= 8


async def test_a_catalogue_that_cannot_be_published_ends_nothing(caplog):
    store = Store()
    store.compiled = {"anna", "bob"}
    configuration = Configuration(store, "anna")
    published = []

    def publish(catalogue):
        published.append(catalogue)
        if len(published) == 1:
            raise RuntimeError("odd")

    async def make_ready(speaker):
        pass

    updater = VoiceUpdater(store, configuration, lambda _: None)
    task = asyncio.create_task(updater.run(publish, make_ready, preload=False))
    try:
        await eventually(lambda: "internal error" in caplog.text, "it is logged")
        configuration.change(WantedVoices({"bob": None}))
        await eventually(lambda: published[-1].names[0] == "bob", "the next change is followed")
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_slow_source_holds_up_neither_another_voice_nor_the_configuration():
    store = Store()
    store.compiled = {"anna", "bob", "carl"}
    store.slow["anna"] = threading.Event()
    configuration = Configuration(store, "anna", "bob")
    async with running(store, configuration) as server:
        await eventually(lambda: voices(server.updater) == ["bob", "mei"], "the other voice is offered")
        configuration.change(WantedVoices({"anna": None, "bob": None, "carl": None}))
        await eventually(lambda: voices(server.updater) == ["bob", "carl", "mei"], "the change is followed")
        assert refusal(server.updater, "anna").text == "anna is being fetched: try again"
        store.slow["anna"].set()
        await eventually(lambda: "anna" in voices(server.updater), "the slow one comes")


@pytest.mark.parametrize("error", [UsageError("kitchen.toml: x: no such key"), RecursionError("deep"), KeyError("odd")])
async def test_a_configuration_that_cannot_be_read_changes_nothing_and_is_followed_on(error, caplog):
    store = Store()
    store.compiled = {"anna", "bob"}
    configuration = Configuration(store, "anna")
    async with running(store, configuration) as server:
        await eventually(lambda: voices(server.updater) == ["anna", "mei"], "it is offered")
        configuration.change(error=error)
        await eventually(lambda: "the voices stay as they are" in caplog.text, "it says so")
        assert voices(server.updater) == ["anna", "mei"]
        configuration.change(WantedVoices({"bob": None}))
        await eventually(lambda: voices(server.updater) == ["bob", "mei"], "the repaired one is followed")


@pytest.mark.parametrize("error", [HayakoeError("the source is down"), ValueError("odd"), OSError("no more files")])
async def test_any_fault_of_one_voice_is_its_own_and_is_tried_again(error):
    store = Store()
    store.compiled = {"anna", "bob"}
    store.failing["anna"] = error
    async with running(store, Configuration(store, "anna", "bob")) as server:
        await eventually(lambda: store.asked.count("anna") > 2, "it is tried again")
        assert voices(server.updater) == ["bob", "mei"]
        await eventually(lambda: str(error) in refusal(server.updater, "anna").text, "clients get the reason")
        store.failing.clear()
        await eventually(lambda: voices(server.updater) == ["anna", "bob", "mei"], "it comes")


async def test_a_voice_that_has_spoken_speaks_at_once_and_is_replaced_when_it_is_compiled():
    store = Store()
    store.here = store.spoken = {"anna"}
    configuration = Configuration(store, "anna")
    configuration.command = NEVER_ENDS
    async with running(store, configuration) as server:
        assert voices(server.updater) == ["anna", "mei"]
        earlier = server.updater.catalogue.find(Requested(name="anna")).voice
        assert earlier.runs_as_it_is
        await eventually(lambda: "anna" in store.asked, "its source is asked")
    configuration.command = COMPILES
    async with running(store, configuration) as server:
        await eventually(
            lambda: server.updater.catalogue.find(Requested(name="anna")).voice.is_compiled,
            "the compiled one is offered",
        )
        assert server.loaded[-1] == "anna"  # before it takes the place of the other


async def test_the_built_in_voice_serves_under_its_name_until_its_namesake_can_speak():
    store = Store()
    store.slow["mei"] = threading.Event()
    store.compiled = {"mei"}
    async with running(store, Configuration(store, mei="/srv/mei")) as server:
        assert isinstance(server.updater.catalogue.find(Requested(name="mei")).voice, OpenJTalkVoice)
        store.slow["mei"].set()
        await eventually(
            lambda: isinstance(server.updater.catalogue.find(Requested()).voice, Voice), "its namesake is offered"
        )


async def test_a_dropped_in_voice_is_never_the_default_by_itself():
    store = Store()
    store.here = store.compiled = {"anna"}
    wanted = WantedVoices({"anna": "/data/voices/anna"}, implied={"anna"})
    assert wanted.default_voice == "mei"
    configuration = Configuration(store)
    configuration.wanted = wanted
    async with running(store, configuration) as server:
        assert voices(server.updater) == ["mei", "anna"]
    assert WantedVoices({"anna": "/data/voices/anna"}, first=["anna"]).default_voice == "anna"


async def test_the_end_is_not_held_up_by_a_download_or_a_compiler():
    store = Store()
    store.slow["anna"] = threading.Event()
    configuration = Configuration(store, "anna", "bob")
    configuration.command = NEVER_ENDS
    async with running(store, configuration) as server:
        await eventually(lambda: "being prepared" in refusal(server.updater, "bob").text, "it is compiled")
        started = time.monotonic()
        server.task.cancel()
        await asyncio.gather(server.task, return_exceptions=True)
        assert time.monotonic() - started < DEADLINE / 2


async def test_status_of_presets_and_styles_is_that_of_their_voice():
    store = Store()
    store.slow["anna"] = threading.Event()
    configuration = Configuration(store, "anna")
    async with running(store, configuration) as server:
        await eventually(lambda: store.asked == ["anna"], "it is being fetched")
        for name in ("anna", "anna:Happy"):
            assert refusal(server.updater, name).code == "voice-not-ready"
        assert refusal(server.updater, "nobody").code == "unknown-voice"


async def test_the_reason_why_a_voice_runs_unprepared_is_the_compilers_own_line(caplog):
    store = Store()
    configuration = Configuration(store, "anna")
    line = "wyoming-hayakoe: anna: cannot be kept prepared in /data (Read-only file system): change its permissions"
    program = f"import sys; print('INFO at work', file=sys.stderr); sys.exit({line!r})"
    configuration.command = [sys.executable, "-c", program]
    async with running(store, configuration) as server:
        await eventually(lambda: voices(server.updater) == ["anna", "mei"], "it is offered")
        assert server.updater.catalogue.find(Requested(name="anna")).voice.runs_as_it_is
    (message,) = [record.message for record in caplog.records]
    assert message == (
        "voice anna: runs unprepared, and slower: "
        "anna: cannot be kept prepared in /data (Read-only file system): change its permissions"
    )
