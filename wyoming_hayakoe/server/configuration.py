"""Where voices are configured, and being looked at for changes."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from wyoming_hayakoe.errors import in_brief
from wyoming_hayakoe.server.background import in_daemon_thread
from wyoming_hayakoe.server.wanted_voices import WantedVoices

_LOGGER = logging.getLogger(__name__)

# Looking takes this share of one core at most: a folder with 100,000 files in it is looked at less often.
_SHARE = 0.05

# After so long, a look is waited for with a log line: a network disk may have left.
_SLOW_SECONDS = 30.0

T = TypeVar("T")


class Configuration(Protocol):
    """Where the user configures voices."""

    def stamp(self) -> str:
        """Return a text that changes when the configuration may have changed; costs next to nothing."""

    def read(self) -> WantedVoices:
        """Return the voices that are configured now.

        Raises:
            UsageError: something in it is wrong.
        """

    def compile_command(self, name: str, source: str | None, bert_source: str | None) -> list[str]:
        """Return the command line that compiles a voice for this machine, with the BERT of ``bert_source``."""


class ConfigurationWatch:
    """Sees when the configuration has changed and then been left alone: files are copied meanwhile."""

    def __init__(self, configuration: Configuration) -> None:
        """Look at the configuration for the first time; what it is then is no change."""
        self._configuration = configuration
        self._taken = configuration.stamp()

    def take_again(self) -> None:
        """Treat the configuration as changed, though it is as it was."""
        self._taken = ""

    async def run(self, send: Callable[[WantedVoices], None], *, every: float) -> None:
        """Look ``every`` so many seconds and send what is configured after each change, until cancelled.

        What cannot be read is logged once, and read again until it can.
        """
        before, problem, pause = self._taken, "", every
        while True:
            await asyncio.sleep(pause)
            started = time.monotonic()
            try:
                stamp = await _answer(self._configuration.stamp)
                if stamp == before != self._taken:
                    send(await _answer(self._configuration.read))
                    self._taken = stamp
                before, problem = stamp, ""
            except Exception as error:  # noqa: BLE001 - nothing in a configuration may end its being followed
                if in_brief(error) != problem:
                    problem = in_brief(error)
                    _LOGGER.error("%s; the voices stay as they are", problem)  # noqa: TRY400 - the user's fault
            pause = max(every, (time.monotonic() - started) / _SHARE)


async def _answer(question: Callable[[], T]) -> T:
    """Return what the configuration answers, after however long; the log says so where that is long."""
    answering = asyncio.create_task(in_daemon_thread(question))
    try:
        if not (await asyncio.wait({answering}, timeout=_SLOW_SECONDS))[0]:
            _LOGGER.warning("the disk of the configuration or the voices does not answer; the voices stay as they are")
        return await answering
    finally:
        answering.cancel()
