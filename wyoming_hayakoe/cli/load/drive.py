"""Load generator: sends requests to a server over real sockets, in a closed or an open loop."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from random import Random

from wyoming_hayakoe.audio import SAMPLE_WIDTH
from wyoming_hayakoe.cli.client import AnswerError, Client
from wyoming_hayakoe.cli.load.corpus import REPLIES
from wyoming_hayakoe.errors import counted

# Least seconds before a client whose request failed sends the next; a longer pause of its own stays.
_SECOND_TRY = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one request. Times are seconds since the run began."""

    due: float
    """Time at which it was due: the listener's wait counts from here, even if it was sent late."""

    asked: float
    """Time at which it was sent."""

    first: float | None
    """Time of its first audio; None where none arrived."""

    ended: float
    """Time at which its answer was complete, or failed."""

    speech: float
    """Seconds of speech received."""

    problem: str | None
    """Code of its error; None for an answered request."""

    @property
    def waited(self) -> float:
        """Seconds from the due time to the first audio, or to the error."""
        return (self.ended if self.first is None else self.first) - self.due


class Load:
    """Requests to one server, each over a new connection, as Home Assistant sends them."""

    def __init__(self, uri: str, *, voice: str | None = None, seed: int = 0) -> None:
        """Send requests to the server at ``uri``; the same ``seed`` gives the same texts and pauses."""
        self._uri = uri
        self._voice = voice
        self._seed = seed
        self._began = 0.0
        self.what = ""
        """The last run in words, such as ``2 requests a second for 30 s``."""
        self.outcomes: list[Outcome] = []
        """Outcomes of the last run's requests, in the order in which they ended."""

    async def warm_up(self) -> None:
        """Send one request that is not measured.

        Raises:
            AnswerError: the server does not answer.
        """
        async with Client(self._uri) as client, aclosing(client.speak(REPLIES[0], self._voice)) as chunks:
            async for _ in chunks:
                pass

    async def closed(self, clients: int, think: float, duration: float) -> None:
        """Run ``clients`` for ``duration`` seconds; each pauses after an answer, ``think`` seconds in the mean.

        Slow answers lower the rate of requests, as with people who wait for theirs.
        """
        self._begin(f"{counted(clients, 'client')} for {duration:g} s, {think:g} s of pause")
        async with asyncio.TaskGroup() as tasks:
            for number in range(clients):
                tasks.create_task(self._converse(self._random(number), think, duration))

    async def open(self, rate: float, duration: float) -> None:
        """Send ``rate`` requests a second in the mean, by a Poisson process, for ``duration`` seconds.

        No request waits for an earlier answer, and each is timed from its due time: a server that stalls still receives
        requests, and their waits are counted (no coordinated omission).
        """
        times, texts = self._random(0), self._random(1)
        self._begin(f"{rate:.3g} requests a second for {duration:.4g} s")
        async with asyncio.TaskGroup() as tasks:
            for due in poisson(times, rate, duration):
                await asyncio.sleep(due - self._now())
                tasks.create_task(self._ask(texts.choice(REPLIES), due))

    async def _converse(self, random: Random, think: float, duration: float) -> None:
        # A pause comes first, so that the clients do not all start together.
        pause = _exponential(random, think)
        while self._now() + pause < duration:
            await asyncio.sleep(pause)
            outcome = await self._ask(random.choice(REPLIES), self._now())
            pause = _exponential(random, think)
            if outcome.problem:
                pause = max(pause, _SECOND_TRY)

    async def _ask(self, text: str, due: float) -> Outcome:
        asked = self._now()
        first: float | None = None
        problem: str | None = None
        speech = 0.0
        try:
            async with Client(self._uri) as client, aclosing(client.speak(text, self._voice)) as chunks:
                async for chunk in chunks:
                    first = first or self._now()
                    speech += len(chunk.pcm) / SAMPLE_WIDTH / chunk.rate
        except AnswerError as error:
            problem = error.code
        if first is None:
            problem = problem or "no-audio"
        outcome = Outcome(due, asked, first, self._now(), speech, problem)
        self.outcomes.append(outcome)
        return outcome

    def _random(self, number: int) -> Random:
        return Random(f"{self._seed} {number}")  # noqa: S311 - to be repeated, not to be secret

    def _begin(self, what: str) -> None:
        self.what = what
        self.outcomes.clear()
        self._began = asyncio.get_running_loop().time()

    def _now(self) -> float:
        return asyncio.get_running_loop().time() - self._began


def poisson(random: Random, rate: float, duration: float) -> Iterator[float]:
    """Yield the times under ``duration`` of a Poisson process of ``rate`` events a second."""
    times = itertools.accumulate(random.expovariate(rate) for _ in itertools.count())
    return itertools.takewhile(lambda time: time < duration, times)


def _exponential(random: Random, mean: float) -> float:
    """Return a pause from the exponential distribution, which is memoryless: clients do not synchronise."""
    return random.expovariate(1 / mean) if mean else 0.0
