"""Networks that were really trained, for tests of what becomes of them."""

import fcntl
import hashlib
import os
import shutil
import time
from pathlib import Path

from tests.publish.shared import CHECKOUT, peer_python, run_alone

NAME = "trained-jp"
"""The voice of :func:`trained_repository`."""

_MAKER = CHECKOUT / "script" / "make_test_repo"
_KEPT_SECONDS = 7 * 24 * 3600


def trained_repository() -> Path:
    """Return a tiny repository whose decoder is a trained one, or skip the test where the peer is not installed.

    It is made once for all runs, in ~/.cache/wyoming-hayakoe ($XDG_CACHE_HOME), for each state of the sources.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "wyoming-hayakoe"
    folder = cache / f"trained-{_checksum()}"
    done = folder / "made"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "trained.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            run_alone(_MAKER, "--size", "tiny", "--decoder", "trained", "--no-checkpoint", folder)
        done.touch()
        _remove_unused(cache)
    return folder


def _checksum() -> str:
    sources = [_MAKER, *(CHECKOUT / "script" / "trained").glob("*.py"), *(CHECKOUT / "wyoming_hayakoe").rglob("*.py")]
    checksum = hashlib.sha256(str(peer_python().resolve()).encode())
    for path in sorted(sources):
        checksum.update(path.read_bytes())
    return checksum.hexdigest()[:16]


def _remove_unused(cache: Path) -> None:
    for done in cache.glob("trained-*/made"):
        if time.time() - done.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(done.parent)
