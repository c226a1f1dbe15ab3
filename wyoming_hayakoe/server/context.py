"""The state that all connections of a server share."""

from dataclasses import dataclass

from wyoming_hayakoe.lane import Lane
from wyoming_hayakoe.server.admission import Admission
from wyoming_hayakoe.server.catalogue import Catalogue
from wyoming_hayakoe.server.metrics import Metrics
from wyoming_hayakoe.server.settings import ServerSettings
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

    async def make_ready(self, speaker: Speaker) -> None:
        """Load what ``speaker`` needs, if it is not loaded.

        Raises:
            HayakoeError: the voice cannot be loaded.
        """
        if not speaker.voice.is_ready:
            await self.loader.run(speaker.prepare)
