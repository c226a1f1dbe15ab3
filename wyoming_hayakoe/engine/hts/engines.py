"""HTS engines of one .htsvoice file: as many are loaded as speak at the same time."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from wyoming_hayakoe.disk import nameless, read_regular
from wyoming_hayakoe.engine.hts.distributions import LARGEST, check_file, with_intonation
from wyoming_hayakoe.engine.hts.header import DamagedError
from wyoming_hayakoe.errors import HayakoeError

if TYPE_CHECKING:
    from pyopenjtalk.htsengine import HTSEngine

# The engine has no setting for intonation: each value is a file with other numbers, loaded in 5 ms into 1.2 MB.
_MOST_CHANGED = 2
# A file without any variance would have none to divide by; a fiftieth of the intonation is monotone.
_LEAST_INTONATION = 0.02


class EnginePool:
    """Engines of one file, each lent to one caller at a time. Safe to use from several threads."""

    def __init__(self, path: Callable[[], Path]) -> None:
        """Load none yet; ``path`` returns the file, or raises a HayakoeError where it may not be loaded."""
        self._path = path
        self._lock = threading.Lock()
        self._idle: list[HTSEngine] = []
        self._changed: list[tuple[float, HTSEngine]] = []
        self.is_loaded = False
        """Whether an engine is in memory."""

    @contextmanager
    def lent(self, intonation: float = 1.0) -> "Iterator[HTSEngine]":
        """Lend an engine that nobody else uses meanwhile.

        Args:
            intonation: factor on the deviation of the fundamental frequency from its mean.

        Raises:
            HayakoeError: none can be loaded.
        """
        engine = self._taken(intonation) or self._loaded(intonation)
        self.is_loaded = True
        try:
            yield engine
        finally:
            with self._lock:
                if intonation == 1.0:
                    self._idle.append(engine)
                else:
                    self._changed = [*self._changed, (intonation, engine)][-_MOST_CHANGED:]

    @contextmanager
    def made(self, data: bytes) -> "Iterator[HTSEngine]":
        """Lend an engine of a file that was made of the pool's own, for one breath group.

        Raises:
            HayakoeError: it cannot be loaded.
        """
        self._path()
        with nameless(data) as path:
            yield load(path)

    def _taken(self, intonation: float) -> "HTSEngine | None":
        """Return an idle engine, which leaves the pool; None where there is none."""
        with self._lock:
            if intonation == 1.0:
                return self._idle.pop() if self._idle else None
            at = next((at for at, (value, _) in enumerate(self._changed) if value == intonation), None)
            return None if at is None else self._changed.pop(at)[1]

    def _loaded(self, intonation: float) -> "HTSEngine":
        path = self._path()
        if intonation == 1.0:
            return load(path)
        with nameless(intoned(read_checked(path), intonation)) as changed:
            return load(changed)


def intoned(data: bytes, intonation: float) -> bytes:
    """Return a whole, checked file with the factor on the deviation of the fundamental frequency from its mean."""
    return data if intonation == 1.0 else with_intonation(data, max(intonation, _LEAST_INTONATION))


def load(path: Path) -> "HTSEngine":
    """Return an engine with a file, which must have been checked: the engine's C code trusts it.

    Raises:
        HayakoeError: the engine refuses it.
    """
    try:
        from pyopenjtalk.htsengine import HTSEngine  # takes a quarter of a second

        return HTSEngine(os.fsencode(path))
    except (ImportError, OSError, RuntimeError) as error:
        raise HayakoeError(f"{path}: cannot be loaded by the HTS engine ({error}): fetch the voice again") from error


def read_checked(path: Path) -> bytes:
    """Return the whole content of a file, checked.

    Raises:
        HayakoeError: it cannot be read, or is not what it should be.
    """
    try:
        data = read_regular(path, LARGEST)
        check_file(data)
    except OSError as error:
        raise HayakoeError(f"{path}: cannot be read ({error.strerror}): fetch the voice again") from None
    except DamagedError as error:
        raise HayakoeError(f"{path}: {error}") from None
    return data
