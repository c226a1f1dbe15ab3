"""Bringing one voice: fetching it, compiling it for this machine, and loading it, as a job that reports by events."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from wyoming_hayakoe.errors import HayakoeError, in_brief
from wyoming_hayakoe.server.background import in_daemon_thread
from wyoming_hayakoe.server.compiling import compile_in_child
from wyoming_hayakoe.server.default_voice import keeps_up, pace_of
from wyoming_hayakoe.server.turns import Turns
from wyoming_hayakoe.sources.location import DEFAULT
from wyoming_hayakoe.sources.source import Progress, Transfer
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.tts import TTS
from wyoming_hayakoe.voice_store import BUILT_INS

_LOGGER = logging.getLogger(__name__)

FIRST_PAUSE = 15.0
"""Seconds between a failed attempt and the next one; they double with each failure."""

LONGEST_PAUSE = 3600.0
"""The most seconds between two attempts."""

# How long compiling takes as long as no report of this machine says it: a full-size voice on a fast machine.
_COMPILE_SECONDS = 75.0

MakeReady = Callable[[Speaker], Awaitable[None]]
"""Loads a voice."""


@dataclass(eq=False, slots=True)
class Job:
    """One attempt to bring a voice; a later attempt is another object."""

    name: str
    source: str | None
    failures: int = 0
    """Attempts that failed before."""

    problem: str = ""
    """Why the last one failed."""

    activity: str = "is waiting to be fetched"
    """What is happening, for clients."""

    transfer: Transfer | None = None
    """How much of it has been fetched, while it is."""

    compiled_at: float | None = None
    """When compiling should be done, in monotonic seconds; None while it does not run."""

    is_over: bool = False
    """Whether the result is of no use any more."""

    @property
    def pause(self) -> float:
        """Seconds until the attempt."""
        return min(FIRST_PAUSE * 2.0 ** (self.failures - 1), LONGEST_PAUSE) if self.failures else 0.0

    @property
    def origin(self) -> str:
        """Where the voice comes from, whichever it is there; a built-in one waits for no other."""
        return (self.source or (self.name if self.name in BUILT_INS else DEFAULT)).partition("#")[0]

    def after_failure(self, reason: str) -> "Job":
        """Return the attempt that follows this one: networks come back, and files are repaired."""
        return Job(self.name, self.source, self.failures + 1, reason, f"cannot be used ({reason.rstrip('.')})")

    @property
    def status(self) -> str:
        """What keeps the voice from speaking, for clients that want it."""
        return f"{self.name} {self.state}: try again"

    @property
    def state(self) -> str:
        """What is happening now, and how far it is."""
        if self.compiled_at is None:
            return self.activity
        return f"is being prepared (about {max(1, round(self.compiled_at - time.monotonic()))} s)"


@dataclass(frozen=True, slots=True)
class Offer:
    """A voice that can speak."""

    speaker: Speaker

    pace: float | None
    """Seconds of computing for a second of sound; None where that has not been measured."""


@dataclass(frozen=True, slots=True)
class Usable:
    """A voice can be offered."""

    job: Job
    offer: Offer
    is_final: bool
    """Whether the job is done; else the voice speaks in an earlier form, or as it is, until it is compiled."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A voice could not be brought."""

    job: Job
    reason: str


class CompileCommand(Protocol):
    """Makes the command line of the child process that compiles a voice."""

    def __call__(self, name: str, source: str | None, bert_source: str | None) -> list[str]:
        """Return the command line that compiles a voice for this machine, with the BERT of ``bert_source``."""


class Workers:
    """Does jobs, each in a task of its own; changes nothing but the job's activity, and sends events."""

    def __init__(
        self, tts: TTS, progress: Progress, compile_command: CompileCommand, send: Callable[[Usable | Failed], None]
    ) -> None:
        """Do no job yet.

        Args:
            tts: fetches and opens the voices.
            progress: called from threads while voices are fetched.
            compile_command: called for each voice that has to be compiled.
            send: takes the events, in the event loop.
        """
        self._tts = tts
        self._progress = progress
        self._compile_command = compile_command
        self._send = send
        self._tasks: dict[Job, asyncio.Task[None]] = {}
        self._turns = Turns()
        self._compiling = asyncio.Lock()

    def start(self, job: Job, make_ready: MakeReady, is_eager: Callable[[float | None], bool]) -> None:
        """Start a job, unless that has been done.

        Args:
            job: the attempt.
            make_ready: loads the voice before it is offered, where it takes the place of one that is in memory.
            is_eager: returns for the voice's pace whether it is loaded in any case.
        """
        if job not in self._tasks:
            self._tasks[job] = task = asyncio.create_task(self._bring(job, make_ready, is_eager))
            task.add_done_callback(lambda _: self._tasks.pop(job))

    def cancel_outdated(self) -> None:
        """Cancel the jobs that are over."""
        for job, task in self._tasks.items():
            if job.is_over:
                task.cancel()

    async def stop(self) -> None:
        """Cancel all jobs, and wait until their child processes have ended."""
        tasks = dict(self._tasks)
        for job, task in tasks.items():
            job.is_over = True
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def _bring(self, job: Job, make_ready: MakeReady, is_eager: Callable[[float | None], bool]) -> None:
        async def offer(speaker: Speaker, before: Speaker | None, *, is_final: bool) -> None:
            pace = await in_daemon_thread(lambda: pace_of(speaker.voice))
            if is_eager(pace) or (before is not None and before.voice.is_ready):
                await make_ready(speaker)
                # What cannot be loaded keeps up with nothing.
                pace = pace if speaker.voice.is_ready else None
            self._send(Usable(job, Offer(speaker, pace), is_final))

        try:
            before = self._tts.speakers.get(job.name)
            await asyncio.sleep(job.pause)
            async with self._turns.turn(job.origin):
                job.activity = "is being fetched"
                speaker = await in_daemon_thread(lambda: self._tts.open(job.name, lambda it: self._report(job, it)))
            job.transfer = None
            is_final = await in_daemon_thread(lambda: is_compiled(speaker))
            if is_final or await in_daemon_thread(lambda: can_speak(speaker)):
                await offer(speaker, before, is_final=is_final)
            if not is_final:
                await offer(await self._compile(job, speaker), speaker, is_final=True)
        except _OverError:
            pass
        except Exception as error:
            _LOGGER.debug("voice %s: fails", job.name, exc_info=True)
            self._send(Failed(job, reason_of(error)))

    async def _compile(self, job: Job, speaker: Speaker) -> Speaker:
        """Compile a voice, one at a time; return the speaker to offer."""
        job.activity = "is waiting to be prepared"
        async with self._compiling:
            job.compiled_at = time.monotonic() + await in_daemon_thread(self._compile_seconds)
            command = self._compile_command(job.name, job.source, self._tts.store.bert_source)
            reason = await compile_in_child(command)
            job.compiled_at = None
        if await in_daemon_thread(lambda: is_compiled(speaker)):
            return await in_daemon_thread(lambda: self._tts.reopen(job.name))
        # What has not been proved to be harmless is not loaded here.
        await in_daemon_thread(speaker.voice.run_as_it_is)
        _LOGGER.warning("voice %s: runs unprepared, and slower: %s", job.name, reason or "the form was not kept")
        return speaker

    def _compile_seconds(self) -> float:
        """Return how long compiling a voice takes here, by the reports of those that are compiled; reads files."""
        reports = [speaker.voice.report or {} for speaker in self._tts.speakers.values()]
        known = [seconds for report in reports if isinstance(seconds := report.get("seconds"), int | float)]
        return max(known, default=_COMPILE_SECONDS)

    def _report(self, job: Job, transfer: Transfer) -> None:
        if job.is_over:
            raise _OverError
        job.transfer = transfer
        if transfer.total:
            job.activity = f"is being fetched ({100 * transfer.done // transfer.total} %)"
        # Where nobody reads it any more, it is fetched all the same.
        with suppress(OSError, ValueError):
            self._progress(transfer)


class _OverError(Exception):
    """What is being fetched is of no use any more."""


def reason_of(error: Exception) -> str:
    """Return what to log about a voice that failed."""
    if isinstance(error, HayakoeError):
        return str(error)
    return in_brief(error) if isinstance(error, OSError) else f"{type(error).__name__}: {in_brief(error)}"


def is_compiled(speaker: Speaker) -> bool:
    """Whether a voice's form for this machine is here; reads files."""
    return speaker.voice.is_compiled


def offer_at_once(speaker: Speaker, *, is_preferred: bool) -> Offer | None:
    """Return the offer of a voice that can speak before its job has begun; None where it cannot. Reads files.

    The preferred one is to be the default, for which another voice stands in: where loading it for the first time takes
    seconds, it is offered when that is done.
    """
    if not can_speak(speaker):
        return None
    pace = pace_of(speaker.voice)
    return None if is_preferred and keeps_up(pace) and not speaker.voice.has_spoken else Offer(speaker, pace)


def can_speak(speaker: Speaker) -> bool:
    """Whether a voice can be offered at once: it is compiled, or has spoken here before and runs in an earlier form."""
    voice = speaker.voice
    if voice.is_compiled:
        return True
    if voice.has_spoken:
        with suppress(HayakoeError):
            voice.run_as_it_is()
            return True
    return False
