"""The Python examples of the READMEs and docs run as they stand."""

import ast
import asyncio
import re
from inspect import CO_COROUTINE
from pathlib import Path

import pytest

from tests.support import TINY_REPO
from wyoming_hayakoe.tts import BUILT_IN, TTS

CHECKOUT = Path(__file__).parents[1]
PAGES = sorted([*CHECKOUT.glob("README*.md"), *CHECKOUT.glob("docs/**/*.md")])

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(page: Path) -> list[tuple[int, str]]:
    """Return the line and the text of each block of Python in a page."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, block.start(1)) + 1, block[1]) for block in _BLOCK.finditer(text)]


WITH_EXAMPLES = [page for page in PAGES if examples(page)]


class StandIn(TTS):
    """The library's face, which finds every voice but mei in the tiny repository and prepares it quickly."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **{"precision": "fp32", "threads": 1, "compiled": False} | options)

    def load(self, name, source=None):
        if name == BUILT_IN and source is None:
            return super().load(name)
        return super().load(name, f"{TINY_REPO.as_uri()}#rand-jp")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """One data folder for all pages: what is prepared once need not be again."""
    return tmp_path_factory.mktemp("data")


def run(example: str, line: int, page: Path, names: dict[str, object]) -> None:
    """Run an example in the namespace ``names``; it may await, as in a notebook."""
    # Empty lines before it, so that a traceback shows the line of the page.
    code = compile("\n" * (line - 1) + example, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & CO_COROUTINE:
        asyncio.run(eval(code, names))
    else:
        exec(code, names)


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.relative_to(CHECKOUT).as_posix())
def test_examples_run_as_they_stand(page, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HAYAKOE_DATA_DIR", str(data))
    monkeypatch.setattr("wyoming_hayakoe.tts.TTS", StandIn)
    played: list[bytes] = []
    # An example goes on where the one before it in its page ends.
    names: dict[str, object] = {"__name__": "example", "play": played.append}
    for line, example in examples(page):
        run(example, line, page, names)
        if "play(" in example:
            assert b"".join(played).strip(b"\0")
    for sound in tmp_path.glob("*.wav"):
        assert sound.read_bytes().startswith(b"RIFF")


def test_there_are_examples():
    assert CHECKOUT / "README.md" in WITH_EXAMPLES or any("docs" in page.parts for page in WITH_EXAMPLES)
