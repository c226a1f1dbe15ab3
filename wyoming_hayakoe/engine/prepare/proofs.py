"""Proofs that graphs can be loaded: each is made once, by loading and running the graph in a bounded process.

A graph may come from anybody, and can take all memory, run for ever, or end the process that loads it. So no process
that does anything else loads one without a proof. Below ``compiled/proofs`` in the data directory is one file for each
content, proof and version of this program and of ONNX Runtime: what passed, and what never will.
"""

import hashlib
import importlib
import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wyoming_hayakoe.disk import read_regular, write_record
from wyoming_hayakoe.engine.graphs.model_file import model_files
from wyoming_hayakoe.engine.prepare import proving
from wyoming_hayakoe.engine.prepare.artifact import content_hash
from wyoming_hayakoe.engine.runtime.bounds import most_memory
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.version import __version__

_LOGGER = logging.getLogger(__name__)

Prove = Callable[[Path], None]
"""Checks, loads and runs a graph, or another model; raises HayakoeError where it fails. A module's function, since
another process calls it by its name."""

# Memory and time of a proof by the size of the graph. A full-size voice takes 1.5 GB and 7 s on a fast machine, the
# BERT 2 GB and 5 s; a Raspberry Pi 4 takes ten times as long, and others may be computing on it.
_MEMORY, _MEMORY_FACTOR = 1 << 30, 8
_SECONDS, _SECONDS_PER_MEGABYTE = 120.0, 2.0

_ONNX_RUNTIME = "onnxruntime"

_LARGEST = 1 << 16
"""Bytes of a proof's file at most."""

# Seconds until what failed is tried again: memory may have been short, or the machine busy.
_RETRY = 600.0

# Shared by all objects of this process: a content needs one proof, in whichever folder that is kept.
_KNOWN: "dict[str, Verdict]" = {}
_PROVING = threading.Lock()


class UnprovedError(HayakoeError):
    """A graph has no proof, and cannot be loaded therefore."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of trying a graph."""

    reason: str
    """Why it does not pass; "" where it does."""

    until: float | None = None
    """When it is worth another try, in seconds since 1970; None for never."""

    @property
    def holds(self) -> bool:
        """Whether it need not be tried again yet."""
        # A clock that was set back must not let a failure hold for years.
        return self.until is None or 0.0 <= self.until - time.time() <= _RETRY

    @classmethod
    def of_failure(cls, reason: str) -> "Verdict":
        """Return that of a failure that may pass."""
        return cls(reason, time.time() + _RETRY)


class Proofs:
    """The proofs in one data directory. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        """Keep them, and the hashes of contents, below ``folder``, which need not exist yet."""
        self._folder = folder / "proofs"
        self._hashes = folder / "hashes"

    def has(self, model: Path, prove: Prove, runtime: str = _ONNX_RUNTIME) -> bool:
        """Return whether a model has passed; False where only reading all of it could tell. See :meth:`require`.

        Raises:
            HayakoeError: the graph cannot be read.
        """
        content = content_of(model, self._hashes, only_remembered=True)
        known = self._known(_key(content, prove, runtime)) if content is not None else None
        return known is not None and not known.reason

    def require(self, model: Path, prove: Prove, runtime: str = _ONNX_RUNTIME) -> None:
        """Return if a model passes, which is tried unless the result is known.

        Args:
            model: the graph's file, or another kind of model's.
            prove: what tries it.
            runtime: the module that computes with it; another version of it needs another proof.

        Raises:
            UnprovedError: it does not pass.
            HayakoeError: the graph cannot be read.
        """
        content = content_of(model, self._hashes)
        if content is None:
            raise HayakoeError(f"{model}: is missing: fetch the voice again")
        key = _key(content, prove, runtime)
        if (verdict := self._known(key)) is None:
            with _PROVING:
                if (verdict := self._known(key)) is None:
                    verdict = try_in_child(model, prove)
        # Another folder may have it already, and what is kept in this one may be damaged.
        if self._kept(key) != verdict:
            self._keep(key, verdict)
        if verdict.reason:
            raise UnprovedError(f"{model}: {verdict.reason}")

    def _known(self, key: str) -> Verdict | None:
        """Return what came of trying a graph; None where that is not known, or worth another try."""
        for verdict in (_KNOWN.get(key), self._kept(key)):
            if verdict is not None and verdict.holds:
                _KNOWN[key] = verdict
                return verdict
        return None

    def _kept(self, key: str) -> Verdict | None:
        try:
            found = json.loads(read_regular(self._folder / key, _LARGEST))
            until = found["until"]
            return Verdict(str(found["reason"]), None if until is None else float(until))
        except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError):
            return None

    def _keep(self, key: str, verdict: Verdict) -> None:
        _KNOWN[key] = verdict
        # Where nothing can be kept, each start proves anew.
        with suppress(OSError):
            write_record(self._folder / key, json.dumps(asdict(verdict), ensure_ascii=False).encode())


def try_in_child(model: Path, prove: Prove) -> Verdict:
    """Return what comes of trying a graph in a process of its own, which ends with this one."""
    size = sum(path.stat().st_size for path in model_files(model))
    memory = min(_MEMORY + _MEMORY_FACTOR * size, most_memory())
    seconds = _SECONDS + _SECONDS_PER_MEGABYTE * (size >> 20)
    run = f"from {proving.__name__} import main; main()"
    command = [sys.executable, "-c", run, prove.__module__, prove.__qualname__, str(model), str(memory)]
    _LOGGER.debug("%s: is loaded in a process of its own, with %d MB and %.0f s", model, memory >> 20, seconds)
    try:
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return Verdict.of_failure(f"takes more than {seconds:.0f} s to be loaded and to speak: choose another voice")
    except OSError as error:
        return Verdict.of_failure(f"the process that tries it cannot be started ({error.strerror})")
    return _verdict(ran, memory)


def _verdict(ran: "subprocess.CompletedProcess[bytes]", memory: int) -> Verdict:
    if ran.returncode < 0:
        # Also libraries that get no memory end so.
        return Verdict.of_failure(
            f"ends the process that loads it ({_signal(-ran.returncode)}; {memory >> 20} MB): choose another voice"
        )
    try:
        said: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
        reason, kind = str(said["reason"]), str(said["kind"])
    except (ValueError, LookupError, TypeError, RecursionError):
        words = ran.stderr.decode(errors="replace").strip().splitlines()
        return Verdict.of_failure(
            f"cannot be tried in a process of its own ({words[-1][:200] if words else f'code {ran.returncode}'})"
        )
    if kind == proving.OUT_OF_MEMORY:
        return Verdict.of_failure(f"needs more than {memory >> 20} MB to be loaded and to speak: choose another voice")
    return Verdict.of_failure(reason) if kind == proving.FAILED else Verdict(reason)


def _signal(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def content_of(model: Path, memo: Path, *, only_remembered: bool = False) -> str | None:
    """Return the hash of a graph with its external data, see :func:`content_hash`; None where there is no such file.

    Raises:
        HayakoeError: the graph cannot be read.
    """
    return content_of_files(model_files(model), model, memo, only_remembered=only_remembered)


def content_of_files(files: Sequence[Path], model: Path, memo: Path, *, only_remembered: bool = False) -> str | None:
    """Return the hash of what the files of a graph hold, see :func:`content_hash`; None where there are none.

    Raises:
        HayakoeError: one cannot be read; it names ``model``.
    """
    try:
        return content_hash(files, memo, only_remembered=only_remembered) if files else None
    except OSError as error:
        raise HayakoeError(f"{model}: cannot be read ({error.strerror}): fetch the voice again") from None


def _key(content: str, prove: Prove, runtime: str) -> str:
    """Return the name of a proof's file."""
    version = importlib.import_module(runtime).__version__
    decisive = (content, prove.__module__, prove.__qualname__, __version__, version)
    return hashlib.sha256(repr(decisive).encode()).hexdigest()[:32]
