"""Voices on this machine's disk or on a mounted one: used in place, never copied."""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import unquote_to_bytes

from wyoming_hayakoe.disk import one_line_errors
from wyoming_hayakoe.errors import HayakoeError, UsageError
from wyoming_hayakoe.folders import shown
from wyoming_hayakoe.sources import files
from wyoming_hayakoe.sources.sending import Sending
from wyoming_hayakoe.sources.source import AbsentError, Paths, Progress, SourceError

FORMS = "file:///PATH, or a path that begins with /, ./, ../ or ~"

_FILE = re.compile(r"file://(?:localhost)?(/[^?#]*)(?:[?#].*)?", re.DOTALL)
_BEGINNINGS = ("/", "./", "../", "~")
_ANOTHER = "name another place"


def recognise(text: str) -> Path | None:
    """Return the absolute path that a URI or bare path names, None where it is of another kind.

    A bare path is recognised by its beginning, whatever the disk holds: ``a/b`` is none, ``./a/b`` is one.
    """
    if text.startswith("file:"):
        named = _FILE.fullmatch(text)
        if named is None:
            raise UsageError(f"{text!r} names no file of this machine: write file:///PATH")
        # Bytes, as the disk has them: a name need not be UTF-8.
        path = Path(os.fsdecode(unquote_to_bytes(named[1].encode(errors="surrogatepass"))))
    elif text.startswith(_BEGINNINGS) or text in {".", ".."}:
        path = Path(text)
    else:
        return None
    if "\0" in str(path) or not _is_encodable(path):
        raise UsageError(f"{text!r} is no path")
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise UsageError(f"{text!r}: that user has no home directory: write the whole path") from error


class LocalSource:
    """A folder, or a file that is a voice."""

    def __init__(self, root: Path) -> None:
        """Use the absolute path ``root``; the disk is not read yet."""
        self._root = root

    @property
    def uri(self) -> str:
        """``file://`` and the path, percent-encoded."""
        return self._root.as_uri()

    def snapshot(self) -> Self:
        """Return this source: a disk gets no requests."""
        return self

    def list(self, prefix: str = "") -> Paths:
        """Return the paths of the files below a prefix; for a source that is a file, its name and what belongs to it.

        What cannot be read is left out; where nothing else is there, that is an error.
        """
        place = self.fetch(prefix)
        if place.is_file():
            return _with_configuration(place) if place == self._root else [place.relative_to(self._root).as_posix()]
        tree = files.tree_below(place)
        above = "" if place == self._root else f"{place.relative_to(self._root).as_posix()}/"
        paths = [f"{above}{path}" for path in tree.files if files.is_safe(path)]
        if not paths:
            for path, reason in tree.left_out.items():
                raise SourceError(f"{shown(place / path)}: {reason}")
        return paths

    def fetch(self, prefix: str, progress: Progress | None = None, *, endings: tuple[str, ...] = ()) -> Path:
        """Return the place itself."""
        with one_line_errors(self._root, _ANOTHER):
            place = self._place(prefix)
        with one_line_errors(place, _ANOTHER):
            try:
                mode = place.stat().st_mode
            except (FileNotFoundError, NotADirectoryError):
                raise AbsentError(f"{shown(place)}: there is no such file or folder: check the path") from None
        is_folder = stat.S_ISDIR(mode)
        if not is_folder and not stat.S_ISREG(mode):
            raise SourceError(f"{shown(place)}: is no regular file: {_ANOTHER}")
        if not os.access(place, os.R_OK | (os.X_OK if is_folder else 0)):
            raise SourceError(f"{shown(place)}: may not be read: change its owner or permissions")
        return place

    def fetch_optional(self, prefix: str) -> Path | None:
        """Return the place itself if it can be read, else None."""
        return self.cached(prefix)

    def cached(self, prefix: str, *, endings: tuple[str, ...] = ()) -> Path | None:
        """Return the place itself if it can be read, else None."""
        try:
            return self.fetch(prefix)
        except HayakoeError:
            return None

    def upload(self, parts: Mapping[str, Path], progress: Progress | None = None) -> None:
        """Copy all files beside the old ones, then rename them to their places."""
        parts = {files.named_prefix(prefix): place for prefix, place in parts.items()}
        with one_line_errors(self._root, _ANOTHER):
            ours = files.gathered(parts)
            sending = Sending(ours, self.uri, progress)
            self._root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._root, prefix=".incoming-") as staging:
                staged = {name: Path(staging, str(number)) for number, name in enumerate(ours)}
                for name, path in ours.items():
                    shutil.copyfile(path, staged[name])
                    sending.sent(name)
                for name, path in staged.items():
                    (self._root / name).parent.mkdir(parents=True, exist_ok=True)
                    path.replace(self._root / name)
            for prefix in parts:
                self._clear(prefix, ours)
            sending.end()

    def check_upload(self) -> None:
        """Check that files may be written into the folder, or into the nearest one above where it is missing."""
        with one_line_errors(self._root, _ANOTHER):
            place = next(place for place in (self._root, *self._root.parents) if os.path.lexists(place))
            if not stat.S_ISDIR(place.stat().st_mode):
                raise SourceError(f"{shown(place)}: is no folder: {_ANOTHER}")
        if not os.access(place, os.W_OK | os.X_OK):
            raise SourceError(f"{shown(place)}: may not be written: change its owner or permissions, or {_ANOTHER}")

    def delete(self, prefix: str) -> None:
        """Delete a folder or file below the root."""
        target = self._root / files.named_prefix(prefix)
        with one_line_errors(target, _ANOTHER):
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)

    def _clear(self, prefix: str, ours: Mapping[str, Path]) -> None:
        """Remove the files below a prefix that are not ``ours``, and then the empty folders."""
        target = self._root / prefix
        if not target.is_dir():
            return
        for relative, path in files.files_below(target).items():
            if f"{prefix}/{relative}" not in ours:
                path.unlink()
        for emptied in sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True):
            if not emptied.is_symlink() and not any(emptied.iterdir()):
                emptied.rmdir()

    def _place(self, prefix: str) -> Path:
        cleaned = files.clean_prefix(prefix)
        # A source that is a file lists its own name, which is therefore a prefix as well.
        return self._root if cleaned == self._root.name and self._root.is_file() else self._root / cleaned


def _with_configuration(file: Path) -> list[str]:
    """Return the name of a file, and of the configuration beside it where it is a graph of Piper."""
    beside = (f"{file.name}.json", "config.json") if file.suffix == ".onnx" else ()
    return [file.name, *(name for name in beside if (file.parent / name).is_file())]


def _is_encodable(path: Path) -> bool:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True
