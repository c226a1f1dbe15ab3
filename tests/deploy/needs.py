"""What tests of the deployment need beyond Python, and what happens where it is missing."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

CHECKOUT = Path(__file__).parents[2]
DEPLOY = CHECKOUT / "deploy"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wyoming-hayakoe-tests"
"""What takes long to make and is the same the next time: layers of images, a Debian."""


def lack(reason: str) -> NoReturn:
    """Skip the test, or fail it where every test is wanted."""
    if os.environ.get("HAYAKOE_TEST_ALL"):
        pytest.fail(f"{reason}; HAYAKOE_TEST_ALL wants every test")
    pytest.skip(reason)


def need(*commands: str, root: bool = False, heavy: bool = False) -> None:
    """Go on only where these commands are installed; ``heavy`` tests run only where they are asked for."""
    if heavy and not os.environ.get("HAYAKOE_TEST_MACHINES"):
        pytest.skip("builds machines for many minutes: script/test_docker runs it")
    if missing := [command for command in commands if shutil.which(command) is None]:
        lack(f"not installed: {', '.join(missing)} (Debian packages; .ci/run installs them)")
    if root and os.geteuid() != 0:
        lack("only root may do this")
