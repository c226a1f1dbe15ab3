"""How graphs run on ONNX Runtime."""

import re

from tests.support import TINY_REPO
from wyoming_hayakoe.engine.runtime.session import Execution, session_options

CHECKOUT = TINY_REPO.parents[2]
FOLDERS = ("wyoming_hayakoe", "script", "tests", "deploy")


def test_options_are_made_in_one_place():
    files = [path for folder in FOLDERS for path in (CHECKOUT / folder).rglob("*.py")]
    makers = [path.name for path in files if re.search(r"Session[O]ptions\(", path.read_text(encoding="utf-8"))]
    assert makers == ["session.py"]


def test_options_follow_the_execution():
    options = session_options(Execution(threads=3, low_memory=True))
    assert options.intra_op_num_threads == 3
    assert options.get_session_config_entry("session.disable_prepacking") == "1"
    assert session_options().get_session_config_entry("session.intra_op.allow_spinning") == "0"
