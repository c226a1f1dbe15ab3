"""Facts and golden rows that lie beside the checkout; tests that need them skip where they are not."""

import json
from typing import Any

import pytest

from tests.support import SHARED

if not SHARED.is_dir():
    pytest.skip(f"no {SHARED}: the golden files are not part of the repository", allow_module_level=True)


def golden_rows() -> list[dict[str, Any]]:
    """Give what HayaKoe made of each text, on its own Open JTalk and on pyopenjtalk-plus."""
    lines = SHARED.joinpath("golden/frontend.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
