"""What several tests need: a server in this process, one in another, and ways to wait without sleeping long."""

import asyncio
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from wyoming.audio import AudioChunk
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.tts import Synthesize

from wyoming_hayakoe.engine.openjtalk import OpenJTalkVoice
from wyoming_hayakoe.server.catalogue import Catalogue, Preset
from wyoming_hayakoe.server.server import Server
from wyoming_hayakoe.server.settings import ServerSettings
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text.frontend import japanese
from wyoming_hayakoe.voice import Voice

# What passes seldom waits that long; but a voice is prepared at low priority, which has little of a busy machine.
# An emulator needs more, see script/arm64/suite.py.
DEADLINE = float(os.environ.get("HAYAKOE_TEST_DEADLINE", "120"))
SHARED = Path(__file__).parents[2] / "shared"
TINY_REPO = Path(__file__).parent / "data" / "tiny-repo"
FRONT_END = japanese()
ARTICLE = "今日は全国的に晴れて、気温が上がるでしょう。洗濯物はよく乾きますが、風が強いので気をつけてください。"


def shared(name: str) -> Path:
    """Return a file that lies beside the checkout, or skip the test where there is none."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not here: the golden files live beside the checkout")
    return path


def misread(path: Path, read: Callable[[str], str]) -> tuple[list[tuple[str, str, str]], int]:
    """Return (text, reading, accepted readings) of each line that is read otherwise, and how many lines there are."""
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:] if line]
    read_aloud = [(text, read(text), accepted) for text, accepted in lines]
    wrong = [case for case in read_aloud if case[1] not in map(str.strip, case[2].split("|"))]
    return wrong, len(lines)


def in_threads(work: Callable[[], object], count: int = 8) -> list[object]:
    """Return what ``work`` gives in each of ``count`` threads at once."""
    with ThreadPoolExecutor(count) as pool:
        return [job.result() for job in [pool.submit(work) for _ in range(count)]]


class CountingVoice(OpenJTalkVoice):
    """The real voice, which counts the windows it computes."""

    def __init__(self) -> None:
        super().__init__()
        self.windows = 0

    def _windows(self, utterance, params):
        for window in super()._windows(utterance, params):
            self.windows += 1
            yield window


@asynccontextmanager
async def running(
    settings: ServerSettings | None = None,
    voice: Voice | None = None,
    presets: Sequence[Preset] = (),
) -> AsyncIterator[Server]:
    """Run a server in this loop, on a port of its own unless the settings say otherwise."""
    settings = settings or ServerSettings(uris=("tcp://127.0.0.1:0",), zeroconf=False)
    server = Server(settings, Catalogue([Speaker(voice or OpenJTalkVoice(), FRONT_END)], presets))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def local(**changes) -> ServerSettings:
    """Return settings for a server on a free port of this machine."""
    return ServerSettings(**{"uris": ("tcp://127.0.0.1:0",), "zeroconf": False} | changes)


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[AsyncClient]:
    """Connect a real Wyoming client to the server's first tcp socket."""
    host, port = server.endpoints[0]
    async with AsyncClient.from_uri(f"tcp://{host}:{port}", read_timeout=DEADLINE) as client:
        yield client


@dataclass
class Answer:
    """What a client got for one request."""

    events: list[Event] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        """Event types, with runs of audio chunks as one."""
        kinds: list[str] = []
        for event in self.events:
            if not (event.type == "audio-chunk" and kinds[-1:] == ["audio-chunk"]):
                kinds.append(event.type)
        return kinds

    @property
    def chunks(self) -> list[AudioChunk]:
        return [AudioChunk.from_event(event) for event in self.events if event.type == "audio-chunk"]

    @property
    def pcm(self) -> bytes:
        return b"".join(chunk.audio for chunk in self.chunks)

    @property
    def seconds(self) -> float:
        return sum(chunk.seconds for chunk in self.chunks)


async def receive(client: AsyncClient, *, until: str) -> Answer:
    """Read events up to the first of a type, or the end of the connection."""
    answer = Answer()
    while (event := await client.read_event()) is not None:
        answer.events.append(event)
        if event.type == until:
            break
    return answer


async def speak(server: Server, text: str, **arguments) -> Answer:
    """Have a text spoken over a connection of its own."""
    async with connected(server) as client:
        await client.write_event(Synthesize(text, **arguments).event())
        return await receive(client, until="audio-stop")


async def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until ``condition`` holds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"not within {DEADLINE:g} s: {what}"
        await asyncio.sleep(0.005)


def writer_of(client: AsyncClient) -> asyncio.StreamWriter:
    """Return where bytes go to the server: for what no well-behaved client sends."""
    writer = client._writer
    assert writer is not None
    return writer


def free_port() -> int:
    # Below those that systems give by themselves (from 32768): others of these tests would be given it meanwhile.
    chosen = random.SystemRandom()
    while True:
        port = chosen.randrange(15_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "wyoming_hayakoe", *arguments]


# Trying int8 takes seconds, and so does preparing the neural voice that would be the default: that is for the tests of
# those alone; tests run beside each other, on one core each. Where a file names voices, HAYAKOE_VOICE has to be empty.
QUICK = {"HAYAKOE_PRECISION": "fp32", "HAYAKOE_THREADS": "1", "HAYAKOE_VOICE": "mei"}


def clean_environment(**changes: str) -> dict[str, str]:
    """Return this environment without what configures a server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HAYAKOE_")}
    # A test that reaches for the real Hub fails at once, wherever it runs.
    return kept | {"HAYAKOE_DATA_DIR": "/nonexistent", "HF_ENDPOINT": "http://127.0.0.1:9"} | QUICK | changes


def run_program(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the real command line to its end."""
    return subprocess.run(
        command(*arguments),
        input=stdin,
        env=clean_environment(**environment),
        capture_output=True,
        # Some prepare a voice, beside other tests.
        timeout=3 * DEADLINE,
        check=False,
    )


class Program:
    """The real command line, serving in a process of its own."""

    def __init__(self, *arguments: str, port: int | None = None, **environment: str) -> None:
        """Start it; ``{port}`` in an argument stands for ``port``, or for a free one."""
        self.port = port or free_port()
        self.uri = f"tcp://127.0.0.1:{self.port}"
        self.log: list[str] = []
        unseen = [] if "--zeroconf" in arguments else ["--no-zeroconf"]
        self.process = subprocess.Popen(
            command(*unseen, *(argument.format(port=self.port) for argument in arguments)),
            env=clean_environment(**environment),
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read_log)
        self._reader.start()

    @classmethod
    @contextmanager
    def listening(cls, *arguments: str, port: int | None = None, **environment: str) -> Iterator["Program"]:
        """Start it with just these arguments and wait until it listens."""
        started = cls(*arguments, port=port, **environment)
        try:
            started._wait_until_listening()
            yield started
        finally:
            started._close()

    def wait(self) -> int:
        """Return the exit code."""
        return self.process.wait(DEADLINE)

    def whole_log(self) -> str:
        """Return what it wrote until its end."""
        self._reader.join(DEADLINE)
        return "".join(self.log)

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)

    def _wait_until_listening(self) -> None:
        end = time.monotonic() + DEADLINE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                assert self.process.poll() is None, "".join(self.log)
                assert time.monotonic() < end, "".join(self.log)
                time.sleep(0.01)
            else:
                return

    def _close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()


def program(*arguments: str, port: int | None = None, **environment: str) -> AbstractContextManager[Program]:
    """Start the real server on ``port``, or on a free one, of this machine and wait until it listens."""
    return Program.listening("--uri", "tcp://127.0.0.1:{port}", *arguments, port=port, **environment)
