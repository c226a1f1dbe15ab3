"""Voices from a network, kept on disk: what is served is complete, whatever breaks and whoever else downloads.

Below ``sources/`` in the data directory, each prefix of each source has an entry::

    NAME-HASH/lock            held by whoever downloads
    NAME-HASH/manifest.json   which files make up the set that is served; replaced in one step, last
    NAME-HASH/VERSION/…       the files of one set; a file gets its name when it has been checked
    NAME-HASH/partial/…       files that are arriving
"""

import hashlib
import json
import logging
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from wyoming_hayakoe.disk import locked, told, write_whole
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.sources import files
from wyoming_hayakoe.sources.source import (
    AbsentError,
    ChangedError,
    Item,
    Listing,
    Paths,
    Patience,
    Progress,
    Remote,
    SourceError,
    Transfer,
    UncachedError,
)
from wyoming_hayakoe.sources.transfer import asked, receive

_LOGGER = logging.getLogger(__name__)

_REMEDY = "choose another --data-dir"
_ONCE = Patience(attempts=1)
_CHANGES = 3
"""So often may a source change under a download before that gives up."""


class CachedSource:
    """A source on a network, as :class:`Source`."""

    def __init__(self, remote: Remote, cache: Path, *, offline: bool = False, patience: Patience | None = None) -> None:
        """Keep what ``remote`` has in the data directory ``cache``; ``offline`` asks it nothing."""
        self._remote = remote
        self._shelf = cache / "sources"
        self._offline = offline
        self._patience = patience or Patience()

    @property
    def uri(self) -> str:
        """The remote's."""
        return self._remote.uri

    def list(self, prefix: str = "") -> Paths:
        """List what the source has; where it cannot be reached, what is here."""
        cleaned = files.clean_prefix(prefix)
        kept = self._kept(cleaned)
        if self._offline:
            return kept or self._lacking(self._entry(cleaned))
        try:
            found = asked(lambda: self._remote.listing(cleaned), _ONCE if kept else self._patience)
        except HayakoeError as error:
            if not kept:
                raise
            _LOGGER.warning("%s; listing what is in the cache", error)
            return kept
        return [item.path for item in found.items]

    def fetch(self, prefix: str, progress: Progress | None = None, *, endings: tuple[str, ...] = ()) -> Path:
        """Give a folder of the cache, after one request that shows whether it is up to date.

        Where that fails, an older complete set is given, and the log has a line. A set that is replaced stays until
        the next fetch that finds nothing new: who was given it has that long to read it.
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
            _LOGGER.warning("%s; using what is in the cache", error)
            return kept

    def cached(self, prefix: str, *, endings: tuple[str, ...] = ()) -> Path | None:
        """Give the complete set that is here, up to date or not."""
        return self._entry(prefix, endings).place()

    def upload(self, parts: Mapping[str, Path], progress: Progress | None = None) -> None:
        """Have the remote do it."""
        self._online().upload({files.named_prefix(prefix): place for prefix, place in parts.items()}, progress)

    def delete(self, prefix: str) -> None:
        """Have the remote do it; what is here stays."""
        self._online().delete(files.named_prefix(prefix))

    def _lacking(self, entry: "_Entry") -> NoReturn:
        raise UncachedError([entry.name])

    def _online(self) -> Remote:
        if self._offline:
            raise SourceError(f"{self.uri}: is not changed with --offline: leave that out")
        return self._remote

    def _entry(self, prefix: str, endings: tuple[str, ...] = ()) -> "_Entry":
        return _Entry(self._shelf, self.uri, files.clean_prefix(prefix), endings)

    def _kept(self, prefix: str) -> Paths:
        manifests = (_read(path) for path in self._shelf.glob("*/manifest.json"))
        ours = [manifest for manifest in manifests if manifest is not None and manifest.uri == self.uri]
        paths = {item.path for manifest in ours for item in manifest.listing.items}
        return sorted(path for path in paths if files.is_below(path, prefix))

    def _refresh(self, entry: "_Entry", progress: Progress | None) -> Path:
        with told(self._shelf, _REMEDY):
            entry.folder.mkdir(parents=True, exist_ok=True)
            with locked(entry.folder / "lock", f"{entry.name}: waiting for another process that downloads it"):
                for _ in range(_CHANGES):
                    try:
                        return self._update(entry, progress)
                    except ChangedError as error:
                        _LOGGER.info("%s; starting over", error)
                raise SourceError(f"{entry.name}: changes faster than it can be downloaded: try again later")

    def _update(self, entry: "_Entry", progress: Progress | None) -> Path:
        kept = entry.place()
        listing = entry.chosen(asked(lambda: self._remote.listing(entry.prefix), _ONCE if kept else self._patience))
        if not listing.items:
            raise AbsentError(f"{entry.name}: there is nothing: check the name")
        if kept is not None and entry.manifest() == _Manifest(self.uri, entry.prefix, listing):
            entry.tidy()
            return kept
        return _Filling(self._remote, entry, listing, self._patience, progress).run()


@dataclass(frozen=True, slots=True)
class _Manifest:
    """What one entry serves."""

    uri: str
    prefix: str
    listing: Listing

    @property
    def version(self) -> str:
        return hashlib.sha256(self.to_json()).hexdigest()[:16]

    def to_json(self) -> bytes:
        rows = [[item.path, item.size, item.tag] for item in self.listing.items]
        fields = {"uri": self.uri, "prefix": self.prefix, "is_file": self.listing.is_file, "files": rows}
        return json.dumps(fields, ensure_ascii=False, indent=1).encode()

    def local(self, item: Item) -> str:
        """Return an item's path relative to the version's folder."""
        if self.listing.is_file:
            return item.path.rpartition("/")[2]
        return item.path[len(self.prefix) :].lstrip("/")


def _read(path: Path) -> _Manifest | None:
    """Return the manifest in a file; None where there is none, or no longer a whole one."""
    try:
        fields = json.loads(path.read_bytes())
        items = files.checked((Item(str(row[0]), int(row[1]), str(row[2])) for row in fields["files"]), str(path))
        return _Manifest(str(fields["uri"]), str(fields["prefix"]), Listing(items, bool(fields["is_file"])))
    except (OSError, ValueError, LookupError, TypeError, SourceError):
        return None


class _Entry:
    """One prefix of one source, as the cache keeps it."""

    def __init__(self, shelf: Path, uri: str, prefix: str, endings: tuple[str, ...] = ()) -> None:
        self.prefix = prefix
        self._endings = endings
        self.name = f"{uri}: {prefix}" if prefix else uri
        readable = re.sub(r"[^A-Za-z0-9.]+", "-", f"{uri} {prefix}".partition("://")[2]).strip("-.")[-60:]
        identity = "\n".join((uri, prefix, *endings))
        self.folder = shelf / f"{readable}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"

    def chosen(self, listing: Listing) -> Listing:
        """Return those files of a listing that belong here."""
        if not self._endings:
            return listing
        return replace(listing, items=tuple(item for item in listing.items if item.path.endswith(self._endings)))

    def manifest(self) -> _Manifest | None:
        return _read(self.folder / "manifest.json")

    def place(self) -> Path | None:
        """Return the complete set, or its only file; None where anything of it is missing."""
        manifest = self.manifest()
        if manifest is None:
            return None
        folder = self.folder / manifest.version
        places = [folder / manifest.local(item) for item in manifest.listing.items]
        if not all(_has_size(place, item.size) for place, item in zip(places, manifest.listing.items, strict=True)):
            return None
        return places[0] if manifest.listing.is_file else folder

    def tidy(self, *, also_keep: str = "") -> None:
        """Remove sets that are no longer served, and what broke off on its way."""
        manifest = self.manifest()
        kept = {manifest.version if manifest else "", also_keep}
        for path in self.folder.iterdir():
            if path.is_dir() and path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)


class _Filling:
    """The making of one version."""

    def __init__(
        self, remote: Remote, entry: _Entry, listing: Listing, patience: Patience, progress: Progress | None
    ) -> None:
        self._remote = remote
        self._entry = entry
        self._manifest = _Manifest(remote.uri, entry.prefix, listing)
        self._folder = entry.folder / self._manifest.version
        self._patience = patience
        self._progress = progress
        self._total = sum(item.size for item in listing.items)

    def run(self) -> Path:
        """Bring what is missing; serve the new version when it is complete."""
        before = self._entry.manifest()
        self._take_over(before)
        items = self._manifest.listing.items
        missing = [item for item in items if not _has_size(self._target(item), item.size)]
        self._check_room(missing)
        done = self._total - sum(item.size for item in missing)
        self._report(done)
        for item in missing:
            self._receive(item, done)
            done += item.size
        write_whole(self._entry.folder / "manifest.json", self._manifest.to_json())
        self._entry.tidy(also_keep=before.version if before else "")
        return self._target(items[0]) if self._manifest.listing.is_file else self._folder

    def _target(self, item: Item) -> Path:
        return self._folder / self._manifest.local(item)

    def _part(self, item: Item) -> Path:
        identity = f"{item.path}\0{item.size}\0{item.tag}"
        return self._entry.folder / "partial" / hashlib.sha256(identity.encode()).hexdigest()[:32]

    def _take_over(self, before: _Manifest | None) -> None:
        """Link what has not changed since the version before."""
        if before is None:
            return
        unchanged = set(before.listing.items) & set(self._manifest.listing.items)
        for item in unchanged:
            target = self._target(item)
            target.parent.mkdir(parents=True, exist_ok=True)
            # Where that fails, the file is downloaded again: it is lost, it is here already, or the disk has no links.
            with suppress(OSError):
                target.hardlink_to(self._entry.folder / before.version / before.local(item))

    def _check_room(self, missing: list[Item]) -> None:
        arrived = sum(part.stat().st_size for part in map(self._part, missing) if part.exists())
        needed = sum(item.size for item in missing) - arrived
        free = shutil.disk_usage(self._entry.folder).free
        if needed > free:
            raise SourceError(
                f"{self._entry.folder}: {self._entry.name} needs {-(-needed >> 20)} MiB and the disk has {free >> 20}: "
                f"make room, or {_REMEDY}"
            )

    def _receive(self, item: Item, done: int) -> None:
        part, target = self._part(item), self._target(item)
        part.parent.mkdir(exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        receive(self._remote, item, part, self._patience, lambda arrived: self._report(done + arrived))
        part.replace(target)

    def _report(self, done: int) -> None:
        if self._progress is not None:
            self._progress(Transfer(self._entry.name, done, self._total))


def _has_size(path: Path, size: int) -> bool:
    """Say whether a file is there and whole."""
    try:
        return path.is_file() and path.stat().st_size == size
    except OSError:
        return False
