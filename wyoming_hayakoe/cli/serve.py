"""Serve Japanese voices over the Wyoming protocol, for Home Assistant and Rhasspy."""

import argparse
import asyncio
import logging
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

from wyoming_hayakoe.cli.options.configured import Configured, configure
from wyoming_hayakoe.cli.options.option import add_options, as_flags
from wyoming_hayakoe.cli.options.resolve import config_path
from wyoming_hayakoe.cli.options.table import LOGGING, PREPARING, SERVING
from wyoming_hayakoe.cli.options.variables import warn_of_unknown_variables
from wyoming_hayakoe.cli.progress import progress_on
from wyoming_hayakoe.cli.standard_error import exit_at_once
from wyoming_hayakoe.disk import stamp as stamp_of
from wyoming_hayakoe.paths import data_dir, voices_dir
from wyoming_hayakoe.server.server import Server
from wyoming_hayakoe.server.voice_updater import VoiceUpdater
from wyoming_hayakoe.server.wanted_voices import WantedVoices
from wyoming_hayakoe.sources.dropped_in import dropped_into
from wyoming_hayakoe.sources.location import DEFAULT
from wyoming_hayakoe.voice_store import BUILT_INS

_LOGGER = logging.getLogger(__name__)

_LAST_SECONDS = 2.0
"""Seconds that threads have to end after the server has stopped."""

_LOG_FORMAT = "%(asctime)s %(levelname)-7s %(message)s"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the server's flags."""
    add_options(parser, SERVING)


def run(flags: argparse.Namespace) -> int:
    """Serve until a signal or the end of standard input."""
    # Before and after the server has its own handlers; process 1 of a container would not be interrupted at all. At
    # once, since a second signal while Python ends would count as a failure.
    signal.signal(signal.SIGTERM, lambda *_: exit_at_once(0))
    configured = configure(flags, SERVING)
    configured.start_logging(_LOG_FORMAT)
    warn_of_unknown_variables()
    if configured.default_line:
        _LOGGER.info("%s", configured.default_line)
    offline = configured.settings.offline
    configuration = _Configuration(flags, configured)
    updater = VoiceUpdater(configured.make_tts(), configuration, progress_on(sys.stderr), offline=offline)
    server = Server(configured.server_settings, updater.catalogue, updater)
    asyncio.run(_run(server))
    return 0


async def _run(server: Server) -> None:
    await server.run()
    # Python would wait for the threads that still compute, or read from a disk that does not answer.
    last = threading.Timer(0.0 if server.is_aborted else _LAST_SECONDS, _end)
    last.daemon = True
    last.start()


def _end() -> None:
    logging.shutdown()
    exit_at_once(0)


class _Configuration:
    """The configuration file and the folder of voices in the data directory."""

    def __init__(self, flags: argparse.Namespace, configured: Configured) -> None:
        self._flags = flags
        self._running = configured.settings
        self._config = config_path(flags)
        self._left_out: set[str] = set()

    def stamp(self) -> str:
        """Return a text that changes when the file or the folder does."""
        config = stamp_of(Path(self._config)) if self._config else ""
        return config + stamp_of(voices_dir(data_dir(self._running.data_dir)))

    def read(self) -> WantedVoices:
        """Return what they say now, and log what else they say that the server cannot follow."""
        configured = configure(self._flags, SERVING, self._running)
        if configured.deferred:
            _LOGGER.warning("%s: %s: changes at the next start only", self._config, ", ".join(configured.deferred))
        self._log_left_out(voices_dir(data_dir(self._running.data_dir)))
        return configured.wanted

    def _log_left_out(self, folder: Path) -> None:
        """Log once what was copied into the folder of voices and is none."""
        left_out = set(dropped_into(folder).lines)
        for line in sorted(left_out - self._left_out):
            _LOGGER.warning("%s", line)
        self._left_out = left_out

    def compile_command(self, name: str, source: str | None, bert_source: str | None) -> list[str]:
        """Return the command line that compiles a voice with the options of this server."""
        settings = replace(
            self._running,
            source=None,
            bert_source=bert_source,
            offline=True,
            log_format=self._running.log_format or _LOG_FORMAT,
        )
        given = as_flags(settings, (*PREPARING, *LOGGING))
        voice = name if source is None and name in BUILT_INS else f"{name}={source or DEFAULT}"
        prove = ["--prove"] if settings.no_compile else []
        return [sys.executable, "-m", "wyoming_hayakoe", "compile", voice, *prove, *given]
