"""Where voices come from."""

from pathlib import Path
from typing import Protocol

from wyoming_hayakoe.errors import UsageError
from wyoming_hayakoe.sources.local import LocalSource


class Source(Protocol):
    """A repository of voices."""

    uri: str
    """Where it is, without secrets."""

    is_local: bool
    """Whether its files are on this machine already."""

    def list(self, prefix: str = "") -> list[str]:
        """Return the paths of all files below ``prefix``, relative to the repository, sorted."""

    def fetch(self, prefix: str) -> Path:
        """Return a local folder that holds everything below ``prefix``.

        Raises:
            HayakoeError: there is nothing, or it cannot be had.
        """


def open_source(uri: str) -> Source:
    """Return the repository at ``uri``: file:///PATH or a path.

    Raises:
        UsageError: it is no such thing.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return LocalSource(Path(uri).expanduser())
    if scheme == "file" and rest.startswith("/"):
        return LocalSource(Path(rest))
    raise UsageError(f"{uri!r} is no place for voices: give file:///PATH or a path")
