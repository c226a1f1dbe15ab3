"""CachedSource: voices from a network, kept on disk. Only complete sets are served, also beside other processes.

Below ``sources/`` in the data directory, each prefix of each source has an entry::

    NAME-HASH/lock            held by the process that downloads
    NAME-HASH/manifest.json   which files make up the set that is served; replaced in one step, last
    NAME-HASH/VERSION/…       the files of one set; a file gets its name when it has been checked
    NAME-HASH/partial/…       files that are arriving
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn, Self

from wyoming_hayakoe.disk import locked, one_line_errors
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.sources import files
from wyoming_hayakoe.sources.cache_entry import CacheEntry, Manifest, read_manifest
from wyoming_hayakoe.sources.cache_update import CacheUpdate
from wyoming_hayakoe.sources.remote_snapshot import RemoteSnapshot
from wyoming_hayakoe.sources.source import (
    AbsentError,
    ChangedError,
    Listing,
    Paths,
    Patience,
    Progress,
    Remote,
    SourceError,
    UncachedError,
)
from wyoming_hayakoe.sources.transfer import asked

_LOGGER = logging.getLogger(__name__)

_REMEDY = "choose another --data-dir"
_ONCE = Patience(attempts=1)
_CHANGES = 3
"""Times that a source may change under a download before that gives up."""


class CachedSource:
    """A source on a network, as :class:`Source`."""

    def __init__(self, remote: Remote, cache: Path, *, offline: bool = False, patience: Patience | None = None) -> None:
        """Keep the files of ``remote`` in the data directory ``cache``; with ``offline``, no request is sent."""
        self._remote = remote
        self._cache = cache
        self._shelf = cache / "sources"
        self._offline = offline
        self._patience = patience or Patience()
        self._is_snapshot = isinstance(remote, RemoteSnapshot)
        self._failure: HayakoeError | None = None
        self._warned: HayakoeError | None = None

    @property
    def uri(self) -> str:
        """The URI of the remote."""
        return self._remote.uri

    def snapshot(self) -> Self:
        """Return a source that is listed once; where that fails, what is in the cache costs no further attempt."""
        return type(self)(RemoteSnapshot(self._remote), self._cache, offline=self._offline, patience=self._patience)

    def list(self, prefix: str = "") -> Paths:
        """Return the paths that the source has; where it cannot be reached, those in the cache."""
        cleaned = files.clean_prefix(prefix)
        kept = self._kept(cleaned)
        if self._offline:
            return kept or self._lacking(self._entry(cleaned))
        try:
            found = self._listing(cleaned, is_kept=bool(kept))
        except HayakoeError as error:
            if not kept:
                raise
            self._warn(error, "listing what is in the cache")
            return kept
        return [item.path for item in found.items]

    def fetch(self, prefix: str, progress: Progress | None = None, *, endings: tuple[str, ...] = ()) -> Path:
        """Return a folder of the cache, after one request that shows whether it is up to date.

        Where that fails, the older complete set is returned, and the log has a line. A set that is replaced stays until
        the next fetch that finds nothing new: its readers have that long to read it.
        """
        entry = self._entry(prefix, endings)
        if self._offline:
            return entry.place() or self._lacking(entry)
        try:
            return self._refresh(entry, progress)
        except HayakoeError as error:
            kept = entry.place()
            if kept is None:
                raise
            self._warn(error, "using what is in the cache")
            return kept

    def fetch_optional(self, prefix: str) -> Path | None:
        """Return what :meth:`fetch` does, or None; a source that has just failed gets no request."""
        entry = self._entry(prefix)
        if self._offline or self._failure:
            return entry.place()
        try:
            return self._refresh(entry, None, is_optional=True)
        except AbsentError:
            entry.forget()
            return None
        except HayakoeError:
            return entry.place()

    def cached(self, prefix: str, *, endings: tuple[str, ...] = ()) -> Path | None:
        """Return the complete set in the cache, up to date or not."""
        return self._entry(prefix, endings).place()

    def upload(self, parts: Mapping[str, Path], progress: Progress | None = None) -> None:
        """Upload to the remote."""
        self._online().upload({files.named_prefix(prefix): place for prefix, place in parts.items()}, progress)

    def check_upload(self) -> None:
        """Check it at the remote."""
        self._online().check_upload()

    def delete(self, prefix: str) -> None:
        """Delete at the remote; the cache stays as it is."""
        self._online().delete(files.named_prefix(prefix))

    def _lacking(self, entry: CacheEntry) -> NoReturn:
        raise UncachedError([entry.name])

    def _online(self) -> Remote:
        if self._offline:
            raise SourceError(f"{self.uri}: is not changed with --offline: leave that out")
        return self._remote

    def _entry(self, prefix: str, endings: tuple[str, ...] = ()) -> CacheEntry:
        return CacheEntry(self._shelf, self.uri, files.clean_prefix(prefix), endings)

    def _kept(self, prefix: str) -> Paths:
        manifests = (read_manifest(path) for path in self._shelf.glob("*/manifest.json"))
        ours = [manifest for manifest in manifests if manifest is not None and manifest.uri == self.uri]
        paths = {item.path for manifest in ours for item in manifest.listing.items}
        return sorted(path for path in paths if files.is_below(path, prefix))

    def _listing(self, prefix: str, *, is_kept: bool) -> Listing:
        """Return the remote's listing; of what is kept, or can be done without, after one attempt at most."""
        if is_kept and self._failure:
            raise self._failure
        try:
            found = asked(lambda: self._remote.listing(prefix), _ONCE if is_kept else self._patience)
        except HayakoeError as error:
            # A snapshot is of one moment: what fails now fails for the next folder as well.
            if self._is_snapshot:
                self._failure = error
            raise
        self._failure = None
        return found

    def _warn(self, error: HayakoeError, instead: str) -> None:
        """Log a failure; a snapshot's once, though it keeps several folders from being listed."""
        if self._warned is not error:
            _LOGGER.warning("%s; %s", error, instead)
        self._warned = error

    def _refresh(self, entry: CacheEntry, progress: Progress | None, *, is_optional: bool = False) -> Path:
        with one_line_errors(self._shelf, _REMEDY):
            entry.folder.mkdir(parents=True, exist_ok=True)
            with locked(entry.folder / "lock", f"{entry.name}: waiting for another process that downloads it"):
                for _ in range(_CHANGES):
                    try:
                        return self._update(entry, progress, is_optional=is_optional)
                    except ChangedError as error:
                        _LOGGER.info("%s; starting over", error)
                raise SourceError(f"{entry.name}: changes faster than it can be downloaded: try again later")

    def _update(self, entry: CacheEntry, progress: Progress | None, *, is_optional: bool) -> Path:
        kept = entry.place()
        listing = entry.chosen(self._listing(entry.prefix, is_kept=is_optional or kept is not None))
        if not listing.items:
            raise AbsentError(f"{entry.name}: there is nothing: check the name")
        if kept is not None and entry.manifest() == Manifest(self.uri, entry.prefix, listing):
            entry.tidy()
            return kept
        patience = _ONCE if is_optional else self._patience
        return CacheUpdate(self._remote, entry, listing, patience, progress).run()
