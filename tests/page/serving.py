"""Servers of the page, with a voice that can be held and words of their own."""

from contextlib import asynccontextmanager
from pathlib import Path

from tests.server.http.exchanges import HTTP
from tests.support import local
from tests.voices import BeepVoice, GatedVoice
from wyoming_hayakoe.paths import words_file
from wyoming_hayakoe.server.catalogue import Catalogue
from wyoming_hayakoe.server.server import Server
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text.dictionary import UserDictionary
from wyoming_hayakoe.text.frontend import japanese


class House:
    """A server that can be stopped and started again on its port."""

    def __init__(self, data: Path) -> None:
        self.words = words_file(data)
        self.mei = GatedVoice()
        self.mei.prepare()
        self.mei.gate.set()
        front_end = japanese(UserDictionary(self.words))
        self.speakers = [Speaker(voice, front_end) for voice in (self.mei, BeepVoice())]
        self._settings = local(**HTTP, grace=0.1, data_dir=data)
        self.server = Server(self._settings, Catalogue(self.speakers))

    def hold(self) -> None:
        """Let the voice compute one window and wait for :meth:`go_on`."""
        self.mei.windows = 0
        self.mei.gate.clear()
        self.mei.waiting.clear()

    def go_on(self) -> None:
        self.mei.gate.set()

    def offer(self, *names: str) -> None:
        """Offer these voices alone."""
        wanted = [speaker for speaker in self.speakers if speaker.voice.name in names]
        self.server._offer(Catalogue(wanted))

    async def start_again(self) -> None:
        """Start another server on the same port."""
        assert self.server.http is not None
        host, port = self.server.http.endpoints[0]
        settings = local(http=f"tcp://{host}:{port}", grace=0.1, data_dir=self._settings.data_dir)
        self.server = Server(settings, Catalogue(self.speakers))
        await self.server.start()


@asynccontextmanager
async def house(data: Path):
    """Serve the page."""
    built = House(data)
    await built.server.start()
    try:
        yield built
    finally:
        built.go_on()
        await built.server.stop()
