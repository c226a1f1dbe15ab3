"""A voice of Kokoro that is prepared once for all tests, since that takes a quarter of a minute."""

import fcntl
import hashlib
import os
import shutil
import time
from functools import lru_cache
from pathlib import Path

import pytest

from tests.support import FRONT_END
from wyoming_hayakoe import engine
from wyoming_hayakoe.engine.kokoro import voice_files
from wyoming_hayakoe.engine.kokoro.voice import KokoroVoice
from wyoming_hayakoe.engine.prepare.compiler import Compiler
from wyoming_hayakoe.engine.prepared_voice import Resources
from wyoming_hayakoe.engine.runtime.model_cache import ModelCache
from wyoming_hayakoe.engine.runtime.session import Execution

NAME = "kokoro-alpha"
"""The voice of :func:`prepared`."""

_KEPT_SECONDS = 7 * 24 * 3600


def needs_kokoro() -> None:
    """Skip the test where the extra [kokoro] is not installed."""
    if not voice_files.is_installed():
        pytest.skip(f"Kokoro's voices are not installed: {voice_files.INSTALL}")


def prepared() -> Path:
    """Return a data folder with the form of :data:`NAME` for this machine; tests may read it, and add levels.

    It is made once for all runs, in ~/.cache/wyoming-hayakoe ($XDG_CACHE_HOME), for each state of the engine.
    """
    needs_kokoro()
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "wyoming-hayakoe"
    folder = cache / f"kokoro-{_checksum()}"
    done = folder / "made"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "kokoro.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make_voice(NAME, folder).prepare()
        done.touch()
        _remove_unused(cache)
    return folder


def make_voice(
    name: str, data: Path, *, compiled: bool = True, found: voice_files.KokoroFiles | None = None
) -> KokoroVoice:
    """Return a voice that keeps its form and level in the folder ``data``; nothing is loaded.

    Args:
        name: one of the built-in names.
        data: the folder.
        compiled: whether a form is made.
        found: the voice's files; by default those of the extra.
    """
    compiler = Compiler(data / "compiled", enabled=compiled)
    resources = Resources(ModelCache(), data / "levels", FRONT_END.read, compiler, Execution())
    found = found or voice_files.installed(voice_files.BUILT_IN[name])
    return KokoroVoice(name, found, resources, voice_files.credit(found.voice))


@lru_cache(maxsize=1)
def loaded() -> KokoroVoice:
    """Return the prepared voice in memory; tests of one process share it."""
    voice = make_voice(NAME, prepared())
    voice.prepare()
    return voice


def _checksum() -> str:
    checksum = hashlib.sha256()
    place = Path(next(iter(engine.__path__)))
    for path in sorted([*place.rglob("*.py"), *place.rglob("*.npz")]):
        checksum.update(path.read_bytes())
    return checksum.hexdigest()[:16]


def _remove_unused(cache: Path) -> None:
    for done in cache.glob("kokoro-*/made"):
        if time.time() - done.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(done.parent)
