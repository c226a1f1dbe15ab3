"""Asks a server for speech over real sockets, as homes do or as a clock says."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from random import Random

from wyoming_hayakoe.audio import SAMPLE_WIDTH
from wyoming_hayakoe.cli.client import AnswerError, Client
from wyoming_hayakoe.cli.load.corpus import REPLIES

# Seconds after which a client that was turned away asks again, where it would not pause longer anyway.
_SECOND_TRY = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request. Times are seconds since the run began."""

    due: float
    """When it was to be asked: what a listener waits for counts from here, however late the asking."""

    asked: float
    """When it was asked."""

    first: float | None
    """When its first audio came."""

    ended: float
    """When its answer was complete, or failed."""

    speech: float
    """Seconds of speech that came."""

    problem: str | None
    """Why it failed, as a short word; None is answered."""

    @property
    def waited(self) -> float:
        """Seconds that a listener waited for the first sound, or to learn that there is none."""
        return (self.ended if self.first is None else self.first) - self.due


class Load:
    """Requests to one server, each over a connection of its own as Home Assistant makes them."""

    def __init__(self, uri: str, *, voice: str | None = None, seed: int = 0) -> None:
        """Ask the server at ``uri``; the same ``seed`` asks the same texts with the same pauses."""
        self._uri = uri
        self._voice = voice
        self._seed = seed
        self._began = 0.0
        self.outcomes: list[Outcome] = []
        """What became of the requests, in the order in which they ended."""

    async def warm_up(self) -> None:
        """Have a word said that is not measured.

        Raises:
            AnswerError: nobody answers.
        """
        async with Client(self._uri) as client, aclosing(client.speak(REPLIES[0], self._voice)) as chunks:
            async for _ in chunks:
                pass

    async def closed(self, clients: int, think: float, duration: float) -> None:
        """Have ``clients`` ask for ``duration`` seconds; each pauses after an answer, ``think`` seconds in the mean.

        Slow answers so lower the rate of requests, as people do who wait for theirs.
        """
        self._begin()
        async with asyncio.TaskGroup() as tasks:
            for number in range(clients):
                tasks.create_task(self._converse(self._random(number), think, duration))

    async def open(self, rate: float, duration: float) -> None:
        """Ask ``rate`` times a second in the mean, by a Poisson process, for ``duration`` seconds.

        Nothing here waits for an answer, and each is timed from when its request was due: a server that stalls is asked
        all the same, and what everybody then waits is counted.
        """
        times, texts = self._random(0), self._random(1)
        self._begin()
        async with asyncio.TaskGroup() as tasks:
            for due in poisson(times, rate, duration):
                await asyncio.sleep(due - self._now())
                tasks.create_task(self._ask(texts.choice(REPLIES), due))

    async def _converse(self, random: Random, think: float, duration: float) -> None:
        # Whoever starts with a pause does not start together with everybody else.
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

    def _begin(self) -> None:
        self.outcomes.clear()
        self._began = asyncio.get_running_loop().time()

    def _now(self) -> float:
        return asyncio.get_running_loop().time() - self._began


def poisson(random: Random, rate: float, duration: float) -> Iterator[float]:
    """Yield the times under ``duration`` at which something happens ``rate`` times a second in the mean."""
    times = itertools.accumulate(random.expovariate(rate) for _ in itertools.count())
    return itertools.takewhile(lambda time: time < duration, times)


def _exponential(random: Random, mean: float) -> float:
    """Draw a pause that knows nothing of those before it, so that clients do not fall into step."""
    return random.expovariate(1 / mean) if mean else 0.0
