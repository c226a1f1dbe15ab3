"""Brings the voices that are wanted while the server runs: from their sources, and as the user changes his mind."""

import asyncio
import logging
import sys
import threading
import time
from asyncio.subprocess import DEVNULL
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.server.catalogue import Catalogue
from wyoming_hayakoe.server.wanted_voices import Wishes
from wyoming_hayakoe.sources.source import Progress, Transfer
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.tts import BUILT_IN, TTS

_LOGGER = logging.getLogger(__name__)

T = TypeVar("T")

_CHECK_SECONDS = 1.0
_FIRST_PAUSE = 15.0
_LONGEST_PAUSE = 3600.0


class WishList(Protocol):
    """Where the user writes down what he wants."""

    def stamp(self) -> str:
        """Return a text that changes when that may have changed; costs next to nothing."""

    def read(self) -> Wishes:
        """Return what he wants now; a UsageError says what is wrong with it."""

    def prepare_command(self, name: str, source: str | None) -> list[str]:
        """Return the command line that prepares one of his voices for this machine."""


@dataclass(slots=True)
class _Attempt:
    """A voice that has to be fetched."""

    due: float = 0.0
    failures: int = 0
    problem: str = ""


class Supply:
    """Keeps a catalogue true to what is wanted, and to what is here."""

    def __init__(self, tts: TTS, wish_list: WishList, progress: Progress, *, offline: bool = False) -> None:
        """Bring the voices of ``wish_list`` to ``tts``, and tell ``progress`` how far it is; ``offline`` asks nobody.

        Raises:
            UsageError: something is wrong with the list.
        """
        self._tts = tts.load(BUILT_IN)
        self._wish_list = wish_list
        self._progress = progress
        self._offline = offline
        self._stamp = wish_list.stamp()
        self._wishes = wish_list.read()
        self._pending: dict[str, _Attempt] = {}
        self._news = asyncio.Event()
        self._is_over = False
        self._follow(Wishes())
        self.catalogue = self._offer()
        """What can be spoken now."""

    @property
    def default_voice(self) -> str:
        """The voice that is to speak for clients who name none, whether it is here or still to come."""
        return self._wishes.default_voice

    async def run(
        self, publish: Callable[[Catalogue], None], make_ready: Callable[[Speaker], Awaitable[None]], *, preload: bool
    ) -> None:
        """Follow the list and fetch what is missing until cancelled.

        ``publish`` takes every new catalogue. ``make_ready`` loads a voice: the default one before it takes its place,
        with ``preload`` each of them.
        """

        async def arrive(catalogue: Catalogue) -> None:
            known = {speaker.voice for speaker in self.catalogue.speakers}
            for speaker in catalogue.speakers if preload else catalogue.speakers[:1]:
                if speaker.voice not in known:
                    await make_ready(speaker)
            self.catalogue = catalogue
            publish(catalogue)

        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._fetch_all(arrive))
                tasks.create_task(self._watch(arrive))
        finally:
            self._is_over = True

    # -- what is wanted --

    async def _watch(self, arrive: Callable[[Catalogue], Awaitable[None]]) -> None:
        """Follow the list, once it has come to rest: files are copied while one looks."""
        before = self._stamp
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            stamp = await asyncio.to_thread(self._wish_list.stamp)
            if stamp == before != self._stamp:
                self._stamp = stamp
                try:
                    catalogue = await asyncio.to_thread(self._reread)
                except HayakoeError as error:
                    _LOGGER.error("%s; the voices stay as they are", error)  # noqa: TRY400 - told to the user
                else:
                    self._news.set()
                    await arrive(catalogue)
            before = stamp

    def _reread(self) -> Catalogue:
        before, wishes = self._wishes, self._wish_list.read()
        self._wishes = wishes
        self._follow(before)
        try:
            return self._offer()
        except HayakoeError:
            self._wishes = before
            self._follow(wishes)
            raise

    def _follow(self, before: Wishes) -> None:
        """Choose the voices that are wanted; those that are here are open then, the others have to be fetched."""
        for name in before.sources.keys() - self._wishes.sources.keys():
            self._tts.unload(name)
            self._pending.pop(name, None)
        for name, source in self._wishes.sources.items():
            if name not in before.sources or before.sources[name] != source:
                self._pending[name] = _Attempt()
            try:
                self._tts.load(name, source)
            except HayakoeError as error:
                self._tell(name, error)
            else:
                if name in self._tts.speakers and not self._tts.speakers[name].voice.is_compiled:
                    self._pending.setdefault(name, _Attempt())
        if self._offline:
            for name in self._wishes.sources.keys() - self._tts.speakers.keys():
                self._pending.pop(name, None)
            try:
                self._tts.pre_download()
            except HayakoeError as error:
                _LOGGER.error("%s", error)  # noqa: TRY400 - the user's fault, not ours

    # -- what is missing --

    async def _fetch_all(self, arrive: Callable[[Catalogue], Awaitable[None]]) -> None:
        """Fetch one voice after the other, the most wanted first; what fails, again and again, ever less often."""
        while True:
            self._news.clear()
            now = time.monotonic()
            attempts = dict(self._pending)
            due = [name for name, attempt in attempts.items() if attempt.due <= now]
            if due:
                await self._fetch(due[0], arrive)
                continue
            rest = min((attempt.due - now for attempt in attempts.values()), default=None)
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._news.wait()

    async def _fetch(self, name: str, arrive: Callable[[Catalogue], Awaitable[None]]) -> None:
        attempt = self._pending[name]
        try:
            await _beside(lambda: self._tts.open(name, lambda transfer: self._report(name, transfer)))
            await self._prepare(name)
        except _UnwantedError:
            return
        except HayakoeError as error:
            self._tell(name, error)
            return
        # Meanwhile the user may have chosen another voice of this name.
        if self._pending.get(name) is attempt:
            del self._pending[name]
            await arrive(self._offer())

    async def _prepare(self, name: str) -> None:
        """Prepare a voice in a process of its own: it takes 1.4 GB and minutes, and clients are being answered here."""
        voice = self._tts.speakers[name].voice
        if voice.is_compiled:
            return
        command = self._wish_list.prepare_command(name, self._wishes.sources.get(name))
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL, stderr=sys.__stderr__)
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if not voice.is_compiled:
            _LOGGER.warning("voice %s: preparing it ended with code %d: it runs unprepared, and slower", name, code)
            voice.run_as_it_is()

    def _offer(self) -> Catalogue:
        """List what can speak at once: whoever asked for a voice that is not prepared yet would wait for minutes."""
        ready = {name: speaker for name, speaker in dict(self._tts.speakers).items() if speaker.voice.is_compiled}
        return self._wishes.catalogue(ready)

    def _report(self, name: str, transfer: Transfer) -> None:
        if self._is_over or name not in self._pending:
            raise _UnwantedError
        self._progress(transfer)

    def _tell(self, name: str, error: HayakoeError) -> None:
        """Log what is wrong, once, and try again later: networks come back, and files are mended."""
        attempt = self._pending.setdefault(name, _Attempt())
        attempt.due = time.monotonic() + min(_FIRST_PAUSE * 2**attempt.failures, _LONGEST_PAUSE)
        attempt.failures += 1
        if str(error) != attempt.problem:
            attempt.problem = str(error)
            _LOGGER.error("voice %s is left out: %s", name, error)


class _UnwantedError(Exception):
    """Nobody wants any more what is being fetched."""


async def _beside(function: Callable[[], T]) -> T:
    """Run what may take hours in a thread that nobody waits for when the program ends."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where this is awaited
            future.set_exception(error)

    threading.Thread(target=work, name="fetch", daemon=True).start()
    return await asyncio.wrap_future(future)
