"""Visit: one look at the sources of some voices, in which each source is listed once."""

from dataclasses import dataclass
from pathlib import Path

from wyoming_hayakoe.sources.location import open_source
from wyoming_hayakoe.sources.source import Source


@dataclass(frozen=True, slots=True)
class Access:
    """How sources are used."""

    data: Path
    """Folder of all that is kept."""

    token: str | None = None
    """Token for Hugging Face; None is what HF_TOKEN or `hf auth login` gives."""

    offline: bool = False
    """Whether only what is here is used, and no source gets a request."""


class Visit:
    """Sources by their URIs. For one thread, and for as long as fetching takes."""

    def __init__(self, access: Access, *, offline: bool = False) -> None:
        """List sources at the first need; none with ``offline``, or where ``access`` is."""
        self._access = access
        self._sources: dict[str, Source] = {}
        self.offline = offline or access.offline

    def source(self, uri: str) -> Source:
        """Return a source; the same one for the same URI."""
        if uri not in self._sources:
            opened = open_source(uri, self._access.data, offline=self.offline, token=self._access.token)
            self._sources[uri] = opened.snapshot()
        return self._sources[uri]
