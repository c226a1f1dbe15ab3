"""The peer's environment, where PyTorch is."""

import os
import subprocess
import sysconfig
from pathlib import Path

import pyopenjtalk
import pytest

CHECKOUT = Path(__file__).parents[2]
PYTHON = CHECKOUT / ".venv-peer" / "bin" / "python"


def peer_python() -> Path:
    """Return the peer's Python, or skip the test where it is not installed."""
    if not PYTHON.exists():
        if os.environ.get("HAYAKOE_TEST_ALL"):
            pytest.fail("script/peer has not been run, and HAYAKOE_TEST_ALL wants every test")
        pytest.skip("the peer is not installed: run script/peer (.ci/run does)")
    return PYTHON


def run_peer(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a program in the peer's environment, to a good end."""
    dictionary = pyopenjtalk.OPEN_JTALK_DICT_DIR.decode()
    environment = os.environ | {"HAYAKOE_TEST_DICTIONARY": dictionary, "HF_HUB_OFFLINE": "1"}
    command = [str(peer_python()), *map(str, arguments)]
    result = subprocess.run(
        command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result


def with_pytorch(folder: Path) -> dict[str, str]:
    """Return variables with which our own Python finds the peer's PyTorch, behind all that it has itself."""
    version = sysconfig.get_python_version()
    packages = peer_python().parents[1] / "lib" / f"python{version}" / "site-packages"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.path.append({str(packages)!r})\n", encoding="utf-8")
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(CHECKOUT)])}
