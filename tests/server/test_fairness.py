"""Who computes when; what leaving, reading slowly and crowding do."""

import asyncio
import socket
import struct
import time
from ipaddress import ip_network

import pytest
from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart

from tests.support import ARTICLE, CountingVoice, connected, eventually, local, receive, running, speak, writer_of

WINDOWS_OF_ARTICLE = 5


@pytest.fixture
def counting():
    counting = CountingVoice()
    counting.prepare()
    counting.windows = 0
    return counting


async def idle(server):
    """Wait until the lane has done all that was queued before."""
    await server.lane.run(lambda: None)


@pytest.mark.parametrize("abortive", [False, True], ids=["close", "reset"])
async def test_what_a_client_asked_for_stops_when_it_leaves(counting, abortive):
    async with running(voice=counting) as server:
        async with connected(server) as client:
            await client.write_event(Synthesize(ARTICLE * 100).event())
            await receive(client, until="audio-chunk")
            if abortive:
                writer_of(client).transport.abort()
        await eventually(lambda: not server.connections, "the connection is gone")
        await idle(server)
        computed = counting.windows
        assert computed < 20
        await idle(server)
        assert counting.windows == computed


async def test_leaving_in_the_middle_of_a_text_stream_stops_it(counting):
    async with running(voice=counting) as server:
        async with connected(server) as client:
            await client.write_event(SynthesizeStart().event())
            await client.write_event(SynthesizeChunk(ARTICLE * 50).event())
            await receive(client, until="audio-chunk")
        await eventually(lambda: not server.connections, "the connection is gone")
        await idle(server)
        assert counting.windows < 20


async def test_a_client_that_leaves_frees_the_lane_for_those_who_wait(counting):
    async with running(voice=counting) as server:
        async with connected(server) as leaving, connected(server) as staying:
            await leaving.write_event(Synthesize(ARTICLE * 100).event())
            await receive(leaving, until="audio-chunk")
            await staying.write_event(Synthesize("はい。").event())
            writer_of(leaving).transport.abort()
            assert (await receive(staying, until="audio-stop")).seconds > 0
        assert counting.windows < 20


async def test_a_client_that_does_not_read_is_held_back(counting):
    async with running(voice=counting) as server, connected(server) as client:
        writer_of(client).get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        writer_of(client).transport.pause_reading()
        await client.write_event(Synthesize(ARTICLE * 900).event())
        (connection,) = await connections(server)
        transport = connection._writer.transport
        high = transport.get_write_buffer_limits()[1]
        await eventually(lambda: transport.get_write_buffer_size() > high, "the write buffer is full")
        await idle(server)
        computed = counting.windows
        assert transport.get_write_buffer_size() < high + 4096
        # Others are served, and nothing more is computed for the one that does not read.
        assert (await speak(server, "はい。")).seconds > 0
        await idle(server)
        assert counting.windows == computed + 1
        # It reads on, and gets on.
        writer_of(client).transport.resume_reading()
        for _ in range(60):
            assert (await client.read_event()).type in {"audio-start", "audio-chunk"}
        writer_of(client).transport.abort()


async def connections(server):
    await eventually(lambda: bool(server.connections), "a connection")
    return server.connections


async def test_a_client_that_takes_nothing_is_dropped(counting):
    async with running(local(stall_timeout=0.2), counting) as server:
        async with connected(server) as client:
            writer_of(client).get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            writer_of(client).transport.pause_reading()
            await client.write_event(Synthesize(ARTICLE * 900).event())
            await connections(server)
            await eventually(lambda: not server.connections, "the client is dropped")
            writer_of(client).transport.abort()
        await idle(server)
        assert counting.windows < 60


async def test_a_client_that_asks_and_never_reads_is_held_back_too(voice):
    async with running(local(stall_timeout=0.5), voice) as server:
        _, writer = await asyncio.open_connection(*server.endpoints[0])
        writer.transport.pause_reading()
        (connection,) = await connections(server)

        async def ask():
            while True:
                writer.write(b'{"type":"describe"}\n' * 100)
                await writer.drain()
                assert connection._writer.transport.get_write_buffer_size() < 1 << 20

        with pytest.raises((ConnectionError, TimeoutError)):
            await asyncio.wait_for(ask(), 20)
        writer.transport.abort()
        await eventually(lambda: not server.connections, "the client is dropped")


async def test_an_idle_client_is_shown_out_and_a_busy_one_is_not(voice):
    async with running(local(idle_timeout=0.3), voice) as server:
        async with connected(server) as client:
            started = time.monotonic()
            assert await client.read_event() is None
            assert time.monotonic() - started >= 0.25
        async with connected(server) as client:
            # Its answer takes far longer than the idle timeout.
            await client.write_event(Synthesize(ARTICLE * 12).event())
            assert (await receive(client, until="audio-stop")).kinds[-1] == "audio-stop"


async def test_a_text_stream_that_is_left_open_ends(voice):
    async with running(local(idle_timeout=0.3), voice) as server, connected(server) as client:
        await client.write_event(SynthesizeStart().event())
        await client.write_event(SynthesizeChunk("はい。それで").event())
        answer = await receive(client, until="never")
    assert answer.kinds == ["audio-start", "audio-chunk", "error"]
    assert answer.events[-1].data["code"] == "timeout"


async def test_half_an_event_counts_as_idle(voice):
    async with running(local(idle_timeout=0.3), voice) as server, connected(server) as client:
        writer_of(client).write(b'{"type":"describe","data_length":100}\n{')
        assert await client.read_event() is None


async def test_two_hundred_clients_that_vanish_leave_nothing(counting):
    async with running(local(max_clients=400), counting) as server:
        event = b'{"type":"synthesize","data":{"text":"' + (ARTICLE * 20).encode() + b'"}}\n'
        for index in range(200):
            with socket.create_connection(server.endpoints[0]) as client:
                if index % 4 != 3:
                    client.sendall(event if index % 2 else event[: index * 7])
                if index % 3 == 0:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if index % 10 == 0:
                await asyncio.sleep(0)
        await eventually(lambda: not server.connections, "all are gone")
        await idle(server)
        assert counting.windows < 50
        assert (await speak(server, "はい。")).seconds > 0


async def test_sixteen_clients_at_once_are_all_served_in_turn(voice):
    async with running(local(), voice) as server:

        async def first_audio():
            async with connected(server) as client:
                started = time.monotonic()
                await client.write_event(Synthesize(ARTICLE).event())
                await receive(client, until="audio-chunk")
                first = time.monotonic() - started
                await receive(client, until="audio-stop")
                return first, time.monotonic() - started

        results = await asyncio.gather(*(first_audio() for _ in range(16)))
    # First windows come before second ones, so everybody hears something before anybody's text is finished.
    assert max(first for first, _ in results) < min(total for _, total in results)


async def test_only_allowed_networks_may_connect(voice):
    async with running(local(allow=(ip_network("127.0.0.2/32"),)), voice) as server:
        _, port = server.endpoints[0]
        for source, served in (("127.0.0.2", True), ("127.0.0.1", False)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
            writer.write(b'{"type":"ping"}\n')
            try:
                answer = await reader.readline()
            except ConnectionError:
                answer = b""
            assert bool(answer) is served
            writer.transport.abort()


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("192.168.1.20", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("172.32.0.1", False),
        ("100.64.0.1", True),
        ("100.128.0.1", False),
        ("169.254.1.1", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("::ffff:192.168.1.20", True),
        ("::ffff:8.8.8.8", False),
        ("8.8.8.8", False),
        ("2001:db8::1", False),
    ],
)
def test_by_default_private_networks_are_allowed(host, allowed):
    assert local().allows(host) is allowed


async def test_payloads_are_skipped_not_stored(voice):
    async with running(voice=voice) as server, connected(server) as client:
        size = 32 * 1024 * 1024
        writer_of(client).write(b'{"type":"audio-chunk","payload_length":%d}\n' % size)
        (connection,) = await connections(server)
        for _ in range(size // (1 << 20)):
            writer_of(client).write(bytes(1 << 20))
            await writer_of(client).drain()
            assert len(connection._reader._buffer) <= 4 * 64 * 1024
        await client.write_event(Event("ping"))
        assert (await client.read_event()).type == "pong"
