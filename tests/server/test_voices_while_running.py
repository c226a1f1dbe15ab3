"""What clients of a running server get while its voices are fetched, prepared, offered and removed, and fail."""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from wyoming.tts import SynthesizeVoice

from tests.support import DEADLINE, TINY_REPO, command, eventually, local, speak
from wyoming_hayakoe import TTS
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.server import voice_jobs, voice_updater
from wyoming_hayakoe.server.catalogue import Preset
from wyoming_hayakoe.server.server import Server
from wyoming_hayakoe.server.voice_updater import VoiceUpdater
from wyoming_hayakoe.server.wanted_voices import WantedVoices
from wyoming_hayakoe.sources.source import Transfer
from wyoming_hayakoe.utterance import SynthesisParams

HERE = f"{TINY_REPO.as_uri()}#rand-jp"
FOR_EVER = [sys.executable, "-c", "import time; time.sleep(600)"]


def wanted(*names: str, **fields) -> WantedVoices:
    return WantedVoices(**{"sources": dict.fromkeys(names, HERE), "first": names} | fields)


class Configuration:
    """A configuration that a test changes."""

    def __init__(self, first: WantedVoices, compiling: Callable[[str], list[str]] | list[str] = FOR_EVER) -> None:
        self.now: WantedVoices | Exception = first
        self.compiling = compiling
        self.reads = 0
        self._version = 0

    def change(self, to: WantedVoices | Exception) -> None:
        self.now = to
        self._version += 1

    def stamp(self) -> str:
        return str(self._version)

    def read(self) -> WantedVoices:
        self.reads += 1
        if isinstance(self.now, Exception):
            raise self.now
        return self.now

    def compile_command(self, name: str, source: str | None, bert_source: str | None) -> list[str]:
        return self.compiling if isinstance(self.compiling, list) else self.compiling(name)


class SlowTTS(TTS):
    """Voices that do before they are opened what a test says."""

    def __init__(self, *args, fetching: Mapping[str, Callable] = {}, loading: Mapping[str, Callable] = {}, **options):
        super().__init__(*args, **options)
        self.fetching = fetching
        self.loading = loading
        self.opened: list[str] = []

    def load(self, name, source=None):
        # A voice whose source is nowhere is chosen, and not here yet.
        with suppress(HayakoeError):
            super().load(name, "/nowhere" if name in self.fetching else source)
        self.loading.get(name, lambda: None)()
        return self

    def open(self, name, progress=None):
        self.opened.append(name)
        if name in self.fetching:
            self.fetching[name](progress)
            super().load(name, HERE)
        return super().open(name, progress)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(voice_updater, "_CHECK_SECONDS", 0.02)
    monkeypatch.setattr(voice_jobs, "FIRST_PAUSE", 0.05)


@pytest.fixture
def gate():
    """What waits for it goes on when the test is over, at the latest."""
    gate = threading.Event()
    yield gate
    gate.set()


def held(gate: threading.Event) -> Callable:
    """Return a fetching that waits for the gate, and reports before and after."""

    def fetching(progress):
        progress(Transfer("a source", 42, 100))
        assert gate.wait(DEADLINE)
        progress(Transfer("a source", 100, 100))

    return fetching


@asynccontextmanager
async def serving(tts: TTS, configuration: Configuration, **settings):
    updater = VoiceUpdater(tts, configuration, lambda _: None)
    server = Server(local(**settings), updater.catalogue, updater)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest.fixture
def uncompiled(tmp_path):
    """Makes voices that need no preparing."""
    # As after an earlier start: what has no proof is tried in a process of its own before it is offered.
    TTS(cache_dir=tmp_path, compiled=False).load("a", HERE).speakers["a"].voice.compile()
    return lambda **hooks: SlowTTS(cache_dir=tmp_path, compiled=False, **hooks)


async def error_of(server: Server, name: str) -> tuple[str, str]:
    """Return code and text of the error for a request; empty where it is spoken."""
    event = (await speak(server, "はい。", voice=SynthesizeVoice(name=name))).events[-1]
    return (event.data["code"], event.data["text"]) if event.type == "error" else ("", "")


async def gets(server: Server, name: str, code: str, *words: str) -> None:
    """Wait until a request for a voice is answered with this error, or "" for speech."""
    last: tuple[str, str] = ("?", "?")
    async with asyncio.timeout(DEADLINE):
        while last[0] != code or not all(word in last[1] for word in words):
            last = await error_of(server, name)
            await asyncio.sleep(0.01)


def running_process(file: Path) -> bool:
    return Path(f"/proc/{file.read_text()}").exists()


async def test_a_voice_removed_while_it_is_prepared_is_gone_and_others_come(tmp_path):
    pid = tmp_path / "pid"
    note = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    commands = {"a": [sys.executable, "-c", note], "b": ["false"]}
    configuration = Configuration(wanted("a"), commands.__getitem__)
    async with serving(TTS(cache_dir=tmp_path, precision="fp32"), configuration) as server:
        await gets(server, "a", "voice-not-ready", "a is being prepared (about ", " s): try again")
        await eventually(lambda: pid.exists() and bool(pid.read_text()), "the child runs")
        configuration.change(wanted("b"))
        await gets(server, "a", "unknown-voice")
        await gets(server, "b", "")
        await eventually(lambda: not running_process(pid), "the child was ended")
        assert "a" not in server.catalogue.names


async def test_a_preparing_process_that_cannot_start_ends_nothing(tmp_path, caplog):
    configuration = Configuration(wanted("a"), ["/no/such/program"])
    async with serving(TTS(cache_dir=tmp_path, precision="fp32"), configuration) as server:
        await eventually(lambda: "cannot be started" in caplog.text, "it was tried")
        configuration.change(wanted("a", presets=[Preset("slow", "mei", SynthesisParams(speed=1.5))]))
        await gets(server, "slow", "")
        configuration.compiling = ["false"]
        await gets(server, "a", "")
    assert caplog.text.count("voice a is left out: the process that prepares it cannot be started") == 1


async def test_a_voice_removed_while_its_download_fails_stays_away(uncompiled, gate, caplog):
    def failing(progress):
        assert gate.wait(DEADLINE)
        raise HayakoeError("the network is gone")

    tts = uncompiled(fetching={"a": failing})
    configuration = Configuration(wanted("a"))
    async with serving(tts, configuration) as server:
        await gets(server, "a", "voice-not-ready", "a is being fetched")
        configuration.change(wanted("b"))
        await gets(server, "b", "")
        gate.set()
        configuration.change(wanted("c"))
        await gets(server, "c", "")
        assert await error_of(server, "a") == ("unknown-voice", "no voice 'a': there is c, c:Happy, c:Sad, mei")
    assert tts.opened.count("a") == 1
    assert "the network is gone" not in caplog.text
    assert "a" not in tts.speakers


async def test_a_voice_removed_while_it_arrives_never_appears(uncompiled, gate, caplog):
    caplog.set_level(logging.INFO)
    tts = uncompiled(fetching={"a": held(gate)})
    configuration = Configuration(wanted("a"))
    async with serving(tts, configuration) as server:
        await gets(server, "a", "voice-not-ready", "42 %")
        configuration.change(wanted("b"))
        await gets(server, "b", "")
        gate.set()
        configuration.change(wanted("c"))
        await gets(server, "c", "")
    assert not [record for record in caplog.records if record.message.startswith("voices: a")]


@pytest.mark.parametrize("error", [HayakoeError("it broke"), RuntimeError("it broke"), OSError(5, "it broke")])
@pytest.mark.parametrize("stage", ["loading", "fetching"])
async def test_no_fault_of_one_voice_touches_another(uncompiled, caplog, stage, error):
    faults = [error] * 2

    def fail(*_):
        if faults:
            raise faults.pop()

    configuration = Configuration(wanted("mei2", first=()))
    async with serving(uncompiled(**{stage: {"a": fail}}), configuration) as server:
        configuration.change(wanted("a", "b"))
        await gets(server, "b", "")
        await gets(server, "a", "")
        configuration.change(wanted("c"))
        await gets(server, "c", "")
        assert (await error_of(server, "a"))[0] == "unknown-voice"
    assert "it broke" in caplog.text
    assert "internal error" not in caplog.text


async def test_nothing_waits_for_a_download_but_its_voice(uncompiled, gate):
    tts = uncompiled(fetching={name: held(gate) for name in "xyz"})
    configuration = Configuration(wanted("x", "y", "z"))
    async with serving(tts, configuration) as server:
        await gets(server, "x", "voice-not-ready", "x is being fetched (42 %): try again")
        configuration.change(wanted("x", "y", "z", "b", presets=[Preset("slow", "mei", SynthesisParams(speed=1.5))]))
        await gets(server, "slow", "")
        await gets(server, "b", "")
        assert (await error_of(server, "z"))[0] == "voice-not-ready"


async def test_all_names_of_a_voice_on_its_way_say_so(uncompiled, gate):
    merry = Preset("merry", "a", SynthesisParams(style="Happy"))
    tts = uncompiled(fetching={"a": held(gate)})
    async with serving(tts, Configuration(wanted("a", presets=[merry]))) as server:
        for name in ("a", "a:Happy", "merry"):
            await gets(server, name, "voice-not-ready", "a is being fetched (42 %): try again")
        assert (await error_of(server, "b"))[0] == "unknown-voice"
        gate.set()
        for name in ("a", "a:Happy", "merry"):
            await gets(server, name, "")
        assert (await error_of(server, "a:Nope"))[0] == "unknown-voice"


async def test_a_voice_that_failed_says_why(tmp_path):
    configuration = Configuration(WantedVoices({"a": f"{tmp_path}/nowhere"}, first=["a"]))
    async with serving(TTS(cache_dir=tmp_path, precision="fp32"), configuration) as server:
        await gets(server, "a", "voice-not-ready", "a cannot be used", "nowhere")
        assert server.catalogue.names == ["mei"]


async def test_a_catalogue_is_published_once(uncompiled, caplog):
    caplog.set_level(logging.INFO)
    names = [f"v{number}" for number in range(8)]
    tts = uncompiled()
    async with serving(tts, Configuration(wanted(*names))) as server:
        await eventually(lambda: sorted(tts.opened) == names, "all were looked for at their sources")
        await gets(server, "v7", "")
    # They were here from the beginning.
    assert not [record for record in caplog.records if record.message.startswith("voices: ")]


async def test_voices_that_arrive_are_published_without_repeating(uncompiled, caplog):
    caplog.set_level(logging.INFO)
    names = [f"v{number}" for number in range(8)]
    async with serving(uncompiled(fetching=dict.fromkeys(names, lambda _: None)), Configuration(wanted(*names))) as one:
        for name in names:
            await gets(one, name, "")
    published = [record.message for record in caplog.records if record.message.startswith("voices: ")]
    assert 1 <= len(published) == len(set(published)) <= len(names)


async def test_a_configuration_that_is_wrong_changes_nothing(uncompiled, caplog):
    configuration = Configuration(wanted("a"))
    async with serving(uncompiled(), configuration) as server:
        for error in (UsageError("kitchen.toml: is wrong"), OSError(5, "cannot be read"), RuntimeError("odd")):
            configuration.change(error)
            await eventually(lambda error=error: error.args[-1] in caplog.text, "it was read")
        configuration.change(wanted("b", presets=[Preset("x", "nobody", SynthesisParams(), origin="[[voice]] 1")]))
        await eventually(lambda: "no voice 'nobody'" in caplog.text, "it was read")
        assert await error_of(server, "a") == ("", "")
        configuration.change(wanted("b"))
        await gets(server, "b", "")


async def test_a_voice_that_lacks_what_is_configured_ends_nothing(uncompiled, gate, caplog):
    sad = Preset("sad", "a", SynthesisParams(style="Nope"), origin="[[voice]] number 1")
    tts = uncompiled(fetching={"a": held(gate)})
    calm = Preset("calm", "b", SynthesisParams(speed=1.2))
    configuration = Configuration(wanted("a", "b", presets=[sad, calm]))
    async with serving(tts, configuration) as server:
        await gets(server, "a", "voice-not-ready")
        await gets(server, "calm", "")
        gate.set()
        await eventually(lambda: "[[voice]] number 1: style: voice 'a' has no style 'Nope'" in caplog.text, "logged")
        for name in ("a", "b", "calm"):
            assert await error_of(server, name) == ("", "")
        assert (await error_of(server, "sad"))[0] == "unknown-voice"
        configuration.change(wanted("a", "b"))
        await gets(server, "a", "")


@pytest.mark.parametrize("source", ["/nope", HERE])
async def test_the_built_in_voice_speaks_until_its_namesake_can(tmp_path, gate, source):
    configuration = Configuration(
        WantedVoices(
            {"mei": source},
            first=["mei", "mei:Happy", "merry", "slow"],
            presets=[
                Preset("merry", "mei", SynthesisParams(style="Happy")),
                Preset("slow", "mei", SynthesisParams(speed=1.5)),
            ],
        ),
        ["false"],
    )
    tts = SlowTTS(cache_dir=tmp_path, precision="fp32", fetching={"mei": held(gate)} if source == HERE else {})
    async with serving(tts, configuration) as server:
        for name in ("mei", "slow"):
            answer = await speak(server, "はい。", voice=SynthesizeVoice(name=name))
            assert answer.chunks[0].rate == 48000
        for name in ("mei:Happy", "merry"):
            await gets(server, name, "voice-not-ready", "mei ")
        happy = await speak(server, "はい。", voice=SynthesizeVoice(name="mei", speaker="Happy"))
        assert happy.events[-1].data["code"] == "voice-not-ready"
        gate.set()
        if source == HERE:
            await gets(server, "mei:Happy", "")
            await gets(server, "merry", "")
            assert (await speak(server, "はい。")).chunks[0].rate == 44100
            configuration.change(WantedVoices())
            await gets(server, "mei:Happy", "unknown-voice")
        assert (await speak(server, "はい。")).chunks[0].rate == 48000


async def test_a_voice_that_has_spoken_speaks_while_it_is_prepared_again(tmp_path):
    TTS(cache_dir=tmp_path, compiled=False).load("a", HERE).prepare(warmup=True)
    go = tmp_path / "go"
    compiling = command("compile", f"a={HERE}", "--data-dir", str(tmp_path), "--precision", "fp32")
    waiting = ["sh", "-c", 'until test -e "$0"; do sleep 0.01; done; exec "$@"', str(go)]
    configuration = Configuration(wanted("a"), [*waiting, *compiling])
    async with serving(TTS(cache_dir=tmp_path, precision="fp32"), configuration) as server:
        before = server.catalogue.speakers[0].voice
        assert (before.name, before.is_compiled) == ("a", False)
        assert (await speak(server, "はい。")).chunks[0].rate == 44100
        go.touch()
        await eventually(lambda: server.catalogue.speakers[0].voice is not before, "the prepared form is offered")
        assert server.catalogue.speakers[0].voice.is_ready
        assert server.catalogue.speakers[0].voice.is_compiled
        assert (await speak(server, "はい。")).chunks[0].rate == 44100


async def test_a_voice_whose_form_cannot_be_kept_runs_unprepared_and_one_line_says_why(tmp_path, caplog):
    reason = "bert: cannot be kept prepared in /srv/compiled (Read-only file system)"
    fail = f"import sys; print('wyoming-hayakoe: {reason}', file=sys.stderr); sys.exit(1)"
    configuration = Configuration(wanted("a"), [sys.executable, "-c", fail])
    async with serving(TTS(cache_dir=tmp_path, precision="fp32"), configuration) as server:
        await gets(server, "a", "")
    lines = [record.message for record in caplog.records if "voice_" in record.name]
    assert lines == [f"voice a: runs unprepared, and slower: {reason}"]


async def test_a_child_that_was_killed_is_named_so(tmp_path, caplog):
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    async with serving(
        TTS(cache_dir=tmp_path, precision="fp32"), Configuration(wanted("a"), [sys.executable, "-c", kill])
    ) as server:
        await gets(server, "a", "")
    assert "voice a: runs unprepared, and slower: preparing it was ended by SIGKILL" in caplog.text


def test_a_dropped_in_voice_is_the_default_only_if_it_is_named_first():
    dropped = {"bob": HERE}
    assert WantedVoices(dropped, implied=dropped).default_voice == "mei"
    assert WantedVoices(dropped | {"a": HERE}, implied=dropped).order == ["a", "mei", "bob"]
    assert WantedVoices(dropped, first=["bob"]).default_voice == "bob"


async def test_a_stop_leaves_no_process_and_no_task(tmp_path):
    pid = tmp_path / "pid"
    note = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    before = asyncio.all_tasks()
    async with serving(
        TTS(cache_dir=tmp_path, precision="fp32"), Configuration(wanted("a"), [sys.executable, "-c", note])
    ):
        await eventually(lambda: pid.exists() and bool(pid.read_text()), "the child runs")
        assert os.getpid() != int(pid.read_text())
    assert not running_process(pid)
    assert asyncio.all_tasks() == before
