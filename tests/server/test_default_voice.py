"""Which voice speaks for clients that name none, on a machine that has still to be measured, over the real socket."""

import asyncio
import json
import logging
import sys
import threading
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from wyoming.info import Describe, Info
from wyoming.tts import SynthesizeVoice

from tests.support import DEADLINE, FRONT_END, connected, eventually, local, speak
from tests.voices import BeepVoice, paced
from wyoming_hayakoe import TTS
from wyoming_hayakoe.devices import Engine
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.server import voice_updater
from wyoming_hayakoe.server.catalogue import Preset
from wyoming_hayakoe.server.default_voice import pace_of
from wyoming_hayakoe.server.server import Server
from wyoming_hayakoe.server.voice_jobs import Job
from wyoming_hayakoe.server.voice_updater import VoiceUpdater
from wyoming_hayakoe.server.wanted_voices import WantedVoices
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.voice import Voice
from wyoming_hayakoe.voice_store import PREFERRED

NAME = PREFERRED
OPEN = WantedVoices({NAME: None}, implied={NAME}, preferred=NAME)
FAST = "default voice: kokoro-alpha (0.21 s of computing for a second of sound)"
SLOW = (
    "default voice: mei, since kokoro-alpha takes 0.93 s for a second of sound on this machine; "
    "--voice kokoro-alpha chooses it nevertheless"
)
UNTIL = "default voice: mei, until kokoro-alpha is prepared for this machine"


class Neural(BeepVoice):
    """A voice that another process prepares: it leaves a report, as the compiler does."""

    name = NAME
    styles = ("normal",)

    def __init__(self, report: Path) -> None:
        super().__init__()
        self.file = report
        self.is_ready = False
        self.is_broken = False
        self.has_spoken = False
        self.loading = threading.Event()
        self.loading.set()

    @property
    def is_compiled(self):
        return self.file.exists()

    @property
    def report(self):
        return json.loads(self.file.read_text()) if self.is_compiled else None

    def prepare(self):
        assert self.loading.wait(DEADLINE)
        if self.is_broken:
            raise HayakoeError("kokoro-alpha: its graph is damaged")
        self.is_ready = True


class Configuration:
    """A configuration that a test changes; its preparing waits for :meth:`go`."""

    def __init__(self, data: Path, wanted: WantedVoices = OPEN, realtime: float | None = 0.21) -> None:
        self.data = data
        self.wanted = wanted
        self.realtime = realtime
        self.version = 0
        self.prepared: list[str] = []

    def stamp(self) -> str:
        return str(self.version)

    def read(self) -> WantedVoices:
        return self.wanted

    def change(self, wanted: WantedVoices) -> None:
        self.wanted = wanted
        self.version += 1

    def go(self) -> None:
        (self.data / "go").touch()

    def compile_command(self, name, source, bert_source):
        self.prepared.append(name)
        work = "raise SystemExit('wyoming-hayakoe: the disk is full')"
        if self.realtime is not None:
            work = f"open('report.json', 'w').write('{json.dumps(paced(self.realtime))}')"
        waiting = f"import os, time; os.chdir({str(self.data)!r})\nwhile not os.path.exists('go'): time.sleep(0.01)\n"
        return [sys.executable, "-c", waiting + work]


@pytest.fixture(autouse=True)
def quick(monkeypatch, caplog):
    monkeypatch.setattr(voice_updater, "_CHECK_SECONDS", 0.02)
    caplog.set_level(logging.INFO)


@pytest.fixture
def neural(tmp_path, monkeypatch):
    """The voice in the box beside mei."""
    voice = Neural(tmp_path / "report.json")
    monkeypatch.setattr(Engine, "make_built_in", lambda _, name: {NAME: voice}[name])
    return voice


@pytest.fixture
def defaults(caplog):
    """Return the lines of the log about the default voice."""
    return lambda: [record.message for record in caplog.records if record.message.startswith("default voice")]


@asynccontextmanager
async def serving(configuration: Configuration, *, mei: Voice | None = None, offline: bool = False, **settings):
    tts = TTS(cache_dir=configuration.data, offline=offline)
    if mei is not None:
        tts.store._fallback = Speaker(mei, FRONT_END)
    updater = VoiceUpdater(tts, configuration, lambda _: None, offline=offline)
    server = Server(local(**settings), updater.catalogue, updater)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def rate(server: Server, name: str | None = None) -> int | str:
    """Return the sample rate of an answer, which tells the voices apart, or the code of its error."""
    answer = await speak(server, "はい。", **({"voice": SynthesizeVoice(name=name)} if name else {}))
    return answer.chunks[0].rate if answer.chunks else answer.events[-1].data["code"]


async def described(server: Server) -> list[str]:
    async with connected(server) as client:
        await client.write_event(Describe().event())
        return [voice.name for voice in Info.from_event(await client.read_event()).tts[0].voices]


MEI, NEURAL = 48000, BeepVoice.sample_rate


@pytest.mark.parametrize("offline", [False, True])
async def test_mei_answers_at_once_and_the_neural_voice_as_soon_as_it_is_prepared(neural, tmp_path, defaults, offline):
    configuration = Configuration(tmp_path)
    async with serving(configuration, offline=offline, metrics="tcp://127.0.0.1:0") as server:
        assert await rate(server) == await rate(server, "mei") == MEI
        assert await described(server) == ["mei"]
        assert server._is_ready()
        await eventually(lambda: configuration.prepared == [NAME], "it is being prepared")
        assert await rate(server, NAME) == "voice-not-ready"
        await eventually(lambda: defaults() == [UNTIL], "it says so")
        configuration.go()
        await eventually(lambda: server.catalogue.names == [NAME, "mei"], "it is offered")
        assert neural.is_ready, "before it is offered"
        assert await rate(server) == await rate(server, NAME) == NEURAL
        assert await rate(server, "mei") == MEI
        assert await described(server) == [NAME, "mei"]
        assert server._is_ready()
    assert defaults() == [UNTIL, FAST]


async def test_an_answer_that_has_begun_keeps_its_voice(neural, tmp_path, gated):
    configuration = Configuration(tmp_path)
    async with serving(configuration, mei=gated) as server:
        answering = asyncio.create_task(speak(server, "こんにちは。" * 5))
        await eventually(gated.waiting.is_set, "it speaks")
        configuration.go()
        await eventually(lambda: server.catalogue.names == [NAME, "mei"], "it is offered")
        gated.gate.set()
        assert {chunk.rate for chunk in (await answering).chunks} == {MEI}
        assert await rate(server) == NEURAL


async def test_a_machine_that_does_not_keep_up_stays_with_mei_and_says_how_to_change_that(neural, tmp_path, defaults):
    (tmp_path / "go").touch()
    async with serving(Configuration(tmp_path, realtime=0.93)) as server:
        await eventually(lambda: defaults()[-1:] == [SLOW], "it is measured")
        # Home Assistant would take the first of the list by label.
        assert await described(server) == ["mei"]
        assert await rate(server) == MEI
        assert not neural.is_ready, "nobody needs it"
        assert await rate(server, NAME) == NEURAL
        assert await rate(server, f"{NAME}:x") == "unknown-voice"
    assert defaults() == [UNTIL, SLOW]


@pytest.mark.parametrize(("realtime", "names", "line"), [(0.21, [NAME, "mei"], FAST), (0.93, ["mei"], SLOW)])
async def test_the_next_start_knows_it_from_the_report(neural, tmp_path, defaults, realtime, names, line):
    (tmp_path / "report.json").write_text(json.dumps(paced(realtime)))
    neural.has_spoken = True
    configuration = Configuration(tmp_path)
    async with serving(configuration) as server:
        assert server.catalogue.names == names
        assert neural.is_ready is (names[0] == NAME)
        await eventually(lambda: defaults() == [line], "it says so")
    assert configuration.prepared == []


async def test_a_first_loading_keeps_nobody_waiting(neural, tmp_path, defaults):
    (tmp_path / "report.json").write_text(json.dumps(paced(0.21)))
    neural.loading.clear()
    async with serving(Configuration(tmp_path)) as server:
        assert await rate(server) == MEI
        neural.loading.set()
        await eventually(lambda: server.catalogue.names == [NAME, "mei"], "it is offered")
        assert await rate(server) == NEURAL
    assert defaults() == [UNTIL, FAST]


async def test_what_could_not_be_prepared_is_not_the_default(neural, tmp_path, caplog, defaults):
    (tmp_path / "go").touch()
    async with serving(Configuration(tmp_path, realtime=None)) as server:
        line = "default voice: mei, since kokoro-alpha runs unprepared; --voice kokoro-alpha chooses it nevertheless"
        await eventually(lambda: defaults()[-1:] == [line], "it says so")
        assert await rate(server) == MEI
        assert await rate(server, NAME) == NEURAL
    assert "voice kokoro-alpha: runs unprepared, and slower: the disk is full" in caplog.text


@pytest.mark.parametrize("is_prepared", [False, True])
async def test_what_cannot_be_loaded_is_not_the_default(neural, tmp_path, caplog, is_prepared):
    (tmp_path / "go").touch()
    if is_prepared:
        (tmp_path / "report.json").write_text(json.dumps(paced(0.2)))
    neural.is_broken = True
    async with serving(Configuration(tmp_path)) as server:
        await eventually(
            lambda: "voice kokoro-alpha cannot speak: kokoro-alpha: its graph is damaged" in caplog.text, "it is tried"
        )
        await eventually(lambda: server.catalogue.names == ["mei"], "it is not the default")
        assert await rate(server) == MEI


async def test_a_preset_of_a_slow_voice_is_listed_since_the_user_wants_it(neural, tmp_path):
    (tmp_path / "go").touch()
    preset = Preset("calm", NAME, SynthesisParams(speed=1.2))
    wanted = WantedVoices({NAME: None}, implied={NAME}, preferred=NAME, presets=[preset])
    async with serving(Configuration(tmp_path, wanted, realtime=0.93)) as server:
        await eventually(lambda: server.catalogue.names == ["mei", "calm"], "it is offered")
        assert await rate(server, "calm") == NEURAL
        assert await rate(server) == MEI


async def test_a_user_who_chooses_gets_that_voice_whatever_the_pace(neural, tmp_path, defaults):
    (tmp_path / "go").touch()
    chosen = WantedVoices({NAME: None}, first=[NAME])
    configuration = Configuration(tmp_path, chosen, realtime=0.93)
    async with serving(configuration) as server:
        await eventually(lambda: server.catalogue.names == [NAME, "mei"], "it is offered")
        assert await rate(server) == NEURAL
        configuration.change(WantedVoices(first=["mei"]))
        await eventually(lambda: server.catalogue.names == ["mei"], "the change is followed")
        assert await rate(server) == MEI
        assert await rate(server, NAME) == "unknown-voice"
        configuration.change(OPEN)
        await eventually(lambda: defaults() == [SLOW], "the change is followed")
        assert await rate(server) == MEI


async def test_with_preload_a_slow_voice_is_loaded_too(neural, tmp_path):
    (tmp_path / "go").touch()
    async with serving(Configuration(tmp_path, realtime=0.93), preload=True) as server:
        await eventually(lambda: bool(server.catalogue.unlisted), "it is offered")
        assert neural.is_ready


@pytest.mark.parametrize(
    ("report", "pace"),
    [
        (None, None),
        ({}, None),
        (paced(0.21), pytest.approx(0.21)),
        (paced(1), pytest.approx(1.0)),
        ({"realtime": 0.21}, None),
    ],
)
def test_the_pace_is_what_a_report_says(report, pace):
    voice = BeepVoice()
    voice.report = report
    assert pace_of(voice) == pace


def test_a_built_in_voice_waits_for_no_download():
    built_in, anna, bob = (Job(name, None).origin for name in ("kokoro-kumo", "anna", "bob"))
    assert built_in != anna == bob
    assert Job("anna", "/srv/voices#anna").origin == Job("bob", "/srv/voices#bob").origin == "/srv/voices"


def test_a_style_that_neither_voice_has_is_refused_before_the_neural_one_is_here():
    wanted = WantedVoices({NAME: None}, implied={NAME}, preferred=NAME, params=SynthesisParams(style="x"))
    with pytest.raises(UsageError, match="voice 'mei' has no style 'x'"):
        wanted.catalogue({"mei": TTS().store.built_in})
