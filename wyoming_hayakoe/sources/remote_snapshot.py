"""RemoteSnapshot: a source on a network that is listed once, however many of its folders are looked for."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from wyoming_hayakoe.sources import files
from wyoming_hayakoe.sources.source import Body, ChangedError, Item, Listing, Progress, Remote


class RemoteSnapshot:
    """A :class:`Remote` that keeps the listing of another one. Not for several threads at once."""

    def __init__(self, remote: Remote) -> None:
        """Keep the listing of ``remote``, which is made at the first need."""
        self._remote = remote
        self._is_listed = False
        self._whole: Listing | None = None

    @property
    def uri(self) -> str:
        """The URI of the remote."""
        return self._remote.uri

    def listing(self, prefix: str) -> Listing:
        """List a prefix; without a request where the whole source has been listed."""
        whole = self.whole()
        return self._remote.listing(prefix) if whole is None else files.below(whole, prefix, self.uri)

    def whole(self) -> Listing | None:
        """List the whole source at the first call."""
        if not self._is_listed:
            self._whole = self._remote.whole()
            self._is_listed = True
        return self._whole

    @contextmanager
    def open(self, item: Item, start: int) -> Iterator[Body]:
        """Open a file; one that has changed makes the listing old."""
        try:
            with self._remote.open(item, start) as body:
                yield body
        except ChangedError:
            self._is_listed = False
            raise

    def upload(self, parts: Mapping[str, Path], progress: Progress | None = None) -> None:
        """Upload to the remote."""
        self._is_listed = False
        self._remote.upload(parts, progress)

    def check_upload(self) -> None:
        """Check it at the remote."""
        self._remote.check_upload()

    def delete(self, prefix: str) -> None:
        """Delete at the remote."""
        self._is_listed = False
        self._remote.delete(prefix)
