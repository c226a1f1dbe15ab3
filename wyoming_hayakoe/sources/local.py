"""A repository in a folder of this machine."""

from pathlib import Path
from urllib.parse import unquote

from wyoming_hayakoe.errors import HayakoeError


class LocalSource:
    """Gives the files themselves, without a copy."""

    is_local = True

    def __init__(self, root: Path) -> None:
        self._root = root if root.exists() else Path(unquote(str(root)))
        self.uri = self._root.absolute().as_uri()

    def list(self, prefix: str = "") -> list[str]:
        """Return the paths of all files below ``prefix``, relative to the folder, sorted."""
        files = (path for path in (self._root / prefix).rglob("*") if path.is_file())
        return sorted(path.relative_to(self._root).as_posix() for path in files)

    def fetch(self, prefix: str) -> Path:
        """Return the folder ``prefix``.

        Raises:
            HayakoeError: there is none.
        """
        folder = self._root / prefix
        if not folder.is_dir():
            raise HayakoeError(f"{folder}: there is no such folder: name a HayaKoe repository, which has {prefix}")
        return folder
