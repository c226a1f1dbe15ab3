"""Fetches the configured voices while the server runs, and updates the catalogue.

One task, :meth:`VoiceUpdater.run`, owns the state: which voices are wanted and which are offered. Jobs, one for each
voice, fetch, compile and load; they only send events. The event of a job that has been replaced is dropped, so that
nothing outdated comes back. No event and no fault of one voice ends the task.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.server.background import beside_each_other, in_daemon_thread
from wyoming_hayakoe.server.catalogue import Catalogue
from wyoming_hayakoe.server.configuration import Configuration, ConfigurationWatch
from wyoming_hayakoe.server.default_voice import default_line
from wyoming_hayakoe.server.voice_jobs import Failed, Job, MakeReady, Offer, Usable, Workers, offer_at_once, reason_of
from wyoming_hayakoe.server.wanted_voices import WantedVoices
from wyoming_hayakoe.sources.source import Progress, UncachedError
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.tts import TTS
from wyoming_hayakoe.voice_store import BUILT_IN

_LOGGER = logging.getLogger(__name__)

_CHECK_SECONDS = 1.0

# What a user can meet, and repair, though it is no HayakoeError: no file descriptor, no memory, a name that is none.
_MET = (HayakoeError, OSError, MemoryError, RecursionError, UnicodeError)

Publish = Callable[[Catalogue], None]
"""Takes a new catalogue."""


@dataclass(frozen=True, slots=True)
class _Changed:
    """The configuration has changed."""

    wanted: WantedVoices


@dataclass(slots=True)
class _State:
    """What the owning task knows."""

    wanted: WantedVoices
    offered: dict[str, Offer] = field(default_factory=dict)
    """What is offered for each wanted name."""

    jobs: dict[str, Job] = field(default_factory=dict)
    """The attempt that is under way, or will be."""


class VoiceUpdater:
    """Keeps the catalogue equal to the configured voices that can speak."""

    def __init__(
        self,
        tts: TTS,
        configuration: Configuration,
        progress: Progress,
        *,
        offline: bool = False,
        longest_opening: float = 5.0,
    ) -> None:
        """Open the configured voices that are here.

        Args:
            tts: where the voices are opened.
            configuration: read once now, and followed by :meth:`run`.
            progress: called from threads while voices are fetched.
            offline: fetch nothing.
            longest_opening: seconds after which a voice whose disk does not answer no longer keeps the others waiting.

        Raises:
            UsageError: the configuration is wrong.
        """
        self._tts = tts
        self._offline = offline
        self._longest_opening = longest_opening
        self._watch = ConfigurationWatch(configuration)
        self._state = _State(WantedVoices())
        self._take(configuration.read())
        self._events: asyncio.Queue[_Changed | Usable | Failed] = asyncio.Queue()
        self._workers = Workers(tts, progress, configuration.compile_command, self._events.put_nowait)
        self._problems: list[str] = []
        self._failure = ""
        self._default_line: str | None = None
        offered = self._state.offered
        self.catalogue = self._catalogue(_decided(self._state.wanted, offered), offered)
        """What can be spoken now."""

    @property
    def default_voice(self) -> str:
        """The voice for clients that name none, whether it can speak already or not."""
        return _decided(self._state.wanted, self._state.offered).default_voice

    @property
    def coming(self) -> list[Job]:
        """The attempts to bring voices, as they stand now, of voices that are offered already as well."""
        return list(self._state.jobs.values())

    async def run(self, publish: Publish, make_ready: MakeReady, *, preload: bool) -> None:
        """Follow the configuration and bring its voices until cancelled.

        Args:
            publish: called with every new catalogue.
            make_ready: loads a voice: the default one before it is offered, with ``preload`` every one.
            preload: see ``make_ready``.
        """
        watching = asyncio.create_task(
            self._watch.run(lambda wanted: self._events.put_nowait(_Changed(wanted)), every=_CHECK_SECONDS)
        )
        try:
            while True:
                with self._logged():
                    self._log_default()
                    self._start_jobs(make_ready, preload=preload)
                events = [await self._events.get()]
                while not self._events.empty():
                    events.append(self._events.get_nowait())
                for event in events:
                    with self._logged():
                        await self._handle(event)
                with self._logged():
                    self._update(publish)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await self._workers.stop()

    # -- the owning task --

    async def _handle(self, event: _Changed | Usable | Failed) -> None:
        """Change the state as an event demands."""
        match event:
            case _Changed(wanted):
                await self._follow(wanted)
            case _ if self._state.jobs.get(event.job.name) is not event.job:
                pass
            case Usable(job, offer, is_final):
                self._state.offered[job.name] = offer
                if is_final:
                    del self._state.jobs[job.name]
            case Failed(job, reason):
                self._retry(job, reason)

    async def _follow(self, wanted: WantedVoices) -> None:
        """Replace the wanted voices; where that fails through no fault of the configuration, it is read again."""
        try:
            await in_daemon_thread(lambda: self._take(wanted))
        except HayakoeError:
            raise
        except Exception:
            self._watch.take_again()
            raise
        self._failure = ""

    def _take(self, wanted: WantedVoices) -> None:
        """Replace the wanted voices; those that are here are opened.

        Raises:
            HayakoeError: the new configuration is wrong; the old one stays.
        """
        state, before = self._state, self._state.wanted
        changed = [name for name in wanted.sources if name not in before.sources or _differs(name, before, wanted)]
        gone = before.sources.keys() - wanted.sources.keys()
        kept = {name: offer for name, offer in state.offered.items() if name not in {*gone, *changed}}
        self._catalogue(wanted, kept)
        new = {name: Job(name, wanted.sources[name]) for name in changed}
        jobs = {name: job for name, job in state.jobs.items() if name not in {*gone, *changed}} | new
        for name in gone:
            self._tts.unload(name)
        missing: dict[str, None] = {}
        for name, found in self._open(new, wanted.preferred).items():
            match found:
                case UncachedError():
                    jobs[name] = new[name].after_failure(str(found))
                    missing |= dict.fromkeys(found.names)
                case Exception():
                    jobs[name] = new[name].after_failure(reason_of(found))
                    self._log_failure(new[name], reason_of(found))
                case Offer():
                    kept[name] = found
        if missing:
            _LOGGER.error("%s", UncachedError(list(missing)))
        for name in {*gone, *changed} & state.jobs.keys():
            state.jobs[name].is_over = True
        self._state = _State(wanted, kept, jobs)

    def _open(self, jobs: Mapping[str, Job], preferred: str | None) -> Mapping[str, Offer | Exception | None]:
        """Open the voices that are here; return those that can speak, and why others fail."""
        work = {name: partial(self._open_one, job, is_preferred=name == preferred) for name, job in jobs.items()}
        # One after another, as long as each takes the 50 ms that it should: the first one's BERT is that of all.
        longest = self._longest_opening
        found = beside_each_other(work, headstart=longest / 10, longest=longest)
        if late := jobs.keys() - found.keys():
            _LOGGER.warning("the disk of these voices does not answer, they come when it does: %s", ", ".join(late))
        return {name: found[name] for name in jobs if name in found}

    def _open_one(self, job: Job, *, is_preferred: bool) -> Offer | None:
        self._tts.load(job.name, job.source)
        speaker = self._tts.speakers.get(job.name)
        if speaker is None or speaker is self._tts.store.built_in:
            if self._offline:
                self._tts.open(job.name)
            return None
        return offer_at_once(speaker, is_preferred=is_preferred)

    def _retry(self, job: Job, reason: str) -> None:
        """Note why an attempt failed, and plan the next one: networks come back, and files are repaired."""
        if reason != job.problem:
            self._log_failure(job, reason)
        self._state.jobs[job.name] = job.after_failure(reason)

    def _log_failure(self, job: Job, reason: str) -> None:
        consequence = "stays as it was" if job.name in self._state.offered else "is left out"
        _LOGGER.error("voice %s %s: %s", job.name, consequence, reason)

    def _update(self, publish: Publish) -> None:
        """Publish the catalogue if it differs from the last one."""
        offered = self._state.offered
        wanted = _decided(self._state.wanted, offered)
        problems: list[str] = []
        try:
            catalogue = self._catalogue(wanted, offered)
        except UsageError:
            # A voice that has just arrived lacks what the configuration says of it.
            speakers, stand_ins = self._speakers(wanted, offered)
            wanted, problems = wanted.without_faults(speakers, stand_ins=stand_ins)
            catalogue = self._catalogue(wanted, offered)
        for problem in problems:
            if problem not in self._problems:
                _LOGGER.error("%s: this is ignored", problem)
        self._problems = problems
        before = self.catalogue
        if (catalogue.entries, catalogue.unlisted) != (before.entries, before.unlisted):
            self.catalogue = catalogue
            publish(catalogue)
        else:
            self.catalogue.status = catalogue.status

    def _catalogue(self, wanted: WantedVoices, offered: Mapping[str, Offer]) -> Catalogue:
        speakers, stand_ins = self._speakers(wanted, offered)
        return wanted.catalogue(speakers, self._status, stand_ins=stand_ins)

    def _speakers(
        self, wanted: WantedVoices, offered: Mapping[str, Offer]
    ) -> tuple[Mapping[str, Speaker], Collection[str]]:
        """Return the voices that can speak, by name, and the names under which another one speaks for now."""
        stand_ins = {BUILT_IN} & wanted.sources.keys() - offered.keys()
        here = {name: offer.speaker for name, offer in offered.items()}
        return {BUILT_IN: self._tts.store.built_in, **here}, stand_ins

    def _status(self, name: str) -> str | None:
        """Return what keeps a wanted voice from speaking; None where it can speak."""
        job = self._state.jobs.get(name)
        return job.status if job and name not in self._state.offered else None

    def _start_jobs(self, make_ready: MakeReady, *, preload: bool) -> None:
        """Start the jobs that are new, and cancel those that are over."""
        self._workers.cancel_outdated()
        for job in self._state.jobs.values():
            self._workers.start(job, make_ready, partial(self._is_eager, job.name, preload))

    def _is_eager(self, name: str, preload: bool, pace: float | None) -> bool:
        """Return whether a voice of this pace is loaded before it is offered."""
        return preload or name == self._state.wanted.decided({name: pace}).default_voice

    def _log_default(self) -> None:
        """Log which voice is the default and why, where the configuration leaves that to this machine."""
        state, line = self._state, None
        if (name := state.wanted.preferred) is not None:
            pace = state.offered[name].pace if name in state.offered else None
            line = default_line(name, state.wanted.default_voice, pace, is_coming=name in state.jobs)
            if line != self._default_line:
                _LOGGER.info("%s", line)
        self._default_line = line

    @contextmanager
    def _logged(self) -> Iterator[None]:
        """Log whatever fails, once; the state stays as it was, and the next event is handled."""
        try:
            yield
        except Exception as error:
            failure, self._failure = self._failure, reason_of(error)
            if failure == self._failure:
                return
            if isinstance(error, _MET):
                _LOGGER.error("%s; the voices stay as they are", reason_of(error))  # noqa: TRY400 - not our fault
            else:
                _LOGGER.exception("voices: internal error")


def _decided(wanted: WantedVoices, offered: Mapping[str, Offer]) -> WantedVoices:
    """Return the wanted voices with the default that the offered ones allow."""
    return wanted.decided({name: offer.pace for name, offer in offered.items()})


def _differs(name: str, before: WantedVoices, after: WantedVoices) -> bool:
    return before.sources[name] != after.sources[name]
