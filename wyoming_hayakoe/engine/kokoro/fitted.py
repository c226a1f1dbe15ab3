"""What was fitted for one voice of Kokoro and is shipped with this program: one small file for each voice.

``script/kokoro_fit`` makes these files. They hold what :mod:`wyoming_hayakoe.engine.kokoro.statistics` predicts with,
the ranges of values for :mod:`wyoming_hayakoe.engine.kokoro.int8`, and the voice's gain.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.engine.loudness import TARGET_LUFS, from_decibels
from wyoming_hayakoe.errors import HayakoeError

GAIN_LUFS = -18.0
"""Loudness to which the gains in the files bring a voice."""

FOLDER = Path(__file__).parent / "data"
"""The folder of the files, each ``<voice>.npz`` by Kokoro's name of the voice, such as ``jf_alpha.npz``."""

Arrays = Mapping[str, npt.NDArray[Any]]
"""The arrays of a file by their names."""


def arrays(voice: str, folder: Path = FOLDER) -> Arrays | None:
    """Return what was fitted for a voice; None where nothing was.

    Args:
        voice: Kokoro's name of the voice. Only letters, digits and underscores name a file.
        folder: the folder of the files.

    Raises:
        HayakoeError: the file cannot be read.
    """
    if (path := _path(voice, folder)) is None:
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:
        raise HayakoeError(f"{path}: cannot be read: install wyoming-hayakoe again") from error


def gain(voice: str) -> float | None:
    """Return the factor that brings a voice to the level at which all voices speak; None where none was fitted.

    Raises:
        HayakoeError: the voice's file cannot be read.
    """
    found = arrays(voice)
    if found is None or "gain" not in found:
        return None
    return float(found["gain"]) * from_decibels(TARGET_LUFS - GAIN_LUFS)


def digest(voice: str) -> str | None:
    """Return the SHA-256 of what was fitted for a voice, in hexadecimal digits; None where nothing was.

    Raises:
        HayakoeError: the voice's file cannot be read.
    """
    if (path := _path(voice, FOLDER)) is None:
        return None
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise HayakoeError(f"{path}: cannot be read ({error.strerror}): install wyoming-hayakoe again") from error


def _path(voice: str, folder: Path) -> Path | None:
    path = folder / f"{voice}.npz"
    return path if voice.replace("_", "").isalnum() and path.is_file() else None
