"""Speech for every HTTP route: admission, voices and lane as for Wyoming, and the first window before the status."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request

from wyoming_hayakoe.errors import HayakoeError, RequestError, UsageError
from wyoming_hayakoe.narration import ReadSentence
from wyoming_hayakoe.server.answer import Answer, Playback, described
from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.http.caller import Caller, caller_of
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text.passage import Passage

if TYPE_CHECKING:
    from wyoming_hayakoe.server.metrics import Outcome

_LOGGER = logging.getLogger(__name__)

Item = Passage | ReadSentence


@dataclass(frozen=True, slots=True)
class SpokenPCM:
    """The sound of an answer as it is being computed."""

    rate: int
    """Samples per second of :attr:`pcm`."""

    pcm: AsyncGenerator[bytes, None]
    """Windows of mono 16-bit little-endian PCM, none where there is no sound; closing it cancels the rest."""


async def speak(
    context: Context,
    request: Request,
    speaker: Speaker,
    items: Iterable[Item],
    *,
    rate: int | None = None,
    characters: int = 0,
) -> SpokenPCM:
    """Return the sound of ``items`` once its first window is there, so that a failure is a status.

    The body of the request must have been read. The answer is counted and logged at its end: exhaust or close its PCM.

    Args:
        context: the server's settings, voices and lanes.
        request: whose client gets the sound; the answer is cancelled when it leaves.
        speaker: who speaks.
        items: passages and sentences, taken one by one in a thread as they are needed.
        rate: samples per second; None is the server's, or else the voice's own.
        characters: length of the text, for the log.

    Raises:
        RequestError: ``busy``, or ``synthesis-failed``.
        UsageError: the voice lacks the style.
        ConnectionResetError: the client has left.
    """
    caller = caller_of(request)
    caller.watch()
    answer = Answer(context, speaker, Playback(), rate=rate, is_wanted=lambda: not caller.has_left)
    windows = _accounted(context, caller, speaker, answer, iter(items), characters)
    # A generator that was never asked for anything closes nothing.
    caller.at_end.push_async_callback(windows.aclose)
    first = await caller.unless_left(anext(windows, None))
    return SpokenPCM(answer.rate, _continued(first, windows))


async def _continued(first: bytes | None, windows: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the first window and the others; where not even the first is taken, the request's end closes them."""
    async with aclosing(windows):
        if first is None:
            return
        yield first
        async for pcm in windows:
            yield pcm


async def _accounted(
    context: Context, caller: Caller, speaker: Speaker, answer: Answer, items: Iterator[Item], characters: int
) -> AsyncGenerator[bytes, None]:
    """Yield an answer's windows; count and log it at its end."""
    outcome: Outcome = "abandoned"
    context.http_answers += 1
    try:
        async with aclosing(_spoken(caller, answer, items)) as windows:
            async for pcm in windows:
                yield pcm
                answer.sent(pcm)
        outcome = "answered"
    except RequestError as error:
        outcome = "refused" if error.code == "busy" else "failed"
        raise
    finally:
        context.http_answers -= 1
        timing, voice = answer.timing(), speaker.voice.name
        if context.metrics:
            context.metrics.count_answer(voice, outcome, timing)
        if outcome == "answered":
            _LOGGER.info("%s: %s: %s", caller.peer, voice, described(timing, characters))


async def _spoken(caller: Caller, answer: Answer, items: Iterator[Item]) -> AsyncGenerator[bytes, None]:
    """Yield an answer's windows; every failure but a lost client is an error for the client."""
    try:
        await answer.admit()
        while (item := await asyncio.to_thread(next, items, None)) is not None:
            async with aclosing(answer.windows(item)) as windows:
                async for pcm in windows:
                    if pcm:
                        yield pcm
        if rest := await answer.finish():
            yield rest
    except (RequestError, UsageError, ConnectionError):
        raise
    # The step of the lane that failed keeps the error, whose traceback would hold the step and this answer.
    except HayakoeError as error:
        raise RequestError("synthesis-failed", str(error.with_traceback(None))) from None
    except Exception as error:
        _LOGGER.exception("%s: speaking failed", caller.peer)
        error.with_traceback(None)
        raise RequestError("synthesis-failed", "speaking failed: the server's log says why") from None
