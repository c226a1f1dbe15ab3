"""Progress of an upload: one bar by bytes over all its files."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path

from wyoming_hayakoe.sources.source import Progress, Transfer


class SentFile(io.BufferedReader):
    """A local file that reports how much of it has been read, from :meth:`begin` on.

    Libraries read a file for its checksum before they read it again to send it.
    """

    def __init__(self, path: Path, report: Callable[[int], None]) -> None:
        """Open the file; ``report`` takes the position in it after each piece.

        Raises:
            OSError: it cannot be opened.
        """
        super().__init__(io.FileIO(path))
        self._report = report
        self._is_sent = False

    def begin(self) -> None:
        """Report from now on."""
        self._is_sent = True

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as any file does."""
        data = super().read(size)
        if self._is_sent:
            self._report(self.tell())
        return data


class Sending:
    """Progress of the upload of some files, one after another."""

    def __init__(self, ours: Mapping[str, Path], uri: str, progress: Progress | None) -> None:
        """Take local files by their paths at the source ``uri``.

        Raises:
            OSError: a file is not there.
        """
        self._sizes = {name: path.stat().st_size for name, path in ours.items()}
        self._total = sum(self._sizes.values())
        self._uri = uri
        self._progress = progress
        self._done = 0

    def open(self, path: Path) -> SentFile:
        """Open the file that is sent next; what is read of it counts, from :meth:`SentFile.begin` on."""
        return SentFile(path, lambda position: self._tell(self._done + position))

    def sent(self, name: str) -> None:
        """Count a whole file."""
        self._done += self._sizes[name]
        self._tell(self._done)

    def end(self) -> None:
        """Report the end: the files are in their places."""
        if self._progress is not None:
            self._progress(Transfer(self._uri, self._total, self._total, "uploading"))

    def _tell(self, done: int) -> None:
        # The last byte counts when the files are in their places.
        if self._progress is not None and done < self._total:
            self._progress(Transfer(self._uri, done, self._total, "uploading"))
