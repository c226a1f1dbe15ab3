"""CacheUpdate: fetches the files of one set into the cache."""

import hashlib
import shutil
from contextlib import suppress
from pathlib import Path

from wyoming_hayakoe.disk import write_whole
from wyoming_hayakoe.sources.cache_entry import CacheEntry, Manifest, has_size
from wyoming_hayakoe.sources.files import known_size
from wyoming_hayakoe.sources.source import Item, Listing, Patience, Progress, Remote, SourceError, Transfer
from wyoming_hayakoe.sources.transfer import receive


class CacheUpdate:
    """Fetches one set, file by file; what has arrived before is kept."""

    def __init__(
        self, remote: Remote, entry: CacheEntry, listing: Listing, patience: Patience, progress: Progress | None
    ) -> None:
        self._remote = remote
        self._entry = entry
        self._manifest = Manifest(remote.uri, entry.prefix, listing)
        self._folder = entry.folder / self._manifest.version
        self._patience = patience
        self._progress = progress
        self._total = known_size(listing.items)

    def run(self) -> Path:
        """Fetch the missing files, then replace the manifest; return the folder or file."""
        before = self._entry.manifest()
        self._take_over(before)
        items = self._manifest.listing.items
        missing = [item for item in items if not has_size(self._target(item), item.size)]
        self._check_room(missing)
        done = sum(self._target(item).stat().st_size for item in items if item not in missing)
        self._report(done)
        for item in missing:
            self._receive(item, done)
            done += self._target(item).stat().st_size
        write_whole(self._entry.folder / "manifest.json", self._manifest.to_json())
        self._entry.tidy(also_keep=before.version if before else "")
        return self._target(items[0]) if self._manifest.listing.is_file else self._folder

    def _target(self, item: Item) -> Path:
        return self._folder / self._manifest.local(item)

    def _part(self, item: Item) -> Path:
        identity = f"{item.path}\0{item.size}\0{item.tag}"
        return self._entry.folder / "partial" / hashlib.sha256(identity.encode()).hexdigest()[:32]

    def _take_over(self, before: Manifest | None) -> None:
        """Link the files that are the same as in the set before."""
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
        needed = known_size(missing) - arrived
        free = shutil.disk_usage(self._entry.folder).free
        if needed > free:
            raise SourceError(
                f"{self._entry.folder}: {self._entry.name} needs {-(-needed >> 20)} MiB and the disk has {free >> 20}: "
                f"make room, or choose another --data-dir"
            )

    def _receive(self, item: Item, done: int) -> None:
        part, target = self._part(item), self._target(item)
        part.parent.mkdir(exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        receive(self._remote, item, part, self._patience, lambda arrived: self._report(done + arrived))
        part.replace(target)

    def _report(self, done: int) -> None:
        if self._progress is not None:
            # Files whose sizes are not listed are known when they are here.
            self._progress(Transfer(self._entry.name, done, max(done, self._total)))
