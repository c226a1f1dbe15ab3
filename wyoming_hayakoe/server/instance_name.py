"""The name of this server in zeroconf: made for this machine, and kept once it was taken in a conflict.

Home Assistant recognises a server by this name, so an update, a restart or a new address must not change it.
"""

import contextlib
import hashlib
import logging
import re
import socket
import uuid
from pathlib import Path

from wyoming_hayakoe.disk import read_start, remove, write_record

_LOGGER = logging.getLogger(__name__)

# A name has 63 bytes at most.
_LARGEST = 1000


class InstanceName:
    """The wanted name, or the wanted name with the number that a conflict added to it."""

    def __init__(self, wanted: str, file: Path | None = None) -> None:
        """Want ``wanted``; ``file`` keeps the name of a conflict over restarts, None keeps it in this process."""
        self.wanted = wanted
        self._file = file
        self.current = _kept_in(file, wanted) or wanted
        """The name to try first."""

    def keep(self, name: str) -> None:
        """Make ``name``, which was registered, the name to try first from now on."""
        if name == self.current:
            return
        self.current = name
        if self._file is None:
            return
        try:
            if name == self.wanted:
                remove(self._file)
            else:
                write_record(self._file, name.encode())
        except OSError as error:
            _LOGGER.warning(
                "zeroconf: %s: %s: the name %s may change at the next start: make the folder writable, or use --name",
                self._file,
                error.strerror,
                name,
            )


def kept_name_file(data_dir: Path, port: int) -> Path:
    """Return the file of a data folder that keeps the name of the server on ``port``."""
    return data_dir / f"zeroconf-name-{port}"


def _kept_in(file: Path | None, wanted: str) -> str | None:
    """Return the name in ``file`` if it is ``wanted`` with a number, else None."""
    if file is None:
        return None
    try:
        kept = read_start(file, _LARGEST).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return kept if re.fullmatch(re.escape(wanted) + r"-[0-9]{1,9}", kept) else None


def default_name(port: int) -> str:
    """Return the name of the server on ``port`` of this machine; no other machine has it."""
    digest = hashlib.sha256(f"wyoming-hayakoe {_machine_id()}".encode()).hexdigest()[:8]
    return f"hayakoe-{digest}" if port == 10200 else f"hayakoe-{digest}-{port}"


def _machine_id() -> str:
    """Return the identity of this machine: systemd's machine id, else its hardware address."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        with contextlib.suppress(OSError):
            if identity := Path(path).read_text(encoding="ascii", errors="replace").strip():
                return identity
    node = uuid.getnode()
    # Without a hardware address the number is random, and marked so by the multicast bit (RFC 4122, 4.5).
    return socket.gethostname() if node >> 40 & 1 else f"{node:012x}"
