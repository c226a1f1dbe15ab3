"""How a server fares: its start, first audio, fairness and memory."""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

from wyoming_hayakoe.cli.bench.figures import GREETING, Figure, megabytes
from wyoming_hayakoe.cli.client import Client
from wyoming_hayakoe.errors import HayakoeError

_ARTICLE = "今日は全国的に晴れて、気温が上がるでしょう。洗濯物はよく乾きますが、風が強いので気をつけてください。" * 4
_START_LIMIT = 30.0


async def measure(requests: int) -> list[Figure]:
    """Start servers of our own and measure them."""
    starts = []
    for _ in range(3):
        async with _server() as (uri, _, seconds):
            starts.append(seconds)
    async with _server() as (uri, process, _):
        await _repeat(3, lambda: _first_audio(uri, GREETING))
        return [
            Figure("start to listening, median of 3", statistics.median(starts), "s", "under 1.5"),
            *await _describe(uri),
            Figure(
                f"first audio of {GREETING}, median of 21",
                1000 * statistics.median(await _repeat(21, lambda: _first_audio(uri, GREETING))),
                "ms",
                "under 60",
            ),
            *await _fairness(uri),
            *await _memory(uri, process.pid, requests),
        ]


async def _describe(uri: str) -> list[Figure]:
    idle = await _repeat(51, lambda: _time_describe(uri))
    busy: list[float] = []
    talkers = [asyncio.create_task(_first_audio(uri, _ARTICLE, to_end=True)) for _ in range(8)]
    while not all(talker.done() for talker in talkers) and len(busy) < 200:
        busy.append(await _time_describe(uri))
        await asyncio.sleep(0.02)
    await asyncio.gather(*talkers)
    return [
        Figure("describe, idle, median of 51", 1000 * statistics.median(idle), "ms", "under 5"),
        Figure(f"describe, 8 clients speaking, median of {len(busy)}", 1000 * statistics.median(busy), "ms", ""),
        Figure(f"describe, 8 clients speaking, longest of {len(busy)}", 1000 * max(busy), "ms", "under 100"),
    ]


async def _fairness(uri: str) -> list[Figure]:
    times = await asyncio.gather(*(_first_audio(uri, _ARTICLE, to_end=True) for _ in range(16)))
    median = statistics.median(times)
    return [
        Figure("first audio, 16 clients at once, median", 1000 * median, "ms", ""),
        Figure("first audio, 16 clients at once, longest / median", max(times) / median, "", "at most 3"),
    ]


async def _memory(uri: str, pid: int, requests: int) -> list[Figure]:
    texts = [GREETING, "リビングの照明をつけました。", _ARTICLE[:50]]
    half = 0.0
    for index in range(requests):
        if index == requests // 2:
            half = megabytes(pid)["RssAnon"]
        await _first_audio(uri, texts[index % len(texts)], to_end=True)
    full = megabytes(pid)["RssAnon"]
    return [
        Figure(f"anonymous memory after {requests} requests", full, "MB", "under 130"),
        Figure(f"its growth since request {requests // 2}", full - half, "MB", "under 2"),
    ]


async def _time_describe(uri: str) -> float:
    started = time.perf_counter()
    async with Client(uri) as client:
        await client.describe()
    return time.perf_counter() - started


async def _first_audio(uri: str, text: str, *, to_end: bool = False) -> float:
    """Return the seconds from connecting to the first audio chunk."""
    started = time.perf_counter()
    first = None
    async with Client(uri) as client, aclosing(client.speak(text)) as chunks:
        async for _ in chunks:
            first = first or time.perf_counter() - started
            if not to_end:
                break
    if first is None:
        raise HayakoeError(f"the server said nothing for {text!r}")
    return first


async def _repeat(times: int, measure: Callable[[], Awaitable[float]]) -> list[float]:
    return [await measure() for _ in range(times)]


@asynccontextmanager
async def _server() -> AsyncIterator[tuple[str, subprocess.Popen[bytes], float]]:
    """Start a server of our own; yield its URI, its process, and the seconds until it listened."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    uri = f"tcp://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HAYAKOE_")}
    command = [sys.executable, "-m", "wyoming_hayakoe", "--uri", uri, "--no-zeroconf"]
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if process.poll() is not None or time.perf_counter() - started > _START_LIMIT:
                    raise HayakoeError("the server to measure does not start: try it by hand") from None
                await asyncio.sleep(0.005)
        yield uri, process, time.perf_counter() - started
    finally:
        process.terminate()
        process.wait()
