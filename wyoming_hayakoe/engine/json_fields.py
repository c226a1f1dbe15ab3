"""JSON objects and their fields, from files that come from any source and may hold anything."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from wyoming_hayakoe.disk import read_start
from wyoming_hayakoe.errors import HayakoeError

_LOGGER = logging.getLogger(__name__)

# Published ones have some 3 kB.
_LARGEST = 1 << 20
MOST_ROWS = 10_000
"""Rows of an embedding, of styles or speakers."""

MOST_STYLES = 256
"""A client is given all names at once, and shows them in one list; published voices have up to thirty."""

_LONGEST_NAME = 100


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object that a file holds.

    Raises:
        HayakoeError: the file is missing or cannot be read, holds no JSON object, or has more than 1 MiB.
    """
    with readable(path):
        encoded = read_start(path, _LARGEST + 1)
    return parse_object(encoded, path)


def parse_object(encoded: bytes, path: Path) -> dict[str, Any]:
    """Return the JSON object in ``encoded``, which was read from ``path``.

    Raises:
        HayakoeError: the text is no JSON object, or has more than 1 MiB.
    """
    try:
        if len(encoded) > _LARGEST:
            raise ValueError("too large")
        content = json.loads(encoded.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        size = f"{_LARGEST >> 20} MiB"
        raise HayakoeError(f"{path}: is not JSON, or has more than {size} of it: fetch the voice again") from None
    return object_of(content, "the file", path)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn an OSError into one line that says why a file cannot be read."""
    try:
        yield
    except FileNotFoundError:
        raise HayakoeError(f"{path}: is missing: fetch the voice again") from None
    except PermissionError:
        raise HayakoeError(f"{path}: may not be read: change its permissions") from None
    except OSError as error:
        raise HayakoeError(f"{path}: cannot be read ({error.strerror}): fetch the voice again") from None


def object_of(value: object, what: str, path: Path) -> dict[str, Any]:
    """Return a value that must be a JSON object; ``what`` names it in the error.

    Raises:
        HayakoeError: the value is of another kind.
    """
    if not isinstance(value, dict):
        raise HayakoeError(f"{path}: {what} is no JSON object: fetch the voice again")
    return value


def whole(data: Mapping[str, Any], key: str, default: int, bounds: tuple[int, int], path: Path) -> int:
    """Return a whole number of ``data``, or ``default`` where it has none.

    Raises:
        HayakoeError: the value is of another kind, or out of its bounds.
    """
    value = data.get(key, default)
    if not is_between(value, bounds):
        raise HayakoeError(
            f"{path}: {key} is not a whole number from {bounds[0]} to {bounds[1]}: fetch the voice again"
        )
    return int(value)


def rows(value: object, what: str, path: Path) -> dict[str, int]:
    """Return names with their rows, in the order of the rows.

    Raises:
        HayakoeError: a name is empty, too long or unprintable, or a row is no number below :data:`MOST_ROWS`.
    """
    named = object_of(value, what, path)
    if not all(is_name(name) and is_between(row, (0, MOST_ROWS - 1)) for name, row in named.items()):
        raise HayakoeError(f"{path}: {what} is not a list of names with their rows: fetch the voice again")
    return dict(sorted(named.items(), key=lambda item: item[1]))


def first_styles(styles: dict[str, int], path: Path) -> dict[str, int]:
    """Return the first :data:`MOST_STYLES` of styles, in their order."""
    if len(styles) > MOST_STYLES:
        _warn_of(len(styles), path)
    return dict(islice(styles.items(), MOST_STYLES))


# A voice is opened again and again while it is prepared.
@lru_cache(maxsize=256)
def _warn_of(count: int, path: Path) -> None:
    _LOGGER.warning("%s: of %d styles, the last %d are left out", path, count, count - MOST_STYLES)


def is_name(name: str) -> bool:
    """Return whether a text can be shown as a name."""
    return bool(name.strip()) and name.isprintable() and len(name) <= _LONGEST_NAME


def is_between(value: object, bounds: tuple[int, int]) -> bool:
    """Return whether a value is a whole number within its bounds, both included."""
    return isinstance(value, int) and not isinstance(value, bool) and bounds[0] <= value <= bounds[1]
