"""A client such as Home Assistant: connects for each sentence, and measures what it gets."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

from wyoming.audio import AudioChunk
from wyoming.client import AsyncClient
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeVoice

from tests.hostile.events import SECRET
from tests.support import Answer

VOICES = ("mei", "rand-jp")
_SENTENCE = f"{SECRET}はいかがですか。"
# Seconds after which an answer counts as none.
_PATIENCE = 30.0


@dataclass(frozen=True)
class Heard:
    """One exchange: what was asked at what time, and what came."""

    asked: float
    what: str
    """The voice, or describe."""
    problem: str
    """Why the answer is not complete; empty where it is."""
    first: float
    """Seconds from connecting to the first audio, or to the info event."""
    waited: float
    """Seconds of silence after that: who plays the audio as it comes has played all that is here."""


async def ask(port: int, voice: str) -> Heard:
    """Have a sentence spoken over a connection of its own."""

    async def exchange(client: AsyncClient) -> tuple[str, float, float]:
        answer, first, played, waited = Answer(), 0.0, 0.0, 0.0
        await client.write_event(Synthesize(_SENTENCE, voice=SynthesizeVoice(name=voice)).event())
        while (event := await client.read_event()) is not None:
            now = time.monotonic()
            first = first or (now if event.type == "audio-chunk" else 0.0)
            if first:
                waited += max(0.0, now - max(first, played))
                played = max(first, played, now)
            if event.type == "audio-chunk":
                played += AudioChunk.from_event(event).seconds
            answer.events.append(event)
            if event.type in {"audio-stop", "error"}:
                break
        if answer.kinds[-1:] == ["error"]:
            return f"error {answer.events[-1].data}", first, waited
        is_whole = answer.kinds == ["audio-start", "audio-chunk", "audio-stop"] and answer.seconds > 0.5
        return "" if is_whole else f"an incomplete answer: {answer.kinds}", first, waited

    return await _measured(port, voice, exchange)


async def describe(port: int) -> Heard:
    """Ask what is offered over a connection of its own."""

    async def exchange(client: AsyncClient) -> tuple[str, float, float]:
        await client.write_event(Describe().event())
        event = await client.read_event()
        return "" if event is not None and event.type == "info" else f"{event} instead of info", time.monotonic(), 0.0

    return await _measured(port, "describe", exchange)


async def offered(port: int) -> set[str]:
    """Return the names of the voices that are offered now."""
    async with AsyncClient.from_uri(f"tcp://127.0.0.1:{port}") as client:
        await client.write_event(Describe().event())
        event = await client.read_event()
    assert event is not None
    return {voice.name for program in Info.from_event(event).tts for voice in program.voices}


async def ask_each(port: int, *, times: int, pause: float) -> list[Heard]:
    """Return what is got for ``times`` sentences of each voice and as many descriptions, ``pause`` seconds apart."""
    return await ask_until(port, lambda count: count >= times * len(VOICES), pause=pause)


async def ask_until(port: int, is_over: Callable[[int], bool], *, pause: float) -> list[Heard]:
    """Ask each voice in turn, with a description before each, until ``is_over`` of the count of sentences."""
    heard: list[Heard] = []
    for count, voice in enumerate(cycle(VOICES)):
        if is_over(count):
            return heard
        heard += [await describe(port), await ask(port, voice)]
        await asyncio.sleep(pause)
    raise AssertionError


def firsts(heard: Sequence[Heard], what: str) -> list[float]:
    """Return the sorted seconds to the first audio of all complete answers of a kind."""
    return sorted(each.first for each in heard if each.what == what and not each.problem)


async def _measured(
    port: int, what: str, exchange: Callable[[AsyncClient], Awaitable[tuple[str, float, float]]]
) -> Heard:
    began = first = time.monotonic()
    waited = 0.0
    try:
        async with asyncio.timeout(_PATIENCE), AsyncClient.from_uri(f"tcp://127.0.0.1:{port}") as client:
            problem, first, waited = await exchange(client)
    except TimeoutError:
        problem = f"no answer within {_PATIENCE:g} s"
    except (OSError, ValueError) as error:
        problem = f"the connection failed: {error!r}"
    return Heard(began, what, problem, first - began, waited)
