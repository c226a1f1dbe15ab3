"""CacheEntry: one folder of one source in the cache, and the manifest that lists its files."""

import hashlib
import json
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from wyoming_hayakoe.disk import read_regular
from wyoming_hayakoe.sources import files
from wyoming_hayakoe.sources.source import Item, Listing, SourceError

# Bytes: 10,000 files with the longest names that are allowed.
_LARGEST_MANIFEST = 16 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files of one complete set."""

    uri: str
    prefix: str
    listing: Listing

    @property
    def version(self) -> str:
        """The name of its folder: another set, another name."""
        return hashlib.sha256(self.to_json()).hexdigest()[:16]

    def to_json(self) -> bytes:
        """Return what manifest.json holds."""
        rows = [[item.path, item.size, item.tag] for item in self.listing.items]
        fields = {"uri": self.uri, "prefix": self.prefix, "is_file": self.listing.is_file, "files": rows}
        return json.dumps(fields, ensure_ascii=False, indent=1).encode()

    def local(self, item: Item) -> str:
        """Return an item's path relative to the version's folder."""
        if self.listing.is_file:
            return item.path.rpartition("/")[2]
        return item.path[len(self.prefix) :].lstrip("/")


def read_manifest(path: Path) -> Manifest | None:
    """Return the manifest in a file; None where there is none, or no longer a whole one."""
    try:
        fields = json.loads(read_regular(path, _LARGEST_MANIFEST))
        items = files.checked(
            (Item(str(row[0]), None if row[1] is None else int(row[1]), str(row[2])) for row in fields["files"]),
            str(path),
        )
        return Manifest(str(fields["uri"]), str(fields["prefix"]), Listing(items, bool(fields["is_file"])))
    except (OSError, ValueError, ArithmeticError, LookupError, TypeError, RecursionError, SourceError):
        return None


class CacheEntry:
    """One prefix of one source in the cache; only whole sets are in its manifest."""

    def __init__(self, shelf: Path, uri: str, prefix: str, endings: tuple[str, ...] = ()) -> None:
        self.prefix = prefix
        self._endings = endings
        self.name = f"{uri}: {prefix}" if prefix else uri
        readable = re.sub(r"[^A-Za-z0-9.]+", "-", f"{uri} {prefix}".partition("://")[2]).strip("-.")[-60:]
        identity = "\n".join((uri, prefix, *endings))
        self.folder = shelf / f"{readable}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"

    def chosen(self, listing: Listing) -> Listing:
        """Return a listing without the files whose names end otherwise than this entry takes."""
        if not self._endings:
            return listing
        return replace(listing, items=tuple(item for item in listing.items if item.path.endswith(self._endings)))

    def manifest(self) -> Manifest | None:
        """Return what is served; None where that is nothing."""
        return read_manifest(self.folder / "manifest.json")

    def place(self) -> Path | None:
        """Return the complete set, or its only file; None where anything of it is missing."""
        manifest = self.manifest()
        if manifest is None:
            return None
        folder = self.folder / manifest.version
        places = [folder / manifest.local(item) for item in manifest.listing.items]
        if not all(has_size(place, item.size) for place, item in zip(places, manifest.listing.items, strict=True)):
            return None
        return places[0] if manifest.listing.is_file else folder

    def forget(self) -> None:
        """Remove the manifest; the files are removed with the next set."""
        with suppress(OSError):
            (self.folder / "manifest.json").unlink(missing_ok=True)

    def tidy(self, *, also_keep: str = "") -> None:
        """Remove older sets and unfinished downloads."""
        manifest = self.manifest()
        kept = {manifest.version if manifest else "", also_keep}
        for path in self.folder.iterdir():
            if path.is_dir() and path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)


def has_size(path: Path, size: int | None) -> bool:
    """Return whether a file exists with the listed size. A file gets its name when it is complete."""
    try:
        return path.is_file() and size in {None, path.stat().st_size}
    except OSError:
        return False
