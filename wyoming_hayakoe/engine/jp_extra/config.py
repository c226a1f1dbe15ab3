"""A voice's config.json and style_vectors.npy, which come from any source and may hold anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.disk import read_start
from wyoming_hayakoe.engine.json_fields import (
    MOST_ROWS,
    first_styles,
    object_of,
    parse_object,
    read_object,
    readable,
    rows,
    whole,
)
from wyoming_hayakoe.engine.npy import parse_floats
from wyoming_hayakoe.errors import HayakoeError, counted

# Double precision at most, and a header.
_LARGEST_VECTORS = (MOST_ROWS * 8 * 256) + (64 << 10)
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
    return _config(read_object(path), path)


def parse_config(encoded: bytes, path: Path, styles: Mapping[str, object] | None = None) -> VoiceConfig:
    """Do as :func:`read_config` does, with JSON text from ``path``; ``styles`` are in place of those in it."""
    return _config(parse_object(encoded, path), path, styles)


def _config(content: Mapping[str, Any], path: Path, styles: Mapping[str, object] | None = None) -> VoiceConfig:
    data = object_of(content.get("data", {}), "data", path)
    version = _plain(content.get("version", ""))
    if not (data.get("use_jp_extra") is True or version.endswith("JP-Extra")):
        raise HayakoeError(f"{path}: version {version[:40]!r} is not JP-Extra: choose a JP-Extra voice")
    named = data.get("style2id") or {str(row): row for row in range(whole(data, "num_styles", 1, (1, MOST_ROWS), path))}
    add_blank = data.get("add_blank", True)
    if not isinstance(add_blank, bool):
        raise HayakoeError(f"{path}: add_blank is neither true nor false: fetch the voice again")
    chosen = rows(styles, "a speaker's styles", path) if styles else rows(named, "style2id", path)
    return VoiceConfig(
        sample_rate=whole(data, "sampling_rate", 44_100, (8_000, 192_000), path),
        hop=whole(data, "hop_length", 512, (1, 8_192), path),
        add_blank=add_blank,
        styles=first_styles(chosen, path),
        speakers=rows(data.get("spk2id") or {"speaker": 0}, "spk2id", path),
    )


def read_style_vectors(path: Path, config: VoiceConfig) -> StyleVectors:
    """Read style_vectors.npy.

    Raises:
        HayakoeError: the file is missing, no such array, or lacks a style of ``config``.
    """
    with readable(path):
        encoded = read_start(path, _LARGEST_VECTORS + 1)
    return parse_style_vectors(encoded, path, config)


def parse_style_vectors(encoded: bytes, path: Path, config: VoiceConfig) -> StyleVectors:
    """Do as :func:`read_style_vectors` does, with the content of such a file from ``path``."""
    try:
        if len(encoded) > _LARGEST_VECTORS:
            raise ValueError(f"it has more than {_LARGEST_VECTORS >> 20} MiB")
        vectors = parse_floats(encoded, lambda shape: shape[1:] == (_STYLE_WIDTH,) and 1 <= shape[0] <= MOST_ROWS)
    except ValueError as error:
        raise HayakoeError(f"{path}: holds no style vectors ({error}): fetch the voice again") from None
    if lacking := [name for name, row in config.styles.items() if row >= len(vectors)]:
        raise HayakoeError(
            f"{path}: has {counted(len(vectors), 'row')} and none for style {lacking[0]!r}: fetch the voice again"
        )
    return vectors


def style_vector(vectors: StyleVectors, row: int, weight: float) -> npt.NDArray[np.float32]:
    """Return a style vector [256]: mean + (style - mean) * weight, where the mean is row 0 (Style-Bert-VITS2)."""
    mean = vectors[0]
    vector: npt.NDArray[np.float32] = mean + (vectors[row] - mean) * np.float32(weight)
    return vector


def _plain(value: object) -> str:
    """Return a text or a number as text; "" for anything else, which may be nested too deeply for that."""
    return str(value) if isinstance(value, str | int | float) else ""
