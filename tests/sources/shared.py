import os
from pathlib import Path

import pytest

from wyoming_hayakoe.sources.source import Patience

QUICK = Patience(connect=2.0, read=0.5, attempts=3, first_pause=0.001, longest_pause=0.002)


def contents(folder: Path) -> dict[str, bytes]:
    """Return what lies below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def leave_out_user_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave out the tokens, profiles and addresses of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "HF_", "HUGGING")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
