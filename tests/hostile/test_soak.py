"""Good clients beside bad ones: for ten seconds, or for HAYAKOE_SOAK seconds where that is set.

``HAYAKOE_SOAK=900 script/test -n 0 -s tests/hostile/test_soak.py`` is the long form, which prints its figures. With
``HAYAKOE_SOAK_CLIENTS=reads_fast=4,is_idle`` only these attack, four of the first: that shows whose fault a failure is.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

from tests.hostile import vandals
from tests.hostile.clients import CLIENTS, counts
from tests.hostile.events import TRACES
from tests.hostile.honest import VOICES, Heard, ask, ask_each, ask_until, firsts, offered
from tests.hostile.process import MEGABYTE, Sample, Sampler, growth, sample, windows
from tests.support import DEADLINE, TINY_REPO, Program, free_port, program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process takes is read from /proc")

LONG = float(os.environ.get("HAYAKOE_SOAK", "0"))
SECONDS = LONG or 7.0
# In the short form, which runs beside other tests, no more read fast than a busy machine can speak to in real time.
ATTACKERS = os.environ.get("HAYAKOE_SOAK_CLIENTS", ",".join(CLIENTS if LONG else {**CLIENTS, "reads_fast=4": None}))

# An answer's first audio comes within this many times the idle time, and within so many times these seconds at least:
# the machine has other things to do.
SLOWER = 3.0
NOISE = 0.05 if LONG else 0.2
# Seconds of silence before the end of an answer.
SILENCE = 0.3 if LONG else 1.0
# Seconds for a description beside anything else.
DESCRIBE = 0.1
# Seconds until caches and the allocator's arenas have their size, and what that may take: each kind of client fills
# others, of 3 to 20 MB, and the short form does not get to all of them.
WARM_UP = 60.0
WARM = (80 if LONG else 40) * MEGABYTE
# How far memory may be from its middle after that.
FLAT = 2 * MEGABYTE
# The threads of asyncio's executor stay.
EXECUTOR = min(32, (os.cpu_count() or 1) + 4)


@dataclass(frozen=True)
class Attacked:
    """The server, and where the others attack it."""

    program: Program
    metrics_port: int
    data_dir: Path

    def sample(self) -> Sample:
        return sample(self.program.process.pid)

    @contextmanager
    def beset(self) -> Iterator[Counter[str]]:
        """Have the attackers at it, in a process of their own; how many rounds each has begun is known afterwards."""
        where = [str(self.program.port), str(self.metrics_port), str(self.data_dir)]
        command = [sys.executable, "-m", "tests.hostile.clients", ATTACKERS, *where]
        rounds: Counter[str] = Counter()
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as attackers:
            assert attackers.stdout is not None
            attackers.stdout.readline()
            yield rounds
            output, _ = attackers.communicate(timeout=DEADLINE)
        rounds.update(json.loads(output or "{}"))


@pytest.fixture
def attacked(tmp_path: Path) -> Iterator[Attacked]:
    port = free_port()
    voices = ("--voice", "mei", "--voice", f"rand-jp={TINY_REPO.as_uri()}#rand-jp")
    with program(*voices, "--metrics", f"tcp://127.0.0.1:{port}", HAYAKOE_DATA_DIR=str(tmp_path)) as server:
        yield Attacked(server, port, tmp_path)


async def test_honest_clients_notice_nothing_of_the_others(attacked):
    port = attacked.program.port
    vandals.prepare(attacked.data_dir)
    await all_speak(port)
    idle = await ask_each(port, times=20 if LONG else 6, pause=0.05)
    before = attacked.sample()
    with attacked.beset() as rounds, Sampler(attacked.program.process.pid) as sampler:
        end = time.monotonic() + SECONDS
        beside = await ask_until(port, lambda _: time.monotonic() > end, pause=1.0 if LONG else 0.2)
    problems = [
        *(f"{name} never attacked" for name in counts(ATTACKERS) if not rounds[name]),
        *service_problems(idle, beside),
        *memory_problems(before, sampler.samples),
        *await remaining_problems(attacked, before),
        *await following_problems(attacked),
        *log_problems(attacked.program),
    ]
    print(dict(rounds), figures(idle, beside, before, sampler.samples, attacked.sample()), sep="\n")
    assert not problems, "\n".join(problems)


async def all_speak(port: int) -> None:
    """Wait until every voice is prepared."""
    async with asyncio.timeout(DEADLINE):
        for voice in VOICES:
            while (await ask(port, voice)).problem:  # noqa: ASYNC110 - only asking tells
                await asyncio.sleep(0.05)


def service_problems(idle: Sequence[Heard], beside: Sequence[Heard]) -> Iterator[str]:
    """Yield what honest clients noticed; the long form judges each answer, the short form the middle one."""
    began = beside[0].asked
    failures: dict[tuple[str, str], list[float]] = {}
    for heard in beside:
        if heard.problem:
            failures.setdefault((heard.what, heard.problem), []).append(heard.asked - began)
    for (what, problem), times in failures.items():
        yield f"{what}: {problem}: {len(times)} times, first after {times[0]:.1f} s"
    for voice in VOICES:
        limit = SLOWER * max(NOISE, high(firsts(idle, voice)))
        slow = [seconds for seconds in judged(firsts(beside, voice)) if seconds > limit]
        if slow:
            yield f"{voice}: {len(slow)} answers began after {milliseconds(slow)}, not within {limit:.3f} s"
        waits = sorted(heard.waited for heard in beside if heard.what == voice and not heard.problem)
        if not waits:
            yield f"{voice}: never answered"
        elif max(judged(waits)) > SILENCE:
            yield f"{voice}: silence of {milliseconds(waits)} before the end of its audio, not within {SILENCE:g} s"
    limit = DESCRIBE if LONG else SLOWER * DESCRIBE
    if slow := [seconds for seconds in judged(firsts(beside, "describe")) if seconds > limit]:
        yield f"describe: {len(slow)} answers took {milliseconds(slow)}, not {limit:.3f} s"


def memory_problems(before: Sample, samples: Sequence[Sample]) -> Iterator[str]:
    """Yield how memory grew."""
    most = max(samples, key=lambda each: each.anonymous)
    if most.anonymous - before.anonymous > WARM:
        yield f"memory: {megabytes(before.anonymous)} before, {megabytes(most.anonymous)} at most"
    warm = [each for each in samples if each.time > samples[0].time + WARM_UP]
    if len(warm) > WARM_UP / 2:
        middles = windows(warm, max(2, round(SECONDS / WARM_UP) - 1))
        if max(middles) - min(middles) > 2 * FLAT or growth(warm) > 2 * FLAT:
            yield (
                f"memory after {WARM_UP:g} s: {', '.join(map(megabytes, middles))} in the middle of each minute, "
                f"fitted growth {megabytes(growth(warm))}"
            )


async def remaining_problems(attacked: Attacked, before: Sample) -> Sequence[str]:
    """Return what is not as it was ``before`` when all have gone: descriptors, threads, and answers."""

    def remaining() -> list[str]:
        now = attacked.sample()
        more = {
            "descriptors": now.descriptors - before.descriptors,
            "threads": now.threads - before.threads - EXECUTOR,
        }
        return [f"{count} {what} more than before when all have gone" for what, count in more.items() if count > 0]

    end = time.monotonic() + (WARM_UP if LONG else 10)
    while (problems := remaining()) and time.monotonic() < end:  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0.1)
    last = await ask_each(attacked.program.port, times=1, pause=0)
    return problems + [f"{heard.what} when all have gone: {heard.problem}" for heard in last if heard.problem]


async def following_problems(attacked: Attacked) -> Sequence[str]:
    """Return whether the folder of voices is no longer followed."""
    vandals.add_voice(attacked.data_dir, "newcomer")
    end = time.monotonic() + (WARM_UP if LONG else 20)
    while "newcomer" not in await offered(attacked.program.port):
        if time.monotonic() > end:
            return ["a voice that is copied into the folder of voices is not offered"]
        await asyncio.sleep(0.2)
    return []


def log_problems(program: Program) -> Iterator[str]:
    """Yield what no log may hold."""
    log = "".join(program.log)
    if count := log.count("Traceback"):
        yield f"log: {count} tracebacks, the first: {log[log.index('Traceback') :][:2000]}"
    if count := log.count("internal error"):
        yield f"log: {count} internal errors"
    yield from (f"log: holds what was said: {trace}" for trace in TRACES if trace in log)
    if len(program.log) > (lines := 100 + 50 * SECONDS):
        yield f"log: {len(program.log)} lines, not {lines:g}"


def judged(seconds: Sequence[float]) -> Sequence[float]:
    return seconds if LONG or not seconds else [median(seconds)]


def high(seconds: Sequence[float]) -> float:
    """Return the 95th percentile of sorted ``seconds``."""
    return seconds[int(0.95 * len(seconds))] if seconds else 0.0


def milliseconds(seconds: Sequence[float]) -> str:
    return f"{1000 * median(seconds):.0f} ms (at most {1000 * max(seconds):.0f})"


def megabytes(size: float) -> str:
    return f"{size / MEGABYTE:.1f} MB"


def figures(
    idle: Sequence[Heard], beside: Sequence[Heard], before: Sample, samples: Sequence[Sample], after: Sample
) -> str:
    """Return the measured figures, for people."""

    def figure(each: Sample) -> str:
        return f"{megabytes(each.anonymous)}, {each.descriptors} descriptors, {each.threads} threads"

    lines = []
    for what in (*VOICES, "describe"):
        alone, beside_them = firsts(idle, what), firsts(beside, what) or [0]
        lines.append(f"{what}: idle {milliseconds(alone)}, beside the others {milliseconds(beside_them)}")
    lines += [f"before: {figure(before)}", f"after: {figure(after)}"]
    every = max(1, len(samples) // 15)
    return "\n".join([*lines, *(f"{each.time - samples[0].time:4.0f} s: {figure(each)}" for each in samples[::every])])
