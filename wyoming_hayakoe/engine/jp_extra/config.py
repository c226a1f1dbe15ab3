"""A voice's config.json and style_vectors.npy, which come from any source and may hold anything."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.disk import read_start
from wyoming_hayakoe.engine.npy import parse_floats
from wyoming_hayakoe.errors import HayakoeError

_LOGGER = logging.getLogger(__name__)

MOST_STYLES = 256
"""A client is given all names at once, and shows them in one list; published voices have up to thirty."""

# Published ones have some 3 kB.
_LARGEST_CONFIG = 1 << 20
_MOST_ROWS = 10_000
# Double precision at most, and a header.
_LARGEST_VECTORS = (_MOST_ROWS * 8 * 256) + (64 << 10)
_LONGEST_NAME = 100
_STYLE_WIDTH = 256

StyleVectors = npt.NDArray[np.float32]
"""One row for each style [styles, 256]; row 0 is their mean."""


@dataclass(frozen=True, slots=True)
class VoiceConfig:
    """The part of a Style-Bert-VITS2 configuration that decides how its network is used."""

    sample_rate: int
    """Samples per second."""

    hop: int
    """Samples in a frame."""

    add_blank: bool
    """Whether the network was trained with a blank between phones."""

    styles: Mapping[str, int]
    """Rows of the style vectors by name, in the order of the rows; at most :data:`MOST_STYLES`."""

    speakers: Mapping[str, int]
    """Rows of the speaker embedding by name."""


def read_config(path: Path) -> VoiceConfig:
    """Read config.json; missing keys have the values of Style-Bert-VITS2's JP-Extra configuration.

    Raises:
        HayakoeError: the file is missing, no such configuration, or not that of a JP-Extra voice.
    """
    return parse_config(_read(path), path)


def parse_config(encoded: bytes, path: Path, styles: Mapping[str, object] | None = None) -> VoiceConfig:
    """Do as :func:`read_config` does, with JSON text from ``path``; ``styles`` are in place of those in it."""
    content = parse_object(encoded, path)
    data = _object(content.get("data", {}), "data", path)
    version = _plain(content.get("version", ""))
    if not (data.get("use_jp_extra") is True or version.endswith("JP-Extra")):
        raise HayakoeError(f"{path}: version {version[:40]!r} is not JP-Extra: choose a JP-Extra voice")
    named = data.get("style2id") or {
        str(row): row for row in range(_whole(data, "num_styles", 1, (1, _MOST_ROWS), path))
    }
    add_blank = data.get("add_blank", True)
    if not isinstance(add_blank, bool):
        raise HayakoeError(f"{path}: add_blank is neither true nor false: fetch the voice again")
    return VoiceConfig(
        sample_rate=_whole(data, "sampling_rate", 44_100, (8_000, 192_000), path),
        hop=_whole(data, "hop_length", 512, (1, 8_192), path),
        add_blank=add_blank,
        styles=_first(_rows(styles, "a speaker's styles", path) if styles else _rows(named, "style2id", path), path),
        speakers=_rows(data.get("spk2id") or {"speaker": 0}, "spk2id", path),
    )


def read_style_vectors(path: Path, config: VoiceConfig) -> StyleVectors:
    """Read style_vectors.npy.

    Raises:
        HayakoeError: the file is missing, no such array, or lacks a style of ``config``.
    """
    with _readable(path):
        encoded = read_start(path, _LARGEST_VECTORS + 1)
    return parse_style_vectors(encoded, path, config)


def parse_style_vectors(encoded: bytes, path: Path, config: VoiceConfig) -> StyleVectors:
    """Do as :func:`read_style_vectors` does, with the content of such a file from ``path``."""
    try:
        if len(encoded) > _LARGEST_VECTORS:
            raise ValueError(f"it has more than {_LARGEST_VECTORS >> 20} MiB")
        vectors = parse_floats(encoded, lambda shape: shape[1:] == (_STYLE_WIDTH,) and 1 <= shape[0] <= _MOST_ROWS)
    except ValueError as error:
        raise HayakoeError(f"{path}: holds no style vectors ({error}): fetch the voice again") from None
    if lacking := [name for name, row in config.styles.items() if row >= len(vectors)]:
        raise HayakoeError(f"{path}: has {len(vectors)} rows and none for style {lacking[0]!r}: fetch the voice again")
    return vectors


def style_vector(vectors: StyleVectors, row: int, weight: float) -> npt.NDArray[np.float32]:
    """Return a style vector [256]: mean + (style - mean) * weight, where the mean is row 0 (Style-Bert-VITS2)."""
    mean = vectors[0]
    vector: npt.NDArray[np.float32] = mean + (vectors[row] - mean) * np.float32(weight)
    return vector


def parse_object(encoded: bytes, path: Path) -> dict[str, Any]:
    """Return the JSON object in ``encoded``, which was read from ``path``.

    Raises:
        HayakoeError: the text is no JSON object, or has more than 1 MiB.
    """
    try:
        if len(encoded) > _LARGEST_CONFIG:
            raise ValueError("too large")
        content = json.loads(encoded.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        size = f"{_LARGEST_CONFIG >> 20} MiB"
        raise HayakoeError(f"{path}: is not JSON, or has more than {size} of it: fetch the voice again") from None
    return _object(content, "the file", path)


def _read(path: Path) -> bytes:
    with _readable(path):
        return read_start(path, _LARGEST_CONFIG + 1)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn an OSError into one line that says why a file cannot be read."""
    try:
        yield
    except FileNotFoundError:
        raise HayakoeError(f"{path}: is missing: fetch the voice again") from None
    except PermissionError:
        raise HayakoeError(f"{path}: may not be read: change its permissions") from None
    except OSError as error:
        raise HayakoeError(f"{path}: cannot be read ({error.strerror}): fetch the voice again") from None


def _object(value: object, what: str, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise HayakoeError(f"{path}: {what} is no JSON object: fetch the voice again")
    return value


def _whole(data: Mapping[str, Any], key: str, default: int, bounds: tuple[int, int], path: Path) -> int:
    value = data.get(key, default)
    if not _is_between(value, bounds):
        raise HayakoeError(
            f"{path}: {key} is not a whole number from {bounds[0]} to {bounds[1]}: fetch the voice again"
        )
    return int(value)


def _plain(value: object) -> str:
    """Return a text or a number as text; "" for anything else, which may be nested too deeply for that."""
    return str(value) if isinstance(value, str | int | float) else ""


def _first(styles: dict[str, int], path: Path) -> dict[str, int]:
    """Return the first of too many styles, in their order."""
    if len(styles) > MOST_STYLES:
        _warn_of(len(styles), path)
    return dict(islice(styles.items(), MOST_STYLES))


# A voice is opened again and again while it is prepared.
@lru_cache(maxsize=256)
def _warn_of(count: int, path: Path) -> None:
    _LOGGER.warning("%s: of %d styles, the last %d are left out", path, count, count - MOST_STYLES)


def _rows(value: object, what: str, path: Path) -> dict[str, int]:
    """Return names with their rows, in the order of the rows."""
    rows = _object(value, what, path)
    if not all(_is_name(name) and _is_between(row, (0, _MOST_ROWS - 1)) for name, row in rows.items()):
        raise HayakoeError(f"{path}: {what} is not a list of names with their rows: fetch the voice again")
    return dict(sorted(rows.items(), key=lambda item: item[1]))


def _is_name(name: str) -> bool:
    return bool(name.strip()) and name.isprintable() and len(name) <= _LONGEST_NAME


def _is_between(value: object, bounds: tuple[int, int]) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and bounds[0] <= value <= bounds[1]
