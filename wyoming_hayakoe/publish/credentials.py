"""Destinations of voices and their keys, from the environment, then ``publish.env``, which only its owner can read."""

import os
from collections.abc import Mapping
from pathlib import Path

from wyoming_hayakoe.disk import one_line_errors, write_whole
from wyoming_hayakoe.errors import HayakoeError
from wyoming_hayakoe.paths import config_dir

KEYS = (
    "HF_TOKEN",
    "HAYAKOE_HF_REPO",
    "HAYAKOE_S3_BUCKET",
    "HAYAKOE_S3_PREFIX",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "AWS_ENDPOINT_URL_S3",
    "HAYAKOE_LOCAL_PATH",
)
"""Keys of ``publish.env``."""

_LARGEST = 1 << 16


def credentials_file() -> Path:
    """Return the path of ``publish.env``."""
    return config_dir() / "publish.env"


def use_kept() -> None:
    """Add the values of ``publish.env`` to the environment, which libraries and child processes read.

    Raises:
        HayakoeError: the file exists and cannot be read.
    """
    for key, value in read(credentials_file()).items():
        os.environ.setdefault(key, value)


def read(path: Path) -> dict[str, str]:
    """Return the known keys of a file of ``KEY=VALUE`` lines; none where the file does not exist.

    Raises:
        HayakoeError: it cannot be read.
    """
    if not path.exists():
        return {}
    with one_line_errors(path, "remove it"), path.open(encoding="utf-8", errors="replace") as file:
        pairs = [line.strip().partition("=") for line in file.read(_LARGEST).splitlines()]
    found = {key.removeprefix("export ").strip(): value.strip().strip("'\"") for key, _, value in pairs}
    return {key: value for key, value in found.items() if key in KEYS and value}


def keep(path: Path, values: Mapping[str, str]) -> None:
    """Write ``values`` into the file, whose other values stay; no other user can read it at any moment.

    Raises:
        HayakoeError: it cannot be written, or a value has a line break.
    """
    kept = read(path) | {key: value for key, value in values.items() if value}
    if broken := [key for key, value in kept.items() if not value.isprintable()]:
        raise HayakoeError(f"{broken[0]}: has characters that cannot be printed: copy it again")
    lines = "".join(f"{key}={kept[key]}\n" for key in KEYS if key in kept)
    with one_line_errors(path, "set XDG_CONFIG_HOME to another folder"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lines.encode(), mode=0o600)


def destinations(environment: Mapping[str, str]) -> list[str]:
    """Return the destinations of the settings, as URIs or paths that :func:`open_source` accepts."""
    found = []
    if repository := environment.get("HAYAKOE_HF_REPO"):
        found.append(repository if "://" in repository else f"hf://{repository}")
    if bucket := environment.get("HAYAKOE_S3_BUCKET"):
        found.append(f"s3://{bucket}/{environment.get('HAYAKOE_S3_PREFIX', '').strip('/')}".rstrip("/"))
    if folder := environment.get("HAYAKOE_LOCAL_PATH"):
        found.append(str(Path(folder).expanduser().absolute()))
    return found
