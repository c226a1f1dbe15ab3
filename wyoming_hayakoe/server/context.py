"""What all connections of a server share, and what they ask of it."""

from dataclasses import dataclass

from wyoming_hayakoe.lane import Lane
from wyoming_hayakoe.server.admission import Admission
from wyoming_hayakoe.server.catalogue import Catalogue
from wyoming_hayakoe.server.metrics import Metrics
from wyoming_hayakoe.server.settings import ServerSettings
from wyoming_hayakoe.speaker import Speaker


@dataclass(slots=True)
class Context:
    """What all connections share."""

    settings: ServerSettings
    catalogue: Catalogue
    """What is offered now; another takes its place when voices come or go."""

    lane: Lane
    admission: Admission
    """Who may use the lane."""

    loader: Lane
    """A lane of its own for loading voices, which takes seconds: nobody who speaks waits for it."""

    metrics: Metrics | None = None
    """What is counted for monitors; None where nobody asks."""

    async def make_ready(self, speaker: Speaker) -> None:
        """Load what ``speaker`` needs, if it is not there.

        Raises:
            HayakoeError: it cannot be loaded.
        """
        if not speaker.voice.is_ready:
            await self.loader.run(speaker.prepare)
