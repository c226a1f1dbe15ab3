"""Voices from every kind of source, through the real command line: fetched, served, followed.

One server of S3 is enough here: what is special to each is in the tests of the source.
"""

import asyncio
import gc
import json
import os
import re
import shutil
import threading
import time
import wave
from collections.abc import Callable
from io import BytesIO

import pytest
from wyoming.client import AsyncClient
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeVoice

from tests.prepared import with_forms
from tests.sources import hub as hubs
from tests.sources.shared import contents
from tests.support import (
    ARTICLE,
    DEADLINE,
    QUICK,
    TINY_REPO,
    Answer,
    Program,
    command,
    eventually,
    local,
    program,
    receive,
    run_program,
    speak,
)
from tests.voice_kinds import as_aivmx, as_folder
from wyoming_hayakoe import TTS
from wyoming_hayakoe.server import voice_jobs
from wyoming_hayakoe.server.server import Server
from wyoming_hayakoe.server.voice_updater import VoiceUpdater
from wyoming_hayakoe.server.wanted_voices import WantedVoices


def ask(server: Program, text: str, **voice: str) -> Answer:
    async def scenario() -> Answer:
        async with AsyncClient.from_uri(server.uri, read_timeout=DEADLINE) as client:
            await client.write_event(Synthesize(text, voice=SynthesizeVoice(**voice) if voice else None).event())
            return await receive(client, until="audio-stop")

    return asyncio.run(scenario())


def offered(server: Program) -> list[str]:
    """Return the names that describe gives."""

    async def scenario() -> list[str]:
        async with AsyncClient.from_uri(server.uri, read_timeout=DEADLINE) as client:
            await client.write_event(Describe().event())
            event = await client.read_event()
            assert event is not None
            return [voice.name for voice in Info.from_event(event).tts[0].voices]

    return asyncio.run(scenario())


def wait_for(condition: Callable[[], bool], what: Callable[[], object]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.02)


def offers(server: Program, *names: str) -> None:
    """Wait until describe gives just these names, styles left out."""
    wait_for(lambda: [name for name in offered(server) if ":" not in name] == list(names), lambda: server.log)


@pytest.fixture
def voices(hub):
    """The tiny repository on a Hub, as hf://me/voices."""
    hub.repository().commit(contents(TINY_REPO))
    return hub


@pytest.fixture
def homes(voices, bucket, tmp_path) -> dict[str, str]:
    """The tiny repository in a place of each kind."""
    bucket.put(**{f"some/prefix/{path}": data for path, data in contents(TINY_REPO).items()})
    local = shutil.copytree(TINY_REPO, tmp_path / "声 の 家")
    return {"hub": "hf://me/voices", "bucket": f"s3://{bucket.name}/some/prefix", "disk": str(local)}


@pytest.fixture
def data(tmp_path, monkeypatch):
    """The data directory of the programs of a test."""
    monkeypatch.setattr("tests.support.clean_environment", lambda **changes: {**os.environ, **changes})
    monkeypatch.setenv("HAYAKOE_DATA_DIR", str(tmp_path / "data"))
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "data"


@pytest.fixture
def prepared_data(data, forms):
    """That directory with all forms that would be made, for tests of what comes before and after that."""
    return with_forms(forms, data)


@pytest.fixture
def seeded(tmp_path):
    """Options with which the voice x sounds the same each time."""
    path = tmp_path / "seeded.toml"
    path.write_text('[[preset]]\nname = "seeded"\nvoice = "x"\nseed = 1\n', encoding="utf-8")
    return ["--voice", "seeded", "--config", str(path)]


def say(*arguments: str) -> bytes:
    result = run_program("say", "こんにちは。", "-o", "-", *arguments)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


@pytest.mark.parametrize("s3_server", ["moto"], indirect=True)
def test_it_speaks_alike_from_every_source(homes, prepared_data, seeded):
    spoken = {name: say(*seeded, "--voice", f"x={uri}#rand-jp") for name, uri in homes.items()}
    assert len(set(spoken.values())) == 1
    with wave.open(BytesIO(spoken["disk"])) as sound:
        assert sound.getframerate() == 44100


@pytest.mark.parametrize("s3_server", ["moto"], indirect=True)
def test_all_kinds_of_source_serve_side_by_side(homes, prepared_data):
    voices = [part for name, uri in homes.items() for part in ("--voice", f"{name}={uri}#rand-jp")]
    with program(*voices) as server:
        offers(server, *homes, "mei")
        for name in homes:
            assert ask(server, "はい。", name=name).chunks[0].rate == 44100


def test_it_listens_and_speaks_while_a_voice_is_on_its_way(voices, prepared_data):
    arrived = threading.Event()

    def held(handler, content):
        assert arrived.wait(DEADLINE)
        hubs.send(handler, content)

    voices.faults += [held]
    with program("--voice", "rand-jp=hf://me/voices") as server:
        assert offered(server) == ["mei"]
        assert ask(server, "はい。").chunks[0].rate == 48000
        arrived.set()
        offers(server, "rand-jp", "mei")
        assert ask(server, "はい。").chunks[0].rate == 44100
        assert re.search(r"downloading hf://me/voices: onnx/speakers/rand-jp: 100 % of ", "".join(server.log))


def test_it_stops_at_once_while_a_voice_is_on_its_way(voices, data):
    over = threading.Event()

    def held(handler, content):
        over.wait(DEADLINE)

    voices.faults += [held]
    with program("--voice", "rand-jp=hf://me/voices") as server:
        wait_for(voices.bytes_requests, lambda: server.log)
        server.process.terminate()
        started = time.monotonic()
        assert server.wait() == 0
        assert time.monotonic() - started < 5
    over.set()


def test_what_is_here_serves_without_its_source_and_what_is_not_comes_later(voices, prepared_data, monkeypatch):
    run_program("download", "rand-jp=hf://me/voices")
    voices.down += [503] * 1000
    with program("--voice", "rand-jp=hf://me/voices", "--voice", "second=hf://me/others") as server:
        offers(server, "rand-jp", "mei")
        assert ask(server, "はい。").chunks[0].rate == 44100
        wait_for(lambda: "voice second is left out" in "".join(server.log), lambda: server.log)


def test_a_newer_version_takes_its_place(voices, prepared_data):
    assert run_program("download", "rand-jp=hf://me/voices").stdout.decode() == "rand-jp is here\n"
    newer = dict(voices.repository().files())
    config = json.loads(newer["onnx/speakers/rand-jp/config.json"])
    styles = config["data"]["style2id"]
    styles["Calm"] = styles.pop("Sad")
    newer["onnx/speakers/rand-jp/config.json"] = json.dumps(config).encode()
    voices.repository().commit(newer)
    with program("--voice", "rand-jp=hf://me/voices") as server:
        wait_for(lambda: "rand-jp:Calm" in offered(server), lambda: server.log)
        assert ask(server, "はい。", name="rand-jp:Calm").seconds > 0


def test_what_was_downloaded_serves_with_every_socket_blocked(voices, prepared_data, tmp_path, seeded):
    assert run_program("download", "x=hf://me/voices#rand-jp", "--bert").returncode == 0
    expected = say(*seeded, "--voice", "x=hf://me/voices#rand-jp")
    # Python runs this first of all: whoever connects to anything ends the program.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, socket\n"
        "def refuse(*_): print('NETWORK', flush=True); os._exit(7)\n"
        "socket.socket.connect = socket.socket.connect_ex = refuse\n",
        encoding="utf-8",
    )
    blocked = {"PYTHONPATH": str(tmp_path)}
    asked = ("say", "こんにちは。", "-o", "-", *seeded, "--voice", "x=hf://me/voices#rand-jp")
    assert run_program(*asked, **blocked).returncode == 7
    assert run_program(*asked, "--offline", **blocked).stdout == expected
    with program("--voice", "x=hf://me/voices#rand-jp", "--offline", **blocked) as server:
        offers(server, "x", "mei")
        assert ask(server, "はい。").chunks[0].rate == 44100


def test_offline_says_all_that_is_missing_and_serves_the_rest(data):
    with program("--voice", "a=hf://me/voices", "--voice", "b=s3://bucket", "--offline") as server:
        assert offered(server) == ["mei"]
        (line,) = [line for line in server.log if "not here" in line]
        for place in ("hf://me/voices: onnx/speakers/a", "s3://bucket: onnx/speakers/b", "onnx/bert/q8"):
            assert place in line
    result = run_program("voices", "--voice", "a=hf://me/voices", "--offline")
    assert result.returncode == 1
    assert "not here: hf://me/voices: onnx/speakers/a" in result.stderr.decode()


def test_download_names_all_that_fails_and_keeps_the_rest(voices, data):
    result = run_program("download", "a=hf://me/nothing", "rand-jp=hf://me/voices", "b=hf://me/nowhere")
    assert result.returncode == 1
    (line,) = [line for line in result.stderr.decode().splitlines() if line.startswith("wyoming-hayakoe:")]
    assert "hf://me/nothing" in line
    assert "hf://me/nowhere" in line
    assert run_program("voices", "--voice", "rand-jp=hf://me/voices", "--offline").returncode == 0


def test_the_configuration_file_is_followed(prepared_data, tmp_path):
    config = tmp_path / "kitchen.toml"
    config.write_text('voice = "mei"', encoding="utf-8")
    with program("--config", str(config), HAYAKOE_VOICE="") as server:
        assert offered(server) == ["mei"]
        config.write_text(f'voice = ["rand-jp={TINY_REPO}"]', encoding="utf-8")
        offers(server, "rand-jp", "mei")
        assert ask(server, "はい。").chunks[0].rate == 44100
        config.write_text("voice = 1", encoding="utf-8")
        wait_for(lambda: "stay as they are" in "".join(server.log), lambda: server.log)
        assert offered(server)[0] == "rand-jp"
        config.write_text('rate = 16000\nvoice = ["mei", {name = "slow", speed = 1.5}]\n', encoding="utf-8")
        offers(server, "mei", "slow")
        wait_for(lambda: "rate: changes at the next start only" in "".join(server.log), lambda: server.log)


@pytest.mark.parametrize("s3_server", ["moto"], indirect=True)
def test_every_kind_of_voice_is_served_from_every_source(voices, bucket, prepared_data, tmp_path):
    folder, file = as_folder(tmp_path / "声" / "rand"), as_aivmx(tmp_path / "voice.aivmx")
    voices.repository("me/folder").commit({f"some/where/{path}": data for path, data in contents(folder).items()})
    voices.repository("me/file").commit({"voice.aivmx": file.read_bytes()})
    bucket.put(**{f"folder/{path}": data for path, data in contents(folder).items()})
    bucket.put(**{"files/voice.aivmx": file.read_bytes()})
    homes = {
        "hub-folder": "hf://me/folder",
        "hub-file": "hf://me/file",
        "bucket-folder": f"s3://{bucket.name}/folder",
        "bucket-file": f"s3://{bucket.name}/files/voice.aivmx",
        "disk-folder": str(folder),
        "disk-file": file.as_uri(),
    }
    arguments = [part for name, uri in homes.items() for part in ("--voice", f"{name}={uri}")]
    arguments += ["--bert-source", "hf://me/voices"]
    with program(*arguments) as server:
        offers(server, *homes, "mei")
        for name in homes:
            assert ask(server, "はい。", name=name).chunks[0].rate == 44100
        assert "hub-file:うれしい" in offered(server)
    assert not list(prepared_data.rglob("*.safetensors"))
    table = json.loads(run_program("voices", "--json", "--offline", *arguments).stdout)
    told = {voice["name"]: (voice["licence"], voice["attribution"], voice["description"]) for voice in table}
    assert told["bucket-file"] == ("Aivis Common Model License (ACML) 1.0", "Somebody, Anna", "乱数で できた 声")
    assert told["hub-folder"] == ("cc-by-4.0", "hub-folder", "hub-folder")


def test_what_a_source_holds_is_listed(voices, data, tmp_path):
    as_aivmx(tmp_path / "two" / "anna.aivmx")
    as_folder(tmp_path / "two" / "bob")
    table = run_program("voices", "--source", str(tmp_path / "two")).stdout.decode()
    assert [line.split()[0] for line in table.splitlines()] == ["name", "anna", "bob"]
    (held,) = json.loads(run_program("voices", "--source", "me/voices", "--json").stdout)
    assert held == {"name": "rand-jp", "kind": "HayaKoe repository", "path": "onnx/speakers/rand-jp"}
    assert not list(data.rglob("*.onnx"))
    (tmp_path / "empty").mkdir()
    assert "holds no voice" in run_program("voices", "--source", str(tmp_path / "empty")).stderr.decode()


def test_voices_dropped_into_the_data_directory_come_and_go(prepared_data, tmp_path):
    place = prepared_data / "voices"
    with program("--bert-source", str(TINY_REPO)) as server:
        assert offered(server) == ["mei"]
        as_aivmx(place / "anna.aivmx")
        shutil.copytree(as_folder(tmp_path / "bob"), place / "bob")
        offers(server, "mei", "anna", "bob")
        for name in ("anna", "bob"):
            assert ask(server, "はい。", name=name).chunks[0].rate == 44100
        (place / "anna.aivmx").unlink()
        offers(server, "mei", "bob")
        assert ask(server, "はい。", name="bob").seconds > 0
    listed = run_program("voices", "--bert-source", str(TINY_REPO)).stdout.decode()
    assert [line.split()[0] for line in listed.splitlines()[1:5]] == ["mei", "bob", "bob:Happy", "bob:Sad"]


def test_the_choice_of_a_precision_is_logged_as_the_rest_is(voices, data, monkeypatch):
    monkeypatch.setenv("HAYAKOE_PRECISION", "auto")
    with program("--voice", "rand-jp=hf://me/voices", "--log-format=-- %(message)s") as server:
        offers(server, "rand-jp", "mei")
        assert ask(server, "はい。", name="rand-jp").chunks[0].rate == 44100
    log = server.whole_log()
    # Which one it is depends on how fast they are on this machine.
    assert re.search(r"^-- rand-jp: prepared in \d+ s; (int8: \d+ %|fp32: .)", log, re.MULTILINE)
    assert [line for line in log.splitlines() if not line.startswith("-- ")] == []


def test_who_speaks_when_his_voice_leaves_finishes(prepared_data, tmp_path):
    config = tmp_path / "kitchen.toml"
    config.write_text(f'voice = ["rand-jp={TINY_REPO}"]', encoding="utf-8")

    async def scenario(server: Program) -> tuple[Answer, Answer]:
        async with AsyncClient.from_uri(server.uri, read_timeout=DEADLINE) as client:
            await client.write_event(Synthesize(ARTICLE * 3).event())
            first = await receive(client, until="audio-chunk")
            config.write_text('voice = "mei"', encoding="utf-8")
            await asyncio.to_thread(offers, server, "mei")
            return first, await receive(client, until="audio-stop")

    with program("--config", str(config), HAYAKOE_VOICE="") as server:
        whole = ask(server, ARTICLE * 3)
        first, rest = asyncio.run(scenario(server))
        assert rest.kinds[-1] == "audio-stop"
        assert first.seconds + rest.seconds > 0.5 * whole.seconds


async def test_a_voice_comes_when_its_source_comes_back(voices, forms, tmp_path, monkeypatch, caplog):
    with_forms(forms, tmp_path)

    class Wanted:
        def stamp(self) -> str:
            return ""

        def read(self) -> WantedVoices:
            return WantedVoices({"rand-jp": "hf://me/voices"}, first=["rand-jp"])

        def compile_command(self, name: str, source: str | None, bert_source: str | None) -> list[str]:
            return command("compile", f"{name}={source}", "--data-dir", str(tmp_path), "--precision", "fp32")

    monkeypatch.setattr(voice_jobs, "FIRST_PAUSE", 0.02)
    voices.down += [404] * 3
    brought = VoiceUpdater(TTS(cache_dir=tmp_path, precision="fp32"), Wanted(), lambda _: None)
    server = Server(local(), brought.catalogue, brought)
    assert brought.catalogue.names == ["mei"]
    await server.start()
    try:
        await eventually(lambda: brought.catalogue.names[0] == "rand-jp", "the voice is here")
        assert (await speak(server, "はい。")).chunks[0].rate == 44100
    finally:
        await server.stop()
    assert len([record for record in caplog.records if "left out" in record.message]) == 1


def test_a_voice_that_left_leaves_memory(forms, tmp_path):
    tts = TTS(cache_dir=with_forms(forms, tmp_path), precision="fp32").load("a", f"{TINY_REPO}#rand-jp").prepare()
    assert len(tts.store.models.names) == 1
    tts.unload("a")
    gc.collect()
    assert tts.store.models.names == []
    assert list(tts.speakers) == ["mei"]
