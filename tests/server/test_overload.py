"""More clients than the machine can speak to: some are told so at once, and the others hear as much as ever."""

import asyncio
import statistics
import threading
import time
from contextlib import AsyncExitStack

import pytest
from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop

from tests.support import ARTICLE, connected, eventually, local, receive, running, speak, writer_of
from tests.voices import BeepVoice
from wyoming_hayakoe.engine.runtime.heap import give_back, resident_bytes
from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.lane import Lane
from wyoming_hayakoe.server.admission import Admission
from wyoming_hayakoe.voice import WINDOWS, Speech


class SlowVoice(BeepVoice):
    """Takes its time for each window, the later ones thrice as long: so much that a busy machine adds little to it."""

    FIRST = 0.2

    def speak(self, utterance, params, delivery=WINDOWS) -> Speech:
        sound = super().speak(utterance, params, delivery)
        return Speech(self.slowly(sound.windows))

    def slowly(self, windows):
        for number, window in enumerate(windows):
            time.sleep(3 * self.FIRST if number else self.FIRST)  # it computes, say
            yield window


def code_of(answer):
    return next((event.data["code"] for event in answer.events if event.type == "error"), None)


async def first_audio(server, text):
    """Return the code of the error, if there is one, and the seconds until it or the first sound came."""
    started = time.monotonic()
    async with connected(server) as client:
        await client.write_event(Synthesize(text).event())
        while (event := await client.read_event()).type not in {"audio-chunk", "error"}:
            pass
        seconds = time.monotonic() - started
        if event.type == "audio-chunk":
            await receive(client, until="audio-stop")
        return event.data.get("code"), seconds


async def test_those_who_are_let_in_hear_it_within_three_times_the_idle_time():
    text = "あ" * 20
    async with running(local(max_queue=2), SlowVoice(window=250)) as server:
        idle = statistics.median([(await first_audio(server, text))[1] for _ in range(3)])
        end = time.monotonic() + 6
        results = []

        async def insist():
            while time.monotonic() < end:
                results.append(await first_audio(server, text))
                demand = server.lane.demand()
                assert demand.first <= 2
                assert demand.callers <= 2
                await asyncio.sleep(0.1)

        await asyncio.gather(*(insist() for _ in range(12)))
    heard = sorted(seconds for code, seconds in results if code is None)
    refused = sorted(seconds for code, seconds in results if code is not None)
    assert {code for code, _ in results} == {None, "busy"}
    assert len(heard) >= 8
    assert heard[int(0.95 * len(heard))] < 3 * idle
    assert refused[int(0.95 * len(refused))] < 3 * idle


@pytest.fixture
async def full(gated):
    """A server whose lane stands still, with one request that is being spoken and one that waits."""
    async with running(local(max_queue=2), gated) as server, AsyncExitStack() as stack:
        for number in (1, 2):
            client = await stack.enter_async_context(connected(server))
            await client.write_event(Synthesize("はい。").event())
            await eventually(lambda: server.lane.demand().callers == number, "it is on the lane")  # noqa: B023
            if number == 1:
                await eventually(gated.waiting.is_set, "it is being spoken")
        yield server
        gated.gate.set()


@pytest.mark.parametrize("event", [Synthesize("はい。").event(), SynthesizeStart().event()], ids=["plain", "stream"])
async def test_one_too_many_is_told_so_at_once_and_nothing_else(full, event):
    async with connected(full) as client:
        await client.write_event(event)
        answer = await receive(client, until="never")
    assert answer.kinds == ["error"]
    assert code_of(answer) == "busy"


async def test_what_needs_no_computing_is_answered_all_the_same(full):
    async with connected(full) as client:
        await client.write_event(Event("describe"))
        assert (await client.read_event()).type == "info"


async def test_a_stream_whose_text_comes_too_late_is_told_so(gated):
    async with running(local(max_queue=1), gated) as server, connected(server) as stream:
        await stream.write_event(SynthesizeStart().event())
        await receive(stream, until="audio-start")
        async with connected(server) as other:
            await other.write_event(Synthesize("はい。").event())
            await eventually(gated.waiting.is_set, "it is being spoken")
            await stream.write_event(SynthesizeChunk("こんにちは。").event())
            await stream.write_event(SynthesizeStop().event())
            assert code_of(await receive(stream, until="never")) == "busy"
            gated.gate.set()


async def test_there_is_room_again_when_they_have_been_heard(gated):
    async with running(local(max_queue=1), gated) as server:
        async with connected(server) as one:
            await one.write_event(Synthesize("はい。").event())
            await eventually(gated.waiting.is_set, "it is being spoken")
            assert code_of(await speak(server, "はい。")) == "busy"
            gated.gate.set()
            assert (await receive(one, until="audio-stop")).seconds > 0
        assert (await speak(server, "はい。")).seconds > 0


def is_held_back(server, count):
    connections = server.connections
    if len(connections) < count:
        return False
    transport = connections[-1]._writer.transport
    return transport.get_write_buffer_size() > transport.get_write_buffer_limits()[1]


async def test_who_wants_nothing_computed_takes_no_place(voice):
    async with running(local(max_queue=1), voice) as server, AsyncExitStack() as stack:
        for number in range(6):
            client = await stack.enter_async_context(connected(server))
            if number % 2:
                await client.write_event(SynthesizeStart().event())
                await receive(client, until="audio-start")
            else:
                writer_of(client).transport.pause_reading()
                await client.write_event(Synthesize(ARTICLE * 900).event())
                await eventually(lambda: is_held_back(server, number + 1), "its buffers are full")  # noqa: B023
        assert (await speak(server, "はい。")).seconds > 0


@pytest.mark.parametrize(("speed", "room"), [(None, 2), (0.5, 2), (5.0, 5), (5.5, 6)])
async def test_as_many_are_spoken_to_as_the_machine_can_supply(speed, room):
    gate = threading.Event()
    lane = Lane()
    admission = Admission(lane, max_queue=2)
    if speed is not None:
        for _ in range(30):
            admission.learn(sound=speed, computing=1.0)
    callers = []
    try:
        for _ in range(room):
            admission.check()
            callers.append(asyncio.create_task(lane.run(gate.wait)))
            await asyncio.sleep(0)
        with pytest.raises(RequestError, match="answered already"):
            admission.check()
    finally:
        gate.set()
        await asyncio.gather(*callers)
        lane.stop()


@pytest.mark.parametrize(("later", "room"), [(0, 3), (1, 2)])
async def test_a_later_window_that_runs_takes_the_place_of_one_who_waits(later, room):
    gate = threading.Event()
    lane = Lane(has_express=True)
    admission = Admission(lane, max_queue=3)

    def windows():
        gate.wait()
        yield

    async def first():
        async for _ in lane.iterate(windows(), is_first=True):
            pass

    try:
        callers = [asyncio.create_task(lane.run(gate.wait)) for _ in range(later)]
        await eventually(lambda: lane.demand().later == later, "it is being computed")
        for _ in range(room):
            admission.check()
            callers.append(asyncio.create_task(first()))
            await asyncio.sleep(0)
        with pytest.raises(RequestError, match="3 requests to be answered first"):
            admission.check()
    finally:
        gate.set()
        await asyncio.gather(*callers)
        lane.stop()


async def test_the_refused_leave_nothing_behind(full, caplog):
    for number in range(1200):
        if number == 200:
            # In a process that other tests have made large, Python collects its garbage late.
            give_back()
            before = resident_bytes()
        assert code_of(await speak(full, "はい。" * 100)) == "busy"
    await eventually(lambda: len(full.connections) == 2, "only those who wait are left")
    give_back()
    assert resident_bytes() - before < 4 << 20
    assert caplog.text.count("busy") == 1
