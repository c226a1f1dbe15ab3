"""A text of any length and of any characters is read, traced and explained in time that grows with its length alone."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.hostile.growth import is_super_linear
from tests.support import run_program
from tests.text.strategies import FRAGMENTS
from wyoming_hayakoe.text.frontend import japanese

FRONT_END = japanese(read_emoji=True)
# At once, 50,000 characters of these took 62, 48, 30 and 20 s to explain.
HOSTILE = ("・木", "+4", "0", "(^_^)")


def explain(text: str) -> None:
    FRONT_END.read(text, trace=True)
    FRONT_END.changes(text)


@given(st.lists(st.sampled_from(FRAGMENTS) | st.characters(), min_size=1, max_size=4).map("".join))
@example("①")
@example("a@")
@example("😀 ")
@example("あ。")
@settings(max_examples=15)
def test_time_grows_with_length_alone(piece: str) -> None:
    explain(piece * 10)  # dictionaries are loaded, and words looked up
    assert not is_super_linear(explain, lambda size: piece * (size // len(piece) + 1))


@pytest.mark.parametrize("json_flag", [(), ("--json",)])
def test_long_lines_are_explained(json_flag: tuple[str, ...]) -> None:
    size = 6_000
    text = "\n".join(piece * (size // len(piece)) for piece in HOSTILE)
    result = run_program("say", "--explain", *json_flag, stdin=text.encode())
    assert (result.returncode, result.stderr) == (0, b"")
    lines = result.stdout.decode().splitlines()
    if json_flag:
        assert [json.loads(line)["text"] for line in lines] == text.splitlines()
    else:
        assert len(lines) > size
