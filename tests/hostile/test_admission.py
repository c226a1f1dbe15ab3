"""Clients that hold places without needing them keep nobody out."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from wyoming.tts import Synthesize

from tests.support import ARTICLE, DEADLINE, connected, eventually, local, receive, running, speak
from tests.voices import BeepVoice
from wyoming_hayakoe.server import answer as answer_module
from wyoming_hayakoe.server.server import Server
from wyoming_hayakoe.server.wyoming import connection as connection_module
from wyoming_hayakoe.voice import WINDOWS, Speech

ANSWERED = ["audio-start", "audio-chunk", "audio-stop"]
HOUSE = 12


class PacedVoice(BeepVoice):
    """Computes at a given speed, whatever the machine's is, and notes whose windows it computes."""

    def __init__(self, speed: float) -> None:
        """Compute ``speed`` seconds of sound in a second."""
        super().__init__(window=250)
        self.speed = speed
        self.computed: list[str] = []

    def speak(self, utterance, params, delivery=WINDOWS) -> Speech:
        sound = super().speak(utterance, params, delivery)
        return Speech(self.paced(utterance.text, sound.windows))

    def paced(self, text, windows):
        for window in windows:
            self.computed.append(text)
            time.sleep(len(window) / self.sample_rate / self.speed)
            yield window


class Stranger:
    """A client that does as it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take over a connection."""
        self.reader = reader
        self.writer = writer
        self.received = 0

    @classmethod
    @asynccontextmanager
    async def at(cls, server: Server) -> AsyncIterator["Stranger"]:
        """Connect to the server's first tcp socket."""
        stranger = cls(*await asyncio.open_connection(*server.endpoints[0]))
        try:
            yield stranger
        finally:
            stranger.writer.transport.abort()

    def send(self, kind: str, **data: object) -> None:
        body = json.dumps(data).encode()
        self.writer.write(json.dumps({"type": kind, "data_length": len(body)}).encode() + b"\n" + body)

    async def read_until(self, ending: bytes) -> None:
        text = b""
        while ending not in text:
            data = await self.reader.read(1 << 16)
            assert data
            text += data

    async def read_on(self) -> None:
        """Read as fast as it can, to the end."""
        with suppress(ConnectionError):
            while data := await self.reader.read(1 << 16):
                self.received += len(data)


@asynccontextmanager
async def strangers(server: Server, count: int) -> AsyncIterator[list[Stranger]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Stranger.at(server)) for _ in range(count)]


@asynccontextmanager
async def readers_of_an_hour(server: Server, count: int, *, after: float) -> AsyncIterator[None]:
    """Clients that ask for long texts and read as fast as they can, once each has ``after`` seconds of sound."""
    async with strangers(server, count) as readers:
        for reader in readers:
            reader.send("synthesize", text=ARTICLE * 900)
        tasks = [asyncio.create_task(reader.read_on()) for reader in readers]
        # Of 16 bits at 1 kHz; and a header for each window.
        await eventually(lambda: all(reader.received > 2500 * after for reader in readers), "they have so much")
        yield
        assert not any(task.done() for task in tasks)
        for task in tasks:
            task.cancel()


def are_ahead(server: Server) -> bool:
    """Return whether each client has five seconds of sound to play."""
    return all(one._playback.until > time.monotonic() + 5 for one in server.connections)


async def test_sixteen_clients_that_read_fast_lock_out_nobody():
    async with running(local(), PacedVoice(200)) as server, readers_of_an_hour(server, 16, after=1):
        await eventually(lambda: are_ahead(server), "they are ahead")
        for _ in range(20):
            assert (await speak(server, "はい。")).kinds == ANSWERED


async def test_texts_of_an_hour_lock_out_nobody_where_the_machine_is_slow(monkeypatch):
    monkeypatch.setattr(answer_module, "_SHARE", 4.0)
    async with running(local(max_queue=4), PacedVoice(16)) as server, readers_of_an_hour(server, 4, after=6):
        monkeypatch.setattr(server._context.admission, "_real_time_answers", lambda: 0.0)
        for _ in range(20):
            assert (await speak(server, "はい。")).kinds == ANSWERED


async def test_short_texts_one_behind_the_other_lock_out_nobody():
    async with running(local(), PacedVoice(200)) as server, strangers(server, 16) as crowd:
        for stranger in crowd:
            for _ in range(3000):
                stranger.send("synthesize", text="あ" * 100)
        tasks = [asyncio.create_task(stranger.read_on()) for stranger in crowd]
        await eventually(lambda: are_ahead(server), "they are ahead")
        for _ in range(20):
            assert (await speak(server, "はい。")).kinds == ANSWERED
        assert not any(task.done() for task in tasks)


async def test_a_short_answer_goes_before_the_rest_of_long_ones(monkeypatch):
    monkeypatch.setattr(answer_module, "_SHARE", 1.2)
    voice = PacedVoice(6)
    async with running(local(), voice) as server, readers_of_an_hour(server, 8, after=2):
        assert (await speak(server, "あ" * 48)).seconds > 0.9
    windows = [text == "あ" * 48 for text in voice.computed]
    first = windows.index(True)
    last = len(windows) - windows[::-1].index(True)
    assert windows.count(True) == 4
    # Behind each but the last, one or two that are being computed; eight, where all take turns.
    assert last - first < 4 + 12


def silent(stranger: Stranger) -> None:
    pass


def pings(stranger: Stranger) -> None:
    stranger.send("ping")


def sends_unknown_events(stranger: Stranger) -> None:
    stranger.send("intent", text="x")


def begins_an_event(stranger: Stranger) -> None:
    stranger.writer.write(b'{"type":"describe","data_length":100}\n{')


def describes(stranger: Stranger) -> None:
    stranger.send("describe")


def has_been_answered(stranger: Stranger) -> None:
    stranger.send("synthesize", text="はい。")


def opens_a_stream(stranger: Stranger) -> None:
    stranger.send("synthesize-start")


def leaves_a_stream(stranger: Stranger) -> None:
    stranger.send("synthesize-start")
    stranger.send("synthesize-chunk", text="はい。それで")


def describes_and_reads_nothing(stranger: Stranger) -> None:
    stranger.writer.transport.pause_reading()
    stranger.writer.write(b'{"type":"describe"}\n' * 5000)


def fails(stranger: Stranger) -> None:
    stranger.writer.write(b"bad\n")


@pytest.mark.parametrize(
    ("habit", "rank"),
    [
        (silent, 0),
        (pings, 0),
        (sends_unknown_events, 0),
        (begins_an_event, 0),
        (fails, 0),
        (describes, 1),
        (describes_and_reads_nothing, 1),
        (has_been_answered, 1),
        (opens_a_stream, 2),
        (leaves_a_stream, 2),
    ],
)
async def test_a_full_house_has_room_for_who_has_a_request(habit, rank, monkeypatch, caplog):
    monkeypatch.setattr(connection_module, "_TIME_TO_ASK", 0.0)
    monkeypatch.setattr(connection_module, "_PATIENCE", 0.1)
    monkeypatch.setattr(connection_module, "_LINGER", 60.0)
    async with running(local(max_clients=HOUSE), PacedVoice(1000)) as server, strangers(server, HOUSE) as crowd:
        for stranger in crowd:
            habit(stranger)

        def is_settled() -> bool:
            claims = [connection.claim(time.monotonic()) for connection in server.connections]
            return [claim and claim[0] for claim in claims] == HOUSE * [rank]

        await eventually(is_settled, "the house is full of those who do not need their places")
        for _ in range(3):
            assert (await speak(server, "はい。")).kinds == ANSWERED
        assert caplog.text.count("its place is needed") == 1


async def test_text_streams_that_are_opened_again_and_again_hold_no_door(voice, monkeypatch):
    monkeypatch.setattr(connection_module, "_PATIENCE", DEADLINE)
    async with running(local(max_clients=HOUSE), voice) as server:

        async def open_streams() -> None:
            while True:
                async with Stranger.at(server) as stranger:
                    opens_a_stream(stranger)
                    await stranger.read_on()

        openers = [asyncio.create_task(open_streams()) for _ in range(2 * HOUSE)]
        for _ in range(10):
            assert (await speak(server, "はい。")).kinds == ANSWERED
        for opener in openers:
            opener.cancel()
        await asyncio.gather(*openers, return_exceptions=True)


async def test_unknown_events_now_and_then_hold_no_door(voice):
    async with running(local(max_clients=HOUSE), voice) as server, strangers(server, HOUSE) as crowd:

        async def chatter(stranger: Stranger) -> None:
            while not stranger.reader.at_eof():
                sends_unknown_events(stranger)
                pings(stranger)
                await asyncio.sleep(0.02)

        talks = [asyncio.create_task(chatter(stranger)) for stranger in crowd]
        for _ in range(20):
            assert (await speak(server, "はい。")).kinds == ANSWERED
        for talk in talks:
            talk.cancel()


async def test_an_unknown_event_is_no_sign_of_life(voice):
    async with running(local(idle_timeout=0.3), voice) as server, Stranger.at(server) as stranger:
        reading = asyncio.create_task(stranger.read_on())
        async with asyncio.timeout(DEADLINE):
            while not reading.done():
                sends_unknown_events(stranger)
                await asyncio.sleep(0.02)
        assert stranger.received == 0


async def test_those_go_first_who_have_asked_for_nothing_and_then_the_longest_silent(voice, monkeypatch):
    monkeypatch.setattr(connection_module, "_TIME_TO_ASK", 0.0)
    async with running(local(max_clients=4), voice) as server, AsyncExitStack() as stack:
        asked, answered, pinging, mute = [await stack.enter_async_context(Stranger.at(server)) for _ in range(4)]
        await eventually(lambda: len(server.connections) == 4, "all are accepted")
        for stranger, request, answer in (
            (asked, describes, b"info"),
            (answered, has_been_answered, b"audio-stop"),
            (pinging, pings, b"pong"),
        ):
            request(stranger)
            await stranger.read_until(answer)
        await eventually(lambda: not any(one.is_answering for one in server.connections), "all is answered")
        names = {"asked": asked, "answered": answered, "pinging": pinging, "mute": mute}
        leave = {name: asyncio.create_task(one.read_on()) for name, one in names.items()}
        order: list[str] = []
        for _ in range(4):
            newcomer = await stack.enter_async_context(connected(server))
            await newcomer.write_event(Synthesize("はい。").event())
            assert (await receive(newcomer, until="audio-stop")).kinds == ANSWERED
            done, _ = await asyncio.wait(leave.values(), timeout=DEADLINE, return_when=asyncio.FIRST_COMPLETED)
            assert done
            order += [name for name in list(leave) if leave[name].done() and leave.pop(name)]
        assert order == ["mute", "pinging", "asked", "answered"]


async def test_who_is_being_answered_keeps_its_place(gated):
    async with running(local(max_clients=2), gated) as server, connected(server) as one, connected(server) as other:
        for client in (one, other):
            await client.write_event(Synthesize("はい。").event())
            assert (await client.read_event()).type == "audio-start"
        for _ in range(5):
            assert [event.data["code"] for event in (await speak(server, "はい。")).events] == ["too-many-clients"]
        gated.gate.set()
        for client in (one, other):
            assert (await receive(client, until="audio-stop")).kinds == ["audio-chunk", "audio-stop"]


async def test_who_still_plays_keeps_its_text_stream(monkeypatch):
    monkeypatch.setattr(connection_module, "_PATIENCE", 0.0)
    async with running(local(max_clients=1), PacedVoice(1000)) as server, Stranger.at(server) as stranger:
        stranger.send("synthesize-start")
        stranger.send("synthesize-chunk", text="あ" * 1000 + "。次")
        await stranger.reader.readuntil(b"audio-chunk")
        (connection,) = server.connections
        await eventually(lambda: connection._response.waits_since is not None, "all of it is sent")
        assert [event.data["code"] for event in (await speak(server, "はい。")).events] == ["too-many-clients"]
        assert server.connections == [connection]


async def test_who_does_not_read_what_it_should_have_played_gives_way(monkeypatch):
    monkeypatch.setattr(connection_module, "_PATIENCE", 0.1)
    # At this rate the buffers of the system hold half a second.
    async with running(local(max_clients=1, rate=192_000), PacedVoice(100)) as server, Stranger.at(server) as stranger:
        stranger.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stranger.writer.transport.pause_reading()
        stranger.send("synthesize", text=ARTICLE * 900)
        await eventually(lambda: bool(server.connections), "it is there")
        (connection,) = server.connections
        await eventually(lambda: connection.claim(time.monotonic()) is not None, "it does not play")
        assert (await speak(server, "はい。")).kinds == ANSWERED


async def test_those_who_are_being_refused_take_no_place(gated, monkeypatch):
    monkeypatch.setattr(connection_module, "_LINGER", 60.0)
    async with running(local(max_clients=1), gated) as server:
        async with connected(server) as speaking:
            await speaking.write_event(Synthesize("はい。").event())
            assert (await speaking.read_event()).type == "audio-start"
            refused = await asyncio.open_connection(*server.endpoints[0])
            assert b"error" in await refused[0].readline()
            gated.gate.set()
            await receive(speaking, until="audio-stop")
        assert (await speak(server, "はい。")).kinds == ANSWERED
        refused[1].transport.abort()


async def test_strangers_fill_no_log(voice, caplog):
    async with running(local(allow=()), voice) as server:
        for _ in range(100):
            async with Stranger.at(server) as stranger:
                await stranger.read_on()
    assert caplog.text.count("not in the networks of --allow") == 10
