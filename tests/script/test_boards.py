"""The boards that are emulated."""

import pytest

from script.arm64.boards import BOARDS
from wyoming_hayakoe.engine.prepare.grids import Integers
from wyoming_hayakoe.engine.runtime.cpu import processor_features


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.cpu)
def test_the_program_understands_their_description(tmp_path, board):
    path = tmp_path / "cpuinfo"
    path.write_text(board.cpuinfo, encoding="ascii")
    features = processor_features(path)
    assert "asimd" in features
    # A Cortex-A72 has neither the dot product nor half precision.
    assert (features >= {"asimddp", "asimdhp"}) is (board.cpu == "cortex-a76")
    assert features.isdisjoint({"asimddp", "asimdhp"}) is (board.cpu == "cortex-a72")
    assert Integers.of("aarch64", features) == Integers(signed=True, greatest_weight=127)
