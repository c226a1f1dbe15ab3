"""Measure on this machine: a server (start, first audio, fairness, memory), or the text front end."""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wyoming_hayakoe.cli.client import Client
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.text.sentences import split

_GREETING = "こんにちは。"
_ARTICLE = "今日は全国的に晴れて、気温が上がるでしょう。洗濯物はよく乾きますが、風が強いので気をつけてください。" * 4
_START_LIMIT = 30.0
_REPLIES = """リビングの照明をつけて、カーテンを閉めました。現在の室温は23.5℃、湿度は48%です。
明日は全国的に晴れて、気温が上がるでしょう。洗濯が終わりました、取り出してください。
10分のタイマーをセットしました。玄関の鍵が開いたままになっています。会議は午後3時30分からです。
エアコンの設定温度を26度に変更しました。お風呂が沸くまで、あと5分くらいかかります。"""
_FIRST_UTTERANCE = """\
import time
started = time.perf_counter()
from wyoming_hayakoe.text.frontend import japanese
japanese().read("照明をつけました。")
print(time.perf_counter() - started)"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    value: float
    unit: str
    goal: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("what", nargs="?", choices=["server", "text"], default="server", help="what to measure")
    parser.add_argument("--requests", type=int, default=1000, help="requests for the memory figures (default: 1000)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(flags: argparse.Namespace) -> int:
    """Measure and print."""
    figures = _measure_text() if flags.what == "text" else asyncio.run(_measure_server(flags.requests))
    if flags.json:
        print(json.dumps([{field: getattr(f, field) for field in Figure.__slots__} for f in figures], indent=2))
    else:
        for figure in figures:
            print(f"{figure.what:<58} {figure.value:>8.1f} {figure.unit:<3} {figure.goal}")
    return 0


async def _measure_server(requests: int) -> list[Figure]:
    starts = []
    for _ in range(3):
        async with _server() as (uri, _, seconds):
            starts.append(seconds)
    async with _server() as (uri, process, _):
        await _repeat(3, lambda: _first_audio(uri, _GREETING))
        return [
            Figure("start to listening, median of 3", statistics.median(starts), "s", "under 1.5"),
            *await _describe(uri),
            Figure(
                f"first audio of {_GREETING}, median of 21",
                1000 * statistics.median(await _repeat(21, lambda: _first_audio(uri, _GREETING))),
                "ms",
                "under 60",
            ),
            *await _fairness(uri),
            *await _memory(uri, process.pid, requests),
        ]


def _measure_text() -> list[Figure]:
    starts = [float(subprocess.check_output([sys.executable, "-c", _FIRST_UTTERANCE])) for _ in range(3)]
    before = _megabytes(os.getpid())
    from wyoming_hayakoe.text.frontend import japanese  # its memory is measured

    read = japanese().read
    sentences = [sentence for sentence in split(_REPLIES) if sentence.strip()]
    short = [_milliseconds(partial(read, sentence)) for sentence in sentences]
    size = sum(map(len, sentences)) / len(sentences)
    memory = _megabytes(os.getpid())
    return [
        Figure("import to first utterance, median of 3", statistics.median(starts), "s", "under 0.6"),
        Figure(f"a sentence ({size:.0f} characters), median", statistics.median(short), "ms", "under 1"),
        Figure(
            "2,000 characters in one call, median",
            _milliseconds(partial(read, (_REPLIES * 20)[:2000])),
            "ms",
            "under 60",
        ),
        Figure("resident memory of its own", memory["VmRSS"] - before["VmRSS"], "MB", "under 120"),
        Figure("of that anonymous", memory["RssAnon"] - before["RssAnon"], "MB", ""),
    ]


def _milliseconds(work: Callable[[], object], times: int = 21) -> float:
    """Return the median time that ``work`` takes when it is warm."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return 1000 * statistics.median(taken)


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
    texts = [_GREETING, "リビングの照明をつけました。", _ARTICLE[:50]]
    half = 0.0
    for index in range(requests):
        if index == requests // 2:
            half = _megabytes(pid)["RssAnon"]
        await _first_audio(uri, texts[index % len(texts)], to_end=True)
    full = _megabytes(pid)["RssAnon"]
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


def _megabytes(pid: int) -> dict[str, float]:
    """Return the sizes of a process that Linux counts in kilobytes, by their names in /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        raise HayakoeError("memory can be measured on Linux only") from None
    sizes = (line.split() for line in status.splitlines() if line.endswith(" kB"))
    return {name.rstrip(":"): int(kilobytes) / 1024 for name, kilobytes, _ in sizes}
