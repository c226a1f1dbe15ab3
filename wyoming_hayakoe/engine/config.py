"""A voice's config.json and style_vectors.npy, which come from anywhere and may be anything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wyoming_hayakoe.errors import HayakoeError

_LARGEST = 16 << 20
_STYLE_WIDTH = 256

StyleVectors = npt.NDArray[np.float32]
"""One row for each style [styles, 256]; row 0 is their mean."""


@dataclass(frozen=True, slots=True)
class VoiceConfig:
    """What of a Style-Bert-VITS2 configuration decides how its network is used."""

    sample_rate: int
    """Samples per second."""

    hop: int
    """Samples in a frame."""

    add_blank: bool
    """Whether the network was trained with a blank between phones."""

    styles: Mapping[str, int]
    """Rows of the style vectors by name, in the order of the rows."""

    speakers: Mapping[str, int]
    """Rows of the speaker embedding by name."""


def read_config(path: Path) -> VoiceConfig:
    """Read config.json; what it leaves out is as in Style-Bert-VITS2's JP-Extra configuration.

    Raises:
        HayakoeError: it is missing, no such configuration, or not that of a JP-Extra voice.
    """
    content = _object(_parse(path), "the file", path)
    data = _object(content.get("data", {}), "data", path)
    version = content.get("version", "")
    if not (data.get("use_jp_extra") is True or str(version).endswith("JP-Extra")):
        raise HayakoeError(f"{path}: version {str(version)[:40]!r} is not JP-Extra: choose a JP-Extra voice")
    styles = data.get("style2id") or {str(row): row for row in range(_whole(data, "num_styles", 1, (1, 10_000), path))}
    return VoiceConfig(
        sample_rate=_whole(data, "sampling_rate", 44_100, (8_000, 192_000), path),
        hop=_whole(data, "hop_length", 512, (1, 8_192), path),
        add_blank=bool(data.get("add_blank", True)),
        styles=_rows(styles, "style2id", path),
        speakers=_rows(data.get("spk2id") or {"speaker": 0}, "spk2id", path),
    )


def read_style_vectors(path: Path, config: VoiceConfig) -> StyleVectors:
    """Read style_vectors.npy.

    Raises:
        HayakoeError: it is missing, no such array, or lacks a style of ``config``.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError("too large")
        # Mapped: a header that claims more than there is must not have memory made for it.
        vectors: StyleVectors = np.array(np.load(path, mmap_mode="r", allow_pickle=False), dtype=np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != _STYLE_WIDTH:
            raise ValueError(f"its shape is {vectors.shape}")
        if not np.isfinite(vectors).all():
            raise ValueError("it has values that are no numbers")
    except FileNotFoundError:
        raise HayakoeError(f"{path}: is missing: fetch the voice again") from None
    except (OSError, ValueError, TypeError, EOFError, SyntaxError) as error:
        reason = str(error).splitlines()[0][:100] if str(error) else "cut short"
        raise HayakoeError(f"{path}: holds no style vectors ({reason}): fetch the voice again") from None
    if lacking := [name for name, row in config.styles.items() if row >= len(vectors)]:
        raise HayakoeError(f"{path}: has {len(vectors)} rows and none for style {lacking[0]!r}: fetch the voice again")
    return vectors


def style_vector(vectors: StyleVectors, row: int, weight: float) -> npt.NDArray[np.float32]:
    """Return the style of ``row`` [256], ``weight`` times as far from the mean as it is (Style-Bert-VITS2)."""
    mean = vectors[0]
    vector: npt.NDArray[np.float32] = mean + (vectors[row] - mean) * np.float32(weight)
    return vector


def _parse(path: Path) -> object:
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise HayakoeError(f"{path}: is missing: fetch the voice again") from None
    except OSError as error:
        raise HayakoeError(f"{path}: cannot be read ({error.strerror}): mend its permissions") from None
    except (ValueError, RecursionError):
        raise HayakoeError(f"{path}: is not JSON: fetch the voice again") from None


def _object(value: object, what: str, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise HayakoeError(f"{path}: {what} is no JSON object: fetch the voice again")
    return value


def _whole(data: Mapping[str, Any], key: str, default: int, bounds: tuple[int, int], path: Path) -> int:
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not bounds[0] <= value <= bounds[1]:
        raise HayakoeError(
            f"{path}: {key} is not a whole number from {bounds[0]} to {bounds[1]}: fetch the voice again"
        )
    return value


def _rows(value: object, what: str, path: Path) -> dict[str, int]:
    """Return names with their rows, in the order of the rows."""
    rows = _object(value, what, path)
    for name, row in rows.items():
        is_row = isinstance(row, int) and not isinstance(row, bool) and 0 <= row < 100_000
        if not is_row or not name.strip() or not name.isprintable():
            raise HayakoeError(f"{path}: {what} is not a list of names with their rows: fetch the voice again")
    return dict(sorted(rows.items(), key=lambda item: item[1]))
