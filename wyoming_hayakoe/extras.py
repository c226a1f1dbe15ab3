"""Extras: the parts of this program that are installed only where they are wanted."""

import sys
from pathlib import Path

_CHECKOUT = Path(__file__).parents[1]


def install_command(extra: str) -> str:
    """Return the command that installs an extra for this Python: from the checkout, where this program runs from one.

    Args:
        extra: its name in pyproject.toml, such as ``publish``.
    """
    program = _CHECKOUT if (_CHECKOUT / "pyproject.toml").exists() else "wyoming-hayakoe"
    return pip_install(f"'{program}[{extra}]'")


def pip_install(package: str) -> str:
    """Return the command that installs a package for this Python."""
    return f"{sys.executable} -m pip install {package}"
