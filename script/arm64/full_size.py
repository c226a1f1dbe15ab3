"""Voices as large as published ones, with random weights: how much work they are depends on no value."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON = CHECKOUT / ".venv-peer" / "bin" / "python"

_MAKERS: dict[str, Sequence[str]] = {
    "jp-extra": ["script/make_test_repo", "--size", "full"],
    "piper-2023": ["script/make_piper_voices", "--size", "full", "--layout", "piper-2023"],
    "piper-plus": ["script/make_piper_voices", "--size", "full", "--layout", "piper-plus"],
}
"""The scripts that write a voice of JP-Extra, of Piper in medium quality, and of piper-plus with its MB-iSTFT."""


def full_size_voices(folder: Path) -> list[Path]:
    """Return the folders of the voices, made at the first time, which takes minutes.

    Raises:
        FileNotFoundError: script/peer has not installed PyTorch.
        subprocess.CalledProcessError: a script fails.
    """
    found = []
    for name, (script, *options) in _MAKERS.items():
        place = folder / name
        made = place / name if "make_piper_voices" in script else place
        if not made.exists():
            print(f"making {name} in {place}", flush=True)
            subprocess.run([PYTHON, script, *options, place], cwd=CHECKOUT, check=True)
        found.append(made)
    return found
