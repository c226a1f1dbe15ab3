"""Server: the life cycle from the first socket to the last response."""

import asyncio
import contextlib
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.extras import install_command
from wyoming_hayakoe.lane import Lane
from wyoming_hayakoe.server import systemd
from wyoming_hayakoe.server.acceptor import Acceptor, clients_with_descriptors, with_streams
from wyoming_hayakoe.server.admission import Admission
from wyoming_hayakoe.server.background import in_daemon_thread, owned
from wyoming_hayakoe.server.catalogue import Catalogue
from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.discovery import Discovery
from wyoming_hayakoe.server.listeners import (
    StdioAddress,
    StdioPipe,
    TcpAddress,
    UnixAddress,
    open_tcp,
    open_unix,
    parse_uri,
)
from wyoming_hayakoe.server.memory import return_freed_memory
from wyoming_hayakoe.server.metrics import Metrics, State
from wyoming_hayakoe.server.settings import ServerSettings
from wyoming_hayakoe.server.signals import stop_signals
from wyoming_hayakoe.server.voice_updater import VoiceUpdater
from wyoming_hayakoe.server.wyoming.clients import Clients
from wyoming_hayakoe.server.wyoming.connection import Connection
from wyoming_hayakoe.server.wyoming.events import HEADER_LIMIT
from wyoming_hayakoe.speaker import Speaker

if TYPE_CHECKING:
    from wyoming_hayakoe.server.http.http_server import HTTPServer

_LOGGER = logging.getLogger(__name__)


class Server:
    """Owner of the sockets, the connections, the lanes and the zeroconf service."""

    def __init__(self, settings: ServerSettings, catalogue: Catalogue, updater: VoiceUpdater | None = None) -> None:
        """Serve ``catalogue``, and every newer one that ``updater`` publishes."""
        self._settings = settings
        self._updater = updater
        self._discovery: Discovery | None = None
        lane = Lane(has_express=True)
        self._context = Context(settings, catalogue, lane, Admission(lane, settings.max_queue), Lane())
        self._acceptors: list[Acceptor] = []
        self._socket_files: list[Path] = []
        self._clients = Clients(self._context)
        self._stdio: list[asyncio.Task[None]] = []
        self._background: list[asyncio.Task[None]] = []
        self._watched_words = contextlib.ExitStack()
        self._has_been_ready = False
        self._stop_requested = asyncio.Event()
        self._abort_requested = asyncio.Event()
        self.is_aborted = False
        """Whether threads may still compute: a signal came during the start, or a second one during the stop."""

        self.endpoints: list[tuple[str, int]] = []
        """Address and port of every tcp socket."""

        self.http: HTTPServer | None = None
        """The page and the programs that speak HTTP; None without ``http`` in the settings."""

        self.probes: HTTPServer | None = None
        """The pages for monitors; None without ``metrics`` in the settings."""

    @property
    def lane(self) -> Lane:
        """The lane on which the server computes."""
        return self._context.lane

    @property
    def connections(self) -> list[Connection]:
        """The clients that are connected."""
        return self._clients.connections

    @property
    def catalogue(self) -> Catalogue:
        """The voices that are offered now."""
        return self._context.catalogue

    async def run(self) -> None:
        """Serve until SIGTERM, SIGINT or the end of standard input, then stop.

        Raises:
            HayakoeError: an address cannot be listened on.
        """
        with stop_signals(self._take_signal):
            try:
                if await self._start_unless_stopped():
                    await self._stop_requested.wait()
                systemd.notify("STOPPING=1")
            finally:
                await self.stop()

    async def _start_unless_stopped(self) -> bool:
        """Start; return False where a signal came first, also while a voice is being loaded."""
        starting, stopping = asyncio.create_task(self.start()), asyncio.create_task(self._stop_requested.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if starting.done():
            starting.result()
            return True
        starting.cancel()
        await asyncio.wait({starting})
        # The thread that loads a voice cannot be interrupted.
        self.is_aborted = True
        return False

    async def start(self) -> None:
        """Listen, load the default voice or, with ``preload``, every voice, and advertise the server.

        Raises:
            HayakoeError: an address cannot be listened on.
        """
        settings = self._settings
        self._clients.limit = clients_with_descriptors(settings.max_clients, protocols=1 + (settings.http is not None))
        self._watch_words()
        if settings.http or settings.metrics:
            await self._open_http()
        welcome = with_streams(self._clients.accept, HEADER_LIMIT)
        for uri in settings.uris:
            match parse_uri(uri):
                case TcpAddress() as address:
                    # Name servers may be slow, and a signal ends the start at any moment.
                    for listener in await in_daemon_thread(partial(open_tcp, address)):
                        self.endpoints.append(listener.getsockname()[:2])
                        self._acceptors.append(Acceptor(listener, welcome))
                case UnixAddress() as address:
                    self._acceptors.append(Acceptor(open_unix(address), welcome))
                    self._socket_files.append(address.path)
                case StdioAddress():
                    self._stdio.append(owned(self._serve_stdio()))
            _LOGGER.info("listening on %s", uri)
        # Clients can connect already; their requests wait for the voice.
        speakers = self._context.catalogue.speakers
        for speaker in speakers if self._settings.preload else speakers[:1]:
            await self._make_ready(speaker)
        self._note_readiness()
        if self._updater is not None:
            following = self._updater.run(self._offer, self._make_ready, preload=self._settings.preload)
            self._background.append(owned(following))
        if self._settings.zeroconf:
            self._advertise()
        systemd.notify("READY=1")
        self._background.append(owned(systemd.feed_watchdog()))
        self._background.append(owned(return_freed_memory()))

    async def stop(self) -> None:
        """Close the listeners, let running responses finish within the grace period, then end every task."""
        self._stop_requested.set()
        while self._acceptors:
            await self._acceptors.pop().stop()
        for path in self._socket_files:
            path.unlink(missing_ok=True)
        for task in self._background:
            task.cancel()
        self._clients.finish()
        if self.http is not None:
            self._background.append(owned(self.http.finish()))
        tasks = {*self._clients.tasks, *self._stdio, *self._background}
        await self._drain(tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._watched_words.close()
        for http in filter(None, (self.http, self.probes)):
            await http.close()
        self._context.lane.stop()
        self._context.loader.stop()

    async def _drain(self, tasks: set[asyncio.Task[None]]) -> None:
        """Wait until all ``tasks`` are done, the grace period is over, or a second signal comes."""
        abort = asyncio.create_task(self._abort_requested.wait())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.grace):
                while tasks and not abort.done():
                    done, _ = await asyncio.wait({abort, *tasks}, return_when=asyncio.FIRST_COMPLETED)
                    tasks -= done
        abort.cancel()
        await asyncio.wait({abort})

    async def _make_ready(self, speaker: Speaker) -> None:
        """Load a voice; one that fails is logged, and the others still speak."""
        try:
            await self._context.make_ready(speaker)
        except HayakoeError as error:
            _LOGGER.error("voice %s cannot speak: %s", speaker.voice.name, error)  # noqa: TRY400

    async def _serve_stdio(self) -> None:
        try:
            pipe = StdioPipe()
            await self._clients.serve_stdio(pipe.socket)
            await asyncio.to_thread(pipe.close, self._settings.grace)
        finally:
            if len(self._settings.uris) == 1:
                self._stop_requested.set()

    # -- monitors, dictionary and zeroconf --

    async def _open_http(self) -> None:
        """Serve HTTP at the addresses of --http and --metrics; without them nothing is imported for it."""
        settings, context = self._settings, self._context
        try:
            from wyoming_hayakoe.server.http.http_server import serve_clients, serve_monitors
            from wyoming_hayakoe.server.http.services import Services
        except ModuleNotFoundError as error:
            if (error.name or "").startswith(__package__.partition(".")[0]):
                raise
            flag = "--http" if settings.http else "--metrics"
            raise HayakoeError(
                f"{flag} needs {error.name}, which is not installed: {install_command('http')}"
            ) from None
        context.metrics = Metrics(self._state, settings.max_queue)
        services = Services(context, self._updater, self._is_ready)
        if settings.metrics:
            self.probes = await serve_monitors(services)
        if settings.http:
            self.http = await serve_clients(services, self._clients.limit)

    def _is_ready(self) -> bool:
        """Return whether new clients can be served: from the first loading of the default voice to the stop."""
        self._note_readiness()
        return self._has_been_ready and not self._stop_requested.is_set()

    def _note_readiness(self) -> None:
        """Record that the default voice is loaded; one that is evicted later is loaded again at its next request."""
        voice = self._context.catalogue.speakers[0].voice
        is_wanted = self._updater is None or self._updater.default_voice == voice.name
        self._has_been_ready = self._has_been_ready or (is_wanted and voice.is_ready)

    def _state(self) -> State:
        connections = self.connections
        answering = sum(connection.is_answering for connection in connections)
        return State(
            queue=self._context.lane.demand().callers,
            in_flight=answering + self._context.http_answers,
            connections=len(connections) + (self.http.connections if self.http else 0),
            is_ready=self._is_ready(),
        )

    def _watch_words(self) -> None:
        """Let a thread load the user dictionary, so that no request waits while a long one is compiled."""
        for dictionary in {speaker.front_end.dictionary for speaker in self._context.catalogue.speakers}:
            self._watched_words.enter_context(dictionary.watched())

    def _advertise(self) -> None:
        name, voices = self._settings.zeroconf_name, self._context.catalogue.names
        if self._settings.advertise is not None:
            self._discovery = Discovery.for_balancer(*self._settings.advertise, name, voices)
        else:
            self._discovery = Discovery.for_endpoints(self.endpoints, name, voices, self._settings.data_dir)
        if self._discovery is not None:
            self._background.append(owned(self._discovery.run()))
        elif self.endpoints:
            _LOGGER.info("zeroconf: not advertised, since other hosts cannot reach a loopback address")

    def _offer(self, catalogue: Catalogue) -> None:
        """Replace the catalogue; running responses keep their voices."""
        before, self._context.catalogue = self._context.catalogue, catalogue
        self._note_readiness()
        if catalogue.names != before.names:
            _LOGGER.info("voices: %s", ", ".join(catalogue.names))
            if self._discovery is not None:
                self._discovery.name_voices(catalogue.names)

    def _take_signal(self) -> None:
        if self._stop_requested.is_set():
            _LOGGER.info("stopping at once")
            self.is_aborted = True
            self._abort_requested.set()
        else:
            _LOGGER.info("stopping: running responses may finish for %g s", self._settings.grace)
            self._stop_requested.set()
