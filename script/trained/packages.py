"""Where packages of the peer's environment lie: this Python may be another."""

import importlib.util
import sys
import sysconfig
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2]


def folder_of(package: str) -> Path:
    """Return the folder of an installed package, which is not imported.

    Raises:
        FileNotFoundError: script/peer has not installed it.
    """
    spec = importlib.util.find_spec(package)
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent
    for folder in _CHECKOUT.glob(f".venv-peer/lib/python3*/site-packages/{package}"):
        return folder
    raise FileNotFoundError(f"{package} is not installed: run script/peer")


def let_import(package: str) -> None:
    """Let this process import a package of the peer's environment, behind its own packages.

    Raises:
        FileNotFoundError: script/peer has not installed it.
    """
    if (packages := str(folder_of(package).parent)) not in sys.path:
        sys.path.append(packages)


def own_packages_first() -> None:
    """Let this program's packages come before the peer's: HayaKoe has installed an older pyopenjtalk of its own."""
    peer = sysconfig.get_path("purelib")
    base = Path(peer, "base.pth")
    if base.exists() and peer in sys.path:
        sys.path.insert(sys.path.index(peer), base.read_text(encoding="utf-8").strip())
