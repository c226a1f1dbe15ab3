"""Ill-behaved clients of a server, as a program of their own: they must not take their time from who measures.

``python -m tests.hostile.clients CLIENTS PORT METRICS_PORT DATA_DIR`` runs those that it names, separated by commas,
and so many of them as ``NAME=COUNT`` says, until its standard input ends. It prints a line when it begins, and at its
end as JSON how many rounds each has begun.
"""

import asyncio
import itertools
import json
import os
import random
import socket
import struct
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.hostile import vandals
from tests.hostile.events import DEEP, ENCODINGS, LONG_TEXT, NUMBERS, SECRET, SSML, UNREAD_TEXT, event, synthesize

# Seconds for which a client that holds on to its connection does so.
_HOLD = 10.0
_VOICES = ("mei", "rand-jp")


@dataclass(frozen=True)
class Target:
    """The server that is attacked."""

    port: int
    metrics_port: int
    data_dir: Path


@dataclass(frozen=True)
class Client:
    """What it does in one round, how many of them do so at once, and the seconds that each rests between two rounds."""

    attack: Callable[[Target, int], Awaitable[None]]
    count: int
    rest: float


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(port: int, *, buffer: int | None = None) -> AsyncIterator[Streams]:
    """Connect, with a receive buffer of ``buffer`` bytes; what holds on is let go after a while."""
    client = socket.socket()
    client.setblocking(False)
    if buffer is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=client, limit=1 << 21)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_HOLD):
                yield reader, writer
    finally:
        writer.transport.abort()


async def send(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send what the server may not want any more."""
    writer.write(data)
    await writer.drain()


async def say(port: int, *events: bytes, reads: bool = True) -> None:
    """Send events and read to the end of the answer to them, or hold on without reading."""
    async with connected(port, buffer=None if reads else 4096) as (reader, writer):
        if not reads:
            writer.transport.pause_reading()
        for each in events:
            await send(writer, each)
        if reads:
            writer.write_eof()
            while await reader.read(1 << 16):
                pass
        else:
            await asyncio.sleep(_HOLD)


# -- what they ask, and do not read --


async def asks_and_reads_nothing(target: Target, turn: int) -> None:
    await say(target.port, *[synthesize(UNREAD_TEXT, voice="mei")] * 34, reads=False)


async def describes_and_reads_nothing(target: Target, turn: int) -> None:
    await say(target.port, *[event("describe") * 100] * 200, reads=False)


async def reads_fast(target: Target, turn: int) -> None:
    async with connected(target.port) as (reader, writer):
        writer.write(synthesize(LONG_TEXT, voice=_VOICES[turn % 2]))
        while await reader.read(1 << 16):  # noqa: ASYNC110 - slowly enough to leave the machine to the server
            await asyncio.sleep(0.02)


async def streams_without_end(target: Target, turn: int) -> None:
    async with connected(target.port) as (reader, writer):
        writer.write(event("synthesize-start", {"voice": {"name": _VOICES[turn % 2]}}))
        while not reader.at_eof():
            await send(writer, event("synthesize-chunk", {"text": f"{SECRET}、それから、"}))
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    while await reader.read(1 << 16):
                        pass


async def floods_with_describes(target: Target, turn: int) -> None:
    await say(target.port, event("describe") * 50)


# -- what they send --


async def sends_byte_by_byte(target: Target, turn: int) -> None:
    async with connected(target.port) as (_, writer):
        for byte in synthesize(SECRET):
            await send(writer, bytes([byte]))
            await asyncio.sleep(0.03)


async def sends_half_a_header(target: Target, turn: int) -> None:
    async with connected(target.port) as (reader, writer):
        writer.write(b'{"type": "synth')
        await reader.read()


async def pings_with_a_megabyte(target: Target, turn: int) -> None:
    await say(target.port, event("ping", {"text": "p" * ((1 << 20) - 100)}))


async def sends_bad_ssml(target: Target, turn: int) -> None:
    await say(target.port, SSML[turn % len(SSML)])


async def sends_deep_json(target: Target, turn: int) -> None:
    await say(target.port, DEEP[turn % len(DEEP)])


async def sends_odd_numbers(target: Target, turn: int) -> None:
    await say(target.port, NUMBERS[turn % len(NUMBERS)])


async def sends_no_text(target: Target, turn: int) -> None:
    await say(target.port, ENCODINGS[turn % len(ENCODINGS)])


async def declares_a_huge_payload(target: Target, turn: int) -> None:
    async with connected(target.port) as (reader, writer):
        writer.write(event("ping", payload_length=1 << 62) + b"\0" * (1 << 20))
        await reader.read()


async def keeps_back_its_data(target: Target, turn: int) -> None:
    async with connected(target.port) as (reader, writer):
        writer.write(event("synthesize", data_length=1 << 20) + b" " * ((1 << 20) - 1))
        await reader.read()


# -- how they come and go --


async def is_idle(target: Target, turn: int) -> None:
    async with connected(target.port) as (reader, _):
        await reader.read()


async def sends_unknown_events(target: Target, turn: int) -> None:
    async with connected(target.port) as (_, writer):
        while True:
            await send(writer, event("transcribe", {"name": SECRET}))
            await asyncio.sleep(1)


async def connects_and_resets(target: Target, turn: int) -> None:
    async with connected(target.port) as (_, writer):
        if turn % 2:
            writer.write(synthesize(SECRET) * 4)
            await asyncio.sleep(0.01)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def leaves_in_the_middle(target: Target, turn: int) -> None:
    async with connected(target.port) as (reader, writer):
        writer.write(synthesize(LONG_TEXT, voice=_VOICES[turn % 2]) * 3)
        await reader.readuntil(b"audio-chunk")


async def says_nothing_to_the_metrics(target: Target, turn: int) -> None:
    """Come in a crowd, so that the server drops some before it has begun with them."""
    await asyncio.gather(*(_is_silent(target.metrics_port) for _ in range(48)))


async def _is_silent(port: int) -> None:
    with suppress(OSError):
        async with connected(port) as (reader, _):
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await reader.read()


async def asks_the_metrics_slowly(target: Target, turn: int) -> None:
    async with connected(target.metrics_port) as (_, writer):
        for byte in b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 9000:
            await send(writer, bytes([byte]))
            await asyncio.sleep(0.05)


async def rewrites_the_words(target: Target, turn: int) -> None:
    await asyncio.to_thread(vandals.write_words, target.data_dir, turn)


async def drops_hostile_folders(target: Target, turn: int) -> None:
    await asyncio.to_thread(vandals.swap_folders, target.data_dir, turn)


CLIENTS = {
    client.attack.__name__: client
    for client in (
        Client(asks_and_reads_nothing, 2, 1),
        Client(describes_and_reads_nothing, 1, 1),
        Client(reads_fast, 16, 1),
        Client(streams_without_end, 3, 1),
        Client(floods_with_describes, 1, 0.5),
        Client(sends_byte_by_byte, 2, 1),
        Client(sends_half_a_header, 4, 1),
        Client(pings_with_a_megabyte, 1, 0.5),
        Client(sends_bad_ssml, 1, 0.5),
        Client(sends_deep_json, 1, 0.5),
        Client(sends_odd_numbers, 1, 0.5),
        Client(sends_no_text, 1, 0.5),
        Client(declares_a_huge_payload, 1, 1),
        Client(keeps_back_its_data, 1, 1),
        Client(is_idle, 40, 1),
        Client(sends_unknown_events, 16, 1),
        Client(connects_and_resets, 1, 0.1),
        Client(leaves_in_the_middle, 1, 1),
        Client(says_nothing_to_the_metrics, 1, 0.5),
        Client(asks_the_metrics_slowly, 2, 1),
        Client(rewrites_the_words, 1, 1.5),
        Client(drops_hostile_folders, 1, 1.5),
    )
}


def counts(clients: str) -> dict[str, int]:
    """Return how many of each client ``NAME,NAME=COUNT`` asks for."""
    parts = (client.partition("=") for client in clients.split(","))
    return {name: int(count or CLIENTS[name].count) for name, _, count in parts}


async def attack(target: Target, clients: dict[str, int], until: Awaitable[object]) -> Counter[str]:
    """Run so many of each client until ``until`` is done, and return the rounds that each has begun.

    A fault of their own ends all of them.
    """
    rounds: Counter[str] = Counter()

    async def repeat(name: str, client: Client) -> None:
        await asyncio.sleep(random.uniform(0, 1.5))
        for turn in itertools.count():
            rounds[name] += 1
            # The server is right to refuse them and to hang up.
            with suppress(OSError, EOFError):
                await client.attack(target, turn)
            await asyncio.sleep(client.rest)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(repeat(name, CLIENTS[name])) for name, count in clients.items() for _ in range(count)
        ]
        await until
        for task in tasks:
            task.cancel()
    return rounds


async def _main(clients: str, port: str, metrics_port: str, data_dir: str) -> None:
    target = Target(int(port), int(metrics_port), Path(data_dir))
    print("attacking", flush=True)
    print(json.dumps(await attack(target, counts(clients), asyncio.to_thread(sys.stdin.read))))


if __name__ == "__main__":
    os.nice(10)
    asyncio.run(_main(*sys.argv[1:]))
