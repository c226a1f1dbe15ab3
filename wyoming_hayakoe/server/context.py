"""The state that all connections of a server share."""

import asyncio
from dataclasses import dataclass, field

from wyoming_hayakoe.lane import Lane
from wyoming_hayakoe.server.admission import Admission
from wyoming_hayakoe.server.catalogue import Catalogue
from wyoming_hayakoe.server.metrics import Metrics
from wyoming_hayakoe.server.settings import ServerSettings
from wyoming_hayakoe.server.voice_paces import VoicePaces
from wyoming_hayakoe.server.waiting_text import WaitingText
from wyoming_hayakoe.speaker import Speaker


@dataclass(slots=True)
class Context:
    """Settings, voices, lanes and metrics of a server."""

    settings: ServerSettings
    catalogue: Catalogue
    """The voices that are offered now; replaced when they change."""

    lane: Lane
    admission: Admission
    """The limits on the requests to the lane."""

    loader: Lane
    """A second lane for loading voices, which takes seconds: no synthesis waits for it."""

    metrics: Metrics | None = None
    """Metrics for monitors; None without --metrics."""

    waiting_text: WaitingText = field(init=False)
    """The room for texts that wait, on all connections."""

    waiting_bodies: WaitingText = field(init=False)
    """The room for the bodies of HTTP requests, on all connections."""

    paces: VoicePaces = field(default_factory=VoicePaces)
    """How fast each voice is."""

    http_answers: int = 0
    """Answers that are being given over HTTP."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held for one round of the event loop by work of over 0.1 ms that a client's bytes cause on it."""

    patient_turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by work in Python in a thread that takes over 10 ms: beside one such thread the event loop waits for 5 ms
    each time, beside several for as many times that."""

    def __post_init__(self) -> None:
        settings = self.settings
        room = settings.max_waiting_text, settings.max_clients, settings.stall_timeout
        self.waiting_text, self.waiting_bodies = WaitingText(*room), WaitingText(*room)

    async def make_ready(self, speaker: Speaker) -> None:
        """Load what ``speaker`` needs, if it is not loaded.

        Raises:
            HayakoeError: the voice cannot be loaded.
        """
        if not speaker.voice.is_ready:
            await self.loader.run(speaker.prepare)
