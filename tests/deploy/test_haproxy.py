"""Many replicas behind the real HAProxy, with the very file of deploy/ but for its addresses."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from wyoming.client import AsyncClient
from wyoming.tts import Synthesize

from tests.deploy.balancer import BOARDS, CONFIG, Fleet, fleet
from tests.deploy.needs import need
from tests.support import ARTICLE, DEADLINE, eventually, receive
from wyoming_hayakoe.cli.client import Client
from wyoming_hayakoe.cli.load.drive import Load, Outcome

CLIENTS = 4


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with fleet(tmp_path_factory.mktemp("fleet")) as running:
        yield running


@pytest.fixture
async def replicas(running) -> Fleet:
    """The fleet, whole again whatever the test before did to it."""
    await running.make_whole()
    return running


@asynccontextmanager
async def under_load(uri: str) -> AsyncIterator[list[Outcome]]:
    """Have clients ask without a pause; the outcomes are whole at the end."""
    outcomes: list[Outcome] = []
    over = asyncio.Event()

    async def ask_on() -> None:
        for seed in iter(int, 1):
            load = Load(uri, seed=seed)
            await load.closed(CLIENTS, 0, 1)
            outcomes.extend(load.outcomes)
            if over.is_set():
                return

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ask_on())
        await eventually(lambda: bool(outcomes), "some are answered")
        yield outcomes
        over.set()


def lost(outcomes: list[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.problem]


def test_the_file_as_it_is_delivered_is_valid():
    need("haproxy")
    checked = subprocess.run(["haproxy", "-c", "-f", str(CONFIG)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr


async def test_describe_and_speech_pass_through(replicas):
    async with Client(replicas.balancer.uri) as client:
        info = await client.describe()
    load = Load(replicas.balancer.uri)
    await load.closed(1, 0, 0.5)
    assert info.tts[0].voices
    assert load.outcomes
    assert not lost(load.outcomes)


async def test_who_connects_and_says_nothing_takes_no_replica(replicas):
    balancer = replicas.balancer
    async with AsyncClient.from_uri(balancer.uri, read_timeout=DEADLINE) as client:
        await eventually(lambda: balancer.status("FRONTEND")["scur"] == "1", "it is connected")
        assert balancer.status("BACKEND")["scur"] == "0"
        await client.write_event(Synthesize("こんにちは。").event())
        assert (await receive(client, until="audio-stop")).chunks


async def test_a_rolling_restart_under_load_loses_no_request(replicas):
    async with under_load(replicas.balancer.uri) as outcomes:
        for name in BOARDS:
            await replicas.restart(name)
            await replicas.balancer.until(name, "UP")
    assert not lost(outcomes)
    assert len(outcomes) > len(BOARDS)


async def test_a_kill_loses_only_what_the_replica_was_speaking(replicas):
    balancer, loop = replicas.balancer, asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        # A listener on each replica, who takes his first sound and then no more: his answer cannot end by itself.
        listeners = []
        for _ in BOARDS:
            listener = await stack.enter_async_context(AsyncClient.from_uri(balancer.uri, read_timeout=DEADLINE))
            await listener.write_event(Synthesize(ARTICLE * 400).event())
            await receive(listener, until="audio-chunk")
            listeners.append(listener)
        assert [balancer.status(name)["scur"] for name in BOARDS] == ["1", "1", "1"]

        load = Load(balancer.uri)
        asking = asyncio.create_task(load.closed(CLIENTS, 0, 5))
        await eventually(lambda: int(balancer.status("board2")["scur"]) > 1, "board2 speaks")
        speaking = int(balancer.status("board2")["scur"])
        replicas.kill("board2")
        killed = loop.time() - load._began
        await balancer.until("board2", "DOWN")
        await asking
        cut = [await is_cut(listener) for listener in listeners]

    assert sum(cut) == 1
    assert len(lost(load.outcomes)) <= speaking + 1
    assert all(outcome.asked <= killed for outcome in lost(load.outcomes))
    assert any(outcome.asked > killed for outcome in load.outcomes)


async def is_cut(listener: AsyncClient) -> bool:
    """Listen on, and tell whether the answer breaks off; megabytes of it may have been in the buffers of sockets."""
    for _ in range(2000):
        try:
            if await listener.read_event() is None:
                return True
        except (ConnectionError, EOFError):
            return True
    return False


async def test_a_replica_that_hangs_gets_no_more_requests(replicas):
    balancer = replicas.balancer
    hung = replicas.replicas["board3"].process
    os.kill(hung.pid, signal.SIGSTOP)
    try:
        await balancer.until("board3", "DOWN")
        load = Load(balancer.uri)
        await load.closed(CLIENTS, 0, 1)
        assert load.outcomes
        assert not lost(load.outcomes)
    finally:
        os.kill(hung.pid, signal.SIGCONT)
    await balancer.until("board3", "UP")


async def test_a_fourth_replica_takes_a_free_seat_and_leaves_it_without_a_restart(replicas):
    balancer = replicas.balancer
    fourth = replicas.start("fourth")
    worker = balancer.worker
    async with under_load(balancer.uri) as outcomes:
        balancer.ask(
            f"set server replicas/seat1 addr 127.0.0.1 port {fourth.port}; set server replicas/seat1 state ready"
        )
        await balancer.until("seat1", "UP")
        await eventually(lambda: int(balancer.status("seat1")["stot"]) > 3, "it is asked")
        balancer.ask("set server replicas/seat1 state drain")
        await eventually(lambda: balancer.status("seat1")["scur"] == "0", "it is asked no more")
        await replicas.restart("fourth")
        balancer.ask("set server replicas/seat1 state maint")
    assert not lost(outcomes)
    assert balancer.worker == worker


async def test_a_line_more_and_a_reload_lose_no_request(replicas):
    balancer = replicas.balancer
    fifth = replicas.start("fifth")
    before = balancer.worker
    try:
        async with under_load(balancer.uri) as outcomes:
            balancer.write(fifth=fifth.port)
            balancer.reload()
            await balancer.until("fifth", "UP")
            await eventually(lambda: int(balancer.status("fifth")["stot"]) > 3, "it is asked")
    finally:
        balancer.write()
        balancer.reload()
    assert not lost(outcomes)
    await eventually(lambda: not balancer.status("fifth"), "its line is gone")
    assert balancer.worker != before
    assert balancer.process.poll() is None
