"""The wheels that pip takes for an ARM64 board."""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYTHONS = ("3.11", "3.13")
"""The Python versions of Debian 12 and 13, and so of Raspberry Pi OS."""

# The platform tags that the C library of Debian 12 and 13 satisfies; pip derives none from another.
_PLATFORMS = (*(f"manylinux_2_{minor}_aarch64" for minor in range(36, 16, -1)), "manylinux2014_aarch64")


class NoWheelError(Exception):
    """A requirement has no wheel and would need a compiler."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that pip would install."""

    name: str
    version: str
    file: str
    needs: tuple[str, ...]
    """The wheel's requirements, from its metadata."""


def dependencies(pyproject: Path) -> list[str]:
    """Return the program's runtime requirements."""
    return list(tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["dependencies"])


def resolve(requirements: Sequence[str], python: str) -> list[Wheel]:
    """Return the wheels for ``requirements`` and their dependencies on a board with a Python version.

    pip chooses the files for another machine, but reads conditions such as ``python_version >= "3.13"`` for its own:
    what such a condition adds is asked for explicitly.

    Raises:
        NoWheelError: something has none; it says what.
    """
    asked = list(requirements)
    while True:
        found = _ask(asked, python)
        names = {canonicalize_name(wheel.name) for wheel in found}
        absent = {
            f"{need.name}{need.specifier}"
            for need in needed([text for wheel in found for text in wheel.needs], python)
            if canonicalize_name(need.name) not in names
        }
        if not absent:
            return found
        asked += sorted(absent)


def without_wheels(requirements: Iterable[str], python: str) -> list[str]:
    """Return the requirements that have no wheel of their own."""
    missing = []
    for requirement in requirements:
        try:
            _ask([requirement], python, "--no-deps")
        except NoWheelError:
            missing.append(requirement)
    return missing


def download(folder: Path, pyproject: Path, more: Sequence[str]) -> None:
    """Fetch the wheels for the Python of the root."""
    asked = [wheel.name + "==" + wheel.version for wheel in resolve([*dependencies(pyproject), *more], PYTHONS[0])]
    _pip("download", "--quiet", "--no-deps", "--dest", str(folder), *_target(PYTHONS[0]), *asked)


def _ask(requirements: Sequence[str], python: str, *options: str) -> list[Wheel]:
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.json")
        flags = ["--dry-run", "--quiet", "--ignore-installed", "--target", scratch, "--report", str(report)]
        _pip("install", *flags, *_target(python), *options, *requirements)
        entries = json.loads(report.read_text(encoding="utf-8"))["install"]
    return [_wheel(entry) for entry in entries]


def _wheel(entry: dict[str, Any]) -> Wheel:
    metadata = entry["metadata"]
    file = entry["download_info"]["url"].rsplit("/", 1)[1]
    return Wheel(metadata["name"], metadata["version"], file, tuple(metadata.get("requires_dist", ())))


def needed(texts: Iterable[str], python: str) -> list[Requirement]:
    """Return the requirements that apply on a board, without extras."""
    here = {name: str(value) for name, value in default_environment().items()}
    here |= {"platform_machine": "aarch64", "python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    needs = map(Requirement, texts)
    return [need for need in needs if need.marker is None or need.marker.evaluate(here)]


def _target(python: str) -> list[str]:
    platforms = [part for platform in _PLATFORMS for part in ("--platform", platform)]
    return [*platforms, "--python-version", python, "--implementation", "cp", "--only-binary=:all:"]


def _pip(*arguments: str) -> None:
    ran = subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, check=False)
    if ran.returncode:
        errors = [line for line in ran.stderr.splitlines() if line.startswith("ERROR: ")]
        raise NoWheelError(errors[-1] if errors else ran.stderr.strip()[-500:])
