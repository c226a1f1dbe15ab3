"""What SECURITY.md says, held against the code."""

import re
from pathlib import Path

import pytest

from wyoming_hayakoe.cli.options.table import SERVING
from wyoming_hayakoe.server.settings import TEXT_LIMIT, ServerSettings
from wyoming_hayakoe.server.wyoming.events import DATA_LIMIT, HEADER_LIMIT
from wyoming_hayakoe.sources.files import MAX_BYTES, MAX_FILES
from wyoming_hayakoe.text.user_words import MAX_SURFACE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
DEFAULTS = ServerSettings()


def test_the_tests_that_it_names_are_there():
    named = set(re.findall(r"`(tests/[\w/.]*)`", PAGE))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_options_that_it_names_are_there():
    options = {f"--{option.name}" for option in SERVING} | {"--version"}
    assert set(re.findall(r"`(--[\w-]+)", PAGE)) - options == set()


@pytest.mark.parametrize(
    ("what", "bound"),
    [
        ("connections at a time", f"{DEFAULTS.max_clients};"),
        ("requests that wait for their first audio", f"{DEFAULTS.max_queue} |"),
        ("connection without a request", f"closed after {DEFAULTS.idle_timeout:g} s |"),
        ("client that reads nothing of its answer", f"disconnected after {DEFAULTS.stall_timeout:g} s |"),
        ("text of a request, a whole text stream included", f"{TEXT_LIMIT:,} characters |"),
        ("header of an event; its data; its payload", f"{HEADER_LIMIT >> 10} KiB; {DATA_LIMIT >> 10} KiB;"),
        ("files of a source; bytes", f"{MAX_FILES:,}; {MAX_BYTES >> 30} GiB |"),
        ("surface of a word", f"{MAX_SURFACE} characters |"),
    ],
)
def test_the_bounds_are_those_of_the_code(what, bound):
    assert f"| {what} | {bound}" in PAGE
